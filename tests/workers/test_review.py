"""The straight line in two halves, and what makes one review the same as another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repositories import Repo, prisma
from workers.errors import CannotAnalyse
from workers.postgres.cluster import Limits
from workers.postgres.sandbox import Tier
from workers.reading import Asked, Gathered, fingerprint, gathered
from workers.report.evidence import evidence
from workers.review import Machine, review, review_gathered
from workers.verdict import Report

ONE, TWO = "CREATE TABLE one (id int);\n", "CREATE TABLE two (id int);\n"
POLICY = ".github/migrations.yml"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path)
    repo.commit(prisma(m1=ONE))
    repo.commit(prisma(m2=TWO), branch="feature")
    return repo


def found(repo: Repo, base: str = "main", head: str = "feature") -> tuple[Gathered, ...]:
    return gathered(Asked(repo.folder, base, head))


def test_two_halves_make_the_whole(repo: Repo, cache: Path) -> None:
    machine = Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)
    whole = review(Asked(repo.folder, "main", "feature"), machine)
    assert still(review_gathered(found(repo), machine)) == still(whole)


def still(report: Report) -> object:
    """Without how long things took."""
    judged = [(m.id, m.level, m.rollback) for m in report.migrations]
    return report.level, report.base, report.head, report.server, report.findings, judged


def test_other_commits_with_the_same_migrations(repo: Repo) -> None:
    before = found(repo)
    repo.git("commit", "-q", "--allow-empty", "-m", "again")
    repo.commit({"README.md": "hello"})
    after = found(repo)
    assert before[0].migrations.head != after[0].migrations.head
    assert fingerprint(before) == fingerprint(after)


def test_whatever_differs_counts(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    prints = [fingerprint(found(repo))]
    repo.commit(prisma(m2=TWO + ONE))
    prints.append(fingerprint(found(repo)))
    repo.git("switch", "-q", "main")
    repo.commit(prisma(m3=ONE))
    prints.append(fingerprint(found(repo)))  # the history, and the order of what is added
    repo.commit({POLICY: "tables: {one: {hot: true}}\n"})
    prints.append(fingerprint(found(repo)))
    monkeypatch.setattr("workers.reading.version", lambda name: f"another {name}")
    prints.append(fingerprint(found(repo)))
    assert len(set(prints)) == len(prints)


def test_code_counts_where_the_migrations_take_names_away(repo: Repo) -> None:
    quiet = fingerprint(found(repo))
    repo.commit(prisma(m3="ALTER TABLE one DROP COLUMN id;\n"))
    before = fingerprint(found(repo))
    repo.commit({})
    assert fingerprint(found(repo)) == before
    repo.commit({"src/a.ts": "one.id"})
    assert fingerprint(found(repo)) not in (quiet, before)
    repo.commit(prisma(m3="ALTER TABLE one ADD COLUMN a int NOT NULL;\n"))
    assert found(repo)[0].trees != ()
    assert found(repo, "feature")[0].trees == ()


def test_findings_say_where_code_names_what_goes(repo: Repo, cache: Path) -> None:
    repo.git("switch", "-q", "main")
    columns = "ALTER TABLE one ADD legacy_token text, ADD old_note text, ADD unused_note text, ADD sum int;\n"
    inserts = "INSERT INTO one (id) VALUES (1);\n"
    repo.commit({**prisma(m1b=columns), "src/a.ts": "x.legacy_token;\nx.old_note;\n", "src/b.ts": inserts})
    repo.git("switch", "-q", "-C", "feature")
    drops = "ALTER TABLE one DROP legacy_token,\n DROP old_note, DROP unused_note;\n"
    drops += "ALTER TABLE one RENAME sum TO total;\nALTER TABLE one ADD region text NOT NULL;\n"
    repo.commit({**prisma(m2=drops), "src/a.ts": "\nx.old_note;\n"})
    report = review(Asked(repo.folder, "main", "feature"), Machine(cache, Limits(), 1 << 30, Tier.RLIMITS))
    said = {finding.object: finding.message for finding in report.findings}
    assert " names it and fails: src/a.ts:1. Split this " in said["public.one.legacy_token"]
    assert " names it after this pull request: src/a.ts:2. Deploy " in said["public.one.old_note"]
    assert said["public.one.unused_note"].endswith(" No code that names the column was found in this repository.")
    assert "no code that uses the old name was found" in said["public.one.sum"]
    assert " inserts without region, and fails (src/b.ts:1). Give " in said["public.one.region"]
    assert [evidence(one)[-1] for one in report.migrations[0].statements] == ["predicted: the same"] * 3


def test_a_merge_base_that_is_told_counts(repo: Repo) -> None:
    base, head = (repo.git("rev-parse", name) for name in ("main", "feature"))
    (told,) = gathered(Asked(repo.folder, base, head, fork=head))
    assert (told.migrations.changed, len(found(repo)[0].migrations.changed)) == ((), 1)


# ---------------------------------------------------------------- several projects


def two(folder: Path, billing: str) -> Repo:
    """A shop and its billing, each with a database of its own."""
    repo = Repo.at(folder)
    repo.commit({**prisma(m1=ONE), "billing/db/migration/V1__init.sql": billing})
    repo.git("switch", "-q", "-c", "feature")
    return repo


DROP = "ALTER TABLE one DROP COLUMN id;\n"


def test_each_project_has_a_history_of_its_own(tmp_path: Path, cache: Path) -> None:
    repo = two(tmp_path, "CREATE TABLE one (id int, total int);\nCREATE TABLE bills (id int);\n")
    repo.commit({**prisma(m2=DROP), "billing/db/migration/V2__drop.sql": f"{DROP}DROP TABLE bills;\n"})
    machine = Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)
    report = review(Asked(repo.folder, "main", "feature"), machine)
    assert [(one.layout, one.directory, len(one.migrations)) for one in report.projects] == [
        ("flyway", "billing/db/migration", 1),
        ("prisma", "prisma/migrations", 1),
    ]
    assert {(finding.path.partition("/")[0], finding.rule) for finding in report.findings} == {
        ("billing", "column-dropped"),
        ("billing", "table-dropped"),
        ("prisma", "column-dropped"),
    }
    assert all(one.rollback and one.rollback.proven for one in report.migrations)
    assert not any("Code still names it" in finding.message for finding in report.findings)
    assert report.timing.total_ms >= sum(one.timing.total_ms for one in report.projects) > 0


def test_one_that_fails_hides_no_other(tmp_path: Path, cache: Path) -> None:
    repo = two(tmp_path, "CREATE TABLE one (id nonsense);\n")
    repo.commit({**prisma(m2=DROP), "billing/db/migration/V2__drop.sql": DROP})
    machine = Machine(cache, Limits(), snapshots_bytes=1 << 30, require=Tier.RLIMITS)
    report = review(Asked(repo.folder, "main", "feature"), machine)
    broken, fine = report.projects
    assert broken.failed.startswith("billing/db/migration/V1__init.sql:1: the merged history fails here")
    assert [finding.rule for finding in fine.findings] == ["column-dropped"]
    assert [(one.path, one.reason) for one in report.unread] == [("billing/db/migration", broken.failed)]
    repo.git("switch", "-q", "main")
    repo.commit(prisma(m1_again="no"))
    with pytest.raises(CannotAnalyse, match=r"^billing/db/migration: .* fails here.*; prisma/migrations: .* fails"):
        review(Asked(repo.folder, "main", "feature"), machine)
