"""The command line on real repositories and a real server: exit codes, formats, one clear sentence for bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.repositories import Repo, plain, prisma
from workers.cli import CLEAN, FOUND, NOT_ANALYSED, WRONG_INPUT, run
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier
from workers.review import Machine

USERS = "CREATE TABLE users (id int PRIMARY KEY, name text, old text);\nCREATE TABLE pets (id int PRIMARY KEY);\n"


@pytest.fixture
def machine(cache: Path) -> Machine:
    return Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A Prisma project with one merged migration on main, at a new branch `feature`."""
    repo = Repo.at(tmp_path / "repo")
    repo.commit(prisma(m1_users=USERS))
    repo.git("switch", "-q", "-c", "feature")
    return repo


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture
def review(machine: Machine, repo: Repo, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str, machine: Machine = machine) -> Ran:
        capsys.readouterr()
        code = run(["review", "--repo", str(repo.folder), *arguments], lambda: machine)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return call


def rules(report: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in report["findings"]]


# ---------------------------------------------------------------- the line, end to end


def test_a_safe_migration(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="ALTER TABLE users ADD COLUMN nick text;\n"))
    ran = review("--format", "json")
    assert (ran.code, ran.err) == (CLEAN, "")
    report = ran.report
    assert (report["version"], report["level"], report["layout"], rules(report)) == (1, "safe", "prisma", [])
    (migration,) = report["migrations"]
    rollback = migration["rollback"]
    assert rollback["sql"].endswith('\nALTER TABLE "public"."users" DROP COLUMN "nick";\n')
    assert (rollback["grade"], rollback["proven"], rollback["reasons"]) == ("exact", True, [])
    assert [(lock["relation"], lock["mode"]) for lock in rollback["locks"]] == [("public.users", "ACCESS EXCLUSIVE")]
    (lock,) = migration["statements"][0]["locks"]
    assert (lock["relation"], lock["mode"], lock["source"]) == ("public.users", "ACCESS EXCLUSIVE", "both")


def test_a_dropped_column(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="-- tidy up\nALTER TABLE users DROP COLUMN old;\n"))
    ran = review("--format", "json")
    (finding,) = ran.report["findings"]
    assert (ran.code, finding["rule"], finding["level"]) == (FOUND, "column-dropped", "high-risk")
    assert (finding["path"], finding["line"]) == ("prisma/migrations/m2/migration.sql", 2)
    rollback = ran.report["migrations"][0]["rollback"]
    assert (rollback["grade"], rollback["proven"]) == ("lossy", True)


def test_rows_that_the_schema_allows_make_it_fail(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="ALTER TABLE users ALTER COLUMN name SET NOT NULL;\n"))
    report = review("--format", "json").report
    assert rules(report) == ["not-null-set"]  # the same NULL is told once, and the query is shown
    (preflight,) = report["preflight"]
    assert preflight["expect"] == "0"
    assert "IS NULL" in preflight["sql"]


def test_a_later_migration_stands_on_an_earlier_one(repo: Repo, review: Any) -> None:
    repo.commit(
        prisma(m2="CREATE TABLE n (id int);\n", m3="ALTER TABLE n ADD COLUMN x int NOT NULL;\nCREATE INDEX ON n (x);\n")
    )
    ran = review("--format", "json")
    assert (ran.code, rules(ran.report)) == (CLEAN, [])
    assert [m["rollback"]["proven"] for m in ran.report["migrations"]] == [True, True]


def test_drops_hidden_in_a_code_block_are_found(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'users'; END $$;\n"))
    assert "table-dropped" in rules(review("--format", "json").report)


def test_history_that_was_edited(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m1_users=USERS + "-- later\n"))
    ran = review("--format", "json")
    assert (ran.code, rules(ran.report)) == (FOUND, ["merged-migration-changed"])
    (drift,) = ran.report["drift"]
    assert (drift["kind"], drift["object"]) == ("history", "m1_users")


@pytest.mark.parametrize(("fail_on", "code"), [("risky", FOUND), ("high-risk", CLEAN), ("never", CLEAN)])
def test_fail_on(repo: Repo, review: Any, fail_on: str, code: int) -> None:
    repo.commit(prisma(m2="CREATE INDEX ON users (name);\n"))
    assert review("--fail-on", fail_on).code == code


def test_the_second_review_starts_from_the_snapshot(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="SELECT 1;\n"))
    first = review("--format", "json").report["timing"]["snapshot"]
    assert first in ("miss", "hit")  # an earlier test may have left the same history behind
    assert review("--format", "json").report["timing"]["snapshot"] == "hit"
    repo.git("switch", "-q", "main")
    repo.commit(prisma(m1b="CREATE TABLE grown (id int);\n"))
    repo.git("switch", "-q", "feature")
    grown = review("--format", "json").report
    assert grown["timing"]["snapshot"] in ("prefix", "hit")
    assert rules(grown) == []


def test_text_and_markdown_name_the_finding(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="DROP TABLE pets;\n"))
    for form in ("text", "markdown"):
        assert "table-dropped" in review("--format", form).out


def test_the_policy_of_the_base_branch_counts(repo: Repo, review: Any) -> None:
    repo.commit(
        {
            **prisma(m2="CREATE INDEX ON users (name);\n"),
            ".github/migrations.yml": "rules: {index-not-concurrent: off}\n",
        }
    )
    assert review().code == FOUND
    repo.git("switch", "-q", "main")
    repo.commit({".github/migrations.yml": "tables: {users: {rows: 12}}\n"})
    repo.git("switch", "-q", "feature")
    assert review().code == CLEAN


def test_a_suppression_with_its_reason(repo: Repo, review: Any) -> None:
    allow = "-- migration-bot: allow index-not-concurrent because the table has ten rows\n"
    repo.commit(prisma(m2=f"{allow}CREATE INDEX ON users (name);\n"))
    ran = review("--format", "json")
    assert ran.code == CLEAN
    assert ran.report["findings"][0]["allowed"] == "the table has ten rows"


# ---------------------------------------------------------------- bad input


def test_nothing_changed(repo: Repo, review: Any) -> None:
    repo.commit({"README.md": "hello"})
    ran = review("--format", "json")
    assert (ran.code, ran.report["migrations"], ran.report["level"]) == (CLEAN, [], "safe")


def test_no_git_repository(tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["review", "--repo", str(tmp_path)], lambda: machine)
    assert (code, capsys.readouterr().err) == (WRONG_INPUT, f"migration-bot: {tmp_path}: not in a git repository\n")


def test_unknown_revision(repo: Repo, review: Any) -> None:
    ran = review("--base", "nowhere")
    assert (ran.code, ran.out) == (WRONG_INPUT, "")
    assert ran.err == f"migration-bot: nowhere: no such revision in {repo.folder}\n"


def test_no_base_branch(repo: Repo, review: Any) -> None:
    repo.git("branch", "-q", "-m", "main", "trunk")
    ran = review()
    assert ran.code == WRONG_INPUT
    assert ran.err.startswith("migration-bot: no base branch found (looked for origin/HEAD, ")


def test_no_migrations(tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    Repo.at(tmp_path).commit({"README.md": "hello"})
    code = run(["review", "--repo", str(tmp_path)], lambda: machine)
    assert code == WRONG_INPUT
    assert "no migrations found" in capsys.readouterr().err


def test_an_empty_migration(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2=""))
    ran = review("--format", "json")
    assert ran.code == CLEAN
    assert ran.report["migrations"][0]["statements"] == []
    assert any("prisma/migrations/m2/migration.sql" in note and "empty" in note for note in ran.report["notes"])


def test_not_utf8(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2=b"SELECT 1;\nSELECT 'caf\xe9';\n"))
    ran = review("--format", "json")
    (unread,) = ran.report["unread"]
    assert ran.code == NOT_ANALYSED
    assert (unread["path"], unread["line"]) == ("prisma/migrations/m2/migration.sql", 2)
    assert "UTF-8" in unread["reason"]


def test_a_syntax_error(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="SELECT 1;\nALTER TABEL users ADD x int;\nSELECT 2;\n"))
    ran = review("--format", "json")
    assert (ran.code, rules(ran.report)) == (FOUND, ["migration-fails"])
    error = ran.report["migrations"][0]["statements"][1]["error"]
    assert (error["sqlstate"], error["line"]) == ("42601", 2)
    assert ran.report["migrations"][0]["rollback"] is None


def test_an_unterminated_string(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2="SELECT 1;\nSELECT 'never closed;\n"))
    ran = review("--format", "json")
    assert ran.code == FOUND
    assert "migration-fails" in rules(ran.report)


def test_a_missing_extension(repo: Repo, review: Any) -> None:
    repo.commit(prisma(m2='CREATE EXTENSION "no_such_extension";\n'))
    ran = review()
    assert ran.code == NOT_ANALYSED
    assert ran.err.startswith("migration-bot: prisma/migrations/m2/migration.sql:1: ")
    assert "no_such_extension" in ran.err


def test_a_history_that_fails(repo: Repo, review: Any) -> None:
    repo.git("switch", "-q", "main")
    repo.commit(prisma(m0_before="SELECT 1;\n\nSELECT 1/0;\n"))
    repo.git("switch", "-q", "-c", "other")
    repo.commit(prisma(m2="SELECT 1;\n"))
    ran = review()
    assert ran.code == NOT_ANALYSED
    assert ran.err.startswith("migration-bot: prisma/migrations/m0_before/migration.sql:")
    assert "division by zero" in ran.err


def test_psql_commands_are_named_as_unread(
    tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo.at(tmp_path)
    repo.commit(plain(_1_a=USERS))
    repo.commit(plain(_2_b="\\set x 1\nSELECT 1;\n\\i other.sql\n"), branch="feature")
    code = run(["review", "--repo", str(tmp_path), "--format", "json"], lambda: machine)
    report = json.loads(capsys.readouterr().out)
    assert code == NOT_ANALYSED
    assert 3 in [unread["line"] for unread in report["unread"]]


def test_a_required_sandbox_that_is_not_there(repo: Repo, review: Any, machine: Machine, monkeypatch: Any) -> None:
    repo.commit(prisma(m2="SELECT 1;\n"))
    monkeypatch.setattr("workers.postgres.sandbox.strongest_tier", lambda: Tier.RLIMITS)
    ran = review(machine=replace(machine, require=Tier.LANDLOCK))
    assert ran.code == NOT_ANALYSED
    assert ran.err == "migration-bot: the strongest sandbox of this machine is rlimits, and landlock is required\n"


def test_a_statement_that_never_ends(repo: Repo, review: Any, machine: Machine) -> None:
    repo.commit(prisma(m2="SET statement_timeout = 0;\nSELECT pg_sleep(1e6);\n"))
    ran = review("--format", "json", machine=replace(machine, limits=Limits(statement_ms=500)))
    assert (ran.code, rules(ran.report)) == (FOUND, ["migration-fails"])
    assert ran.report["migrations"][0]["statements"][1]["error"]["sqlstate"] == "57014"


def test_a_server_that_is_lost_is_a_finding(repo: Repo, review: Any, machine: Machine) -> None:
    loop = "BEGIN LOOP BEGIN PERFORM pg_sleep(9); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END"
    repo.commit(prisma(m2=f"SELECT 1;\nDO $$ {loop} $$;\n"))
    ran = review("--format", "json", machine=replace(machine, limits=Limits(statement_ms=300)))
    assert ran.code in (FOUND, NOT_ANALYSED)
    assert "migration-fails" in rules(ran.report)


def test_a_big_migration(repo: Repo, review: Any) -> None:
    insert = "INSERT INTO users VALUES " + ", ".join(f"({n}, '{'x' * 80}', NULL)" for n in range(52_000)) + ";\n"
    assert len(insert) > 5_000_000
    repo.commit(prisma(m2=insert))
    ran = review("--format", "json")
    assert (ran.code, ran.report["migrations"][0]["statements"][0]["sql"]) == (CLEAN, insert.removesuffix(";\n"))


def test_lint(tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "1.sql"
    path.write_text("DROP TABLE users;\n")
    assert run(["lint", str(path), "--format", "json"], lambda: machine) == FOUND
    report = json.loads(capsys.readouterr().out)
    assert (report["server"], rules(report)) == (None, ["table-dropped"])
    assert run(["lint", str(tmp_path / "missing.sql")], lambda: machine) == WRONG_INPUT
    assert "No such file" in capsys.readouterr().err
    path.write_bytes(b"SELECT 1;\n\xff")
    assert run(["lint", str(path)], lambda: machine) == WRONG_INPUT
    assert capsys.readouterr().err == f"migration-bot: {path}:2: not UTF-8\n"


def test_rules_explain_and_doctor(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules"], lambda: machine) == CLEAN
    assert "index-not-concurrent" in capsys.readouterr().out
    assert run(["explain", "index-not-concurrent"], lambda: machine) == CLEAN
    assert "CONCURRENTLY" in capsys.readouterr().out
    assert run(["explain", "index-not-concurent"], lambda: machine) == WRONG_INPUT
    assert "index-not-concurrent" in capsys.readouterr().err
    assert run(["doctor"], lambda: machine) == CLEAN
    assert "embedded" in capsys.readouterr().out


def test_usage(machine: Machine) -> None:
    for arguments in (["review", "--format", "xml"], ["nonsense"], []):
        with pytest.raises(SystemExit) as left:
            run(arguments, lambda: machine)
        assert left.value.code == WRONG_INPUT


def test_sigterm_leaves_nothing_behind(repo: Repo, cache: Path) -> None:
    repo.commit(prisma(m2="SELECT pg_sleep(60);\n"))
    command = [sys.executable, "-m", "workers", "review", "--repo", str(repo.folder)]
    environment = {**os.environ, "MIGRATION_BOT_CACHE": str(cache), "MIGRATION_BOT_STATEMENT_SECONDS": "50"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as review:
        servers = _wait_for_server(review.pid)
        review.send_signal(signal.SIGTERM)
        assert review.wait(20) == 128 + signal.SIGTERM
    assert _left(servers) == []


def _left(processes: list[int]) -> list[int]:
    """Those that still run; the kernel may take a moment to end what was killed."""
    end = time.monotonic() + 5
    while (left := [pid for pid in processes if Path(f"/proc/{pid}").exists()]) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _wait_for_server(parent: int) -> list[int]:
    """The processes below the review, once a backend sleeps."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        below = _below(parent)
        if any(b"SELECT" in _title(pid) for pid in below):
            return below
        time.sleep(0.05)
    raise AssertionError("no server showed up")


def _title(pid: int) -> bytes:
    """What a process calls itself; nothing when it has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _below(parent: int) -> list[int]:
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listing.splitlines()]
    found = [parent]
    for pid in found:
        found += [child for child, above in pairs if above == pid]
    return found[1:]
