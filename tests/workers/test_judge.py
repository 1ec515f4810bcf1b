"""Judging: what was read and what Postgres did with it, put together to one report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.changes import ColumnDropped, ConstraintDropped, ConstraintKind, TableCreated, TableDropped
from workers.errors import InputError
from workers.facts import Facts, Lock, Scan
from workers.judge import judge, lint
from workers.model import Change, ChangedMigration, Fault, Level, Migration, MigrationSet, SqlError, Transaction
from workers.policy import Policy, RulePolicy
from workers.policy_file import parse_policy
from workers.rehearsed import Observation, Preflight, Rehearsal, RehearsedMigration, Rejection, ServerInfo, Timing
from workers.sql.split import split
from workers.verdict import Drift, DriftKind, Report, Unread
from workers.ways_back import Grade, Rollback
from workers.words import LockMode, Name, Source

A, B = Name("public", "a"), Name("public", "b")
SERVER = ServerInfo("16.14", "embedded", "bubblewrap")
EXCLUSIVE = Lock(A, LockMode.ACCESS_EXCLUSIVE, Source.OBSERVED, 1.0)
DO = "DO $$ BEGIN PERFORM 1; END $$;"


def migration(sql: str, number: int = 2, transaction: Transaction = Transaction.STATEMENT) -> Migration:
    return Migration(f"{number}_x", f"m/{number}_x.sql", sql, transaction)


def added(*migrations: Migration, history: tuple[Migration, ...] = ()) -> MigrationSet:
    changed = tuple(ChangedMigration(Change.ADDED, None, each) for each in migrations)
    return MigrationSet("plain", "m", "a" * 40, "b" * 40, history, changed)


def ran(facts: Facts | None = None, error: SqlError | None = None) -> Observation:
    return Observation(facts or Facts(), 1.0, error=error)


def rehearsed(of: Migration, *observations: Observation | None, **more: object) -> RehearsedMigration:
    return replace(RehearsedMigration(of, split(of.text), observations), **more)  # type: ignore[arg-type]  # shorthand


def judged(*migrations: RehearsedMigration, policy: Policy | None = None) -> Report:
    rehearsal = Rehearsal(SERVER, migrations, Timing(total_ms=5.0), ("a role was made",))
    return judge(added(*(each.migration for each in migrations)), rehearsal, policy or Policy())


def rules(report: Report) -> list[tuple[int, str]]:
    return [(finding.line, finding.rule) for finding in report.findings]


# ---------------------------------------------------------------- nothing to say


def test_no_migrations() -> None:
    nothing = Report(Level.SAFE, "plain", "a" * 40, "b" * 40, None, directory="m")
    assert judge(added(), None, Policy()) == nothing


def test_an_empty_file() -> None:
    (one,) = judged(rehearsed(migration("-- nothing\n"))).migrations
    assert (one.level, one.statements) == (Level.SAFE, ())


def test_what_the_rehearsal_says_is_passed_on() -> None:
    rollback = Rollback("DROP TABLE a;", Grade.EXACT, True)
    report = judged(rehearsed(migration("SELECT 1;"), ran(), rollback=rollback))
    assert (report.server, report.timing.total_ms, report.notes) == (SERVER, 5.0, ("a role was made",))
    assert report.migrations[0].rollback == rollback
    assert (report.level, report.findings, report.unread) == (Level.SAFE, (), ())


# ---------------------------------------------------------------- which facts decide


def test_what_was_observed_decides() -> None:
    report = judged(
        rehearsed(migration("DROP TABLE IF EXISTS a;\n" + DO), ran(), ran(Facts(changes=(TableDropped(B),))))
    )
    assert [(f.line, f.rule, f.object) for f in report.findings] == [(2, "table-dropped", "public.b")]
    assert [s.level for s in report.migrations[0].statements] == [Level.SAFE, Level.HIGH_RISK]


def test_what_was_predicted_decides_where_nothing_ran_to_its_end() -> None:
    error = SqlError("42P01", 'table "a" does not exist')
    report = judged(rehearsed(migration("DROP TABLE a;\nDROP TABLE b;"), ran(error=error), None))
    assert rules(report) == [(1, "table-dropped"), (1, "migration-fails"), (2, "table-dropped")]


def test_locks_carry_their_source() -> None:
    seen = Facts(locks=(EXCLUSIVE, Lock(B, LockMode.SHARE, Source.OBSERVED)))
    report = judged(rehearsed(migration("ALTER TABLE a ADD x int;\nALTER TABLE b ADD x int;"), ran(seen), None))
    first, second = report.migrations[0].statements
    assert first.facts.locks == (replace(EXCLUSIVE, source=Source.BOTH), Lock(B, LockMode.SHARE, Source.OBSERVED))
    assert second.facts.locks == (Lock(B, LockMode.ACCESS_EXCLUSIVE, Source.PREDICTED),)


@pytest.mark.parametrize(
    ("sql", "facts"),
    [
        ("ALTER TABLE a ADD x int;", Facts(locks=(EXCLUSIVE,))),
        ("ALTER TABLE IF EXISTS a ADD COLUMN IF NOT EXISTS x int;", Facts()),
        ("DROP TABLE IF EXISTS a;", Facts()),
        ("ALTER TABLE a ADD x int;", Facts(new_tables=frozenset({A}))),
        ("CREATE INDEX CONCURRENTLY i ON a (x);", Facts()),
        (DO, Facts(locks=(EXCLUSIVE,))),
        ("UPDATE a SET x = 1 WHERE x = 2;", Facts(locks=(Lock(A, LockMode.ROW_EXCLUSIVE, Source.OBSERVED),))),
    ],
)
def test_prediction_and_observation_agree(sql: str, facts: Facts) -> None:
    assert judged(rehearsed(migration(sql), ran(facts))).notes == ("a role was made",)


def test_prediction_and_observation_disagree() -> None:
    gentle = Lock(A, LockMode.SHARE_UPDATE_EXCLUSIVE, Source.OBSERVED)
    report = judged(rehearsed(migration("ALTER TABLE a ADD x int;\nDROP TABLE a;"), ran(Facts(locks=(gentle,))), ran()))
    assert report.notes[1:] == (
        "m/2_x.sql:1: ALTER TABLE … ADD COLUMN was predicted to take ACCESS EXCLUSIVE on public.a, "
        "but SHARE UPDATE EXCLUSIVE was observed.",
        "m/2_x.sql:2: DROP TABLE was predicted to take ACCESS EXCLUSIVE on public.a, but no lock was observed.",
    )


def test_a_lock_that_is_held_already_is_not_missed() -> None:
    one = migration("ALTER TABLE a ADD x int;\nCREATE INDEX i ON a (x);", transaction=Transaction.FILE)
    report = judged(rehearsed(one, ran(Facts(locks=(EXCLUSIVE,))), ran(Facts())))
    assert report.notes == ("a role was made",)


# ---------------------------------------------------------------- across statements and migrations


def test_tables_of_the_same_pull_request_are_new_also_those_of_a_do_block() -> None:
    first = rehearsed(migration(DO), ran(Facts(changes=(TableCreated(A),))))
    second = rehearsed(migration("ALTER TABLE a DROP x;", 3), ran(Facts(changes=(ColumnDropped(A, "x", "text"),))))
    assert judged(first, second).findings == ()
    assert rules(judged(second)) == [(1, "column-dropped")]


def test_a_new_table_stays_new_under_its_new_name() -> None:
    sql = "CREATE TABLE a (id int);\nALTER TABLE a RENAME TO b;\nCREATE INDEX i ON b (id);\nDROP TABLE b;"
    assert lint([("x.sql", sql)], Policy()).findings == ()


def test_a_table_that_takes_the_name_of_a_dropped_one_is_new() -> None:
    sql = "DROP TABLE a;\nCREATE TABLE a (id int);\nALTER TABLE a DROP id;"
    assert rules(lint([("x.sql", sql)], Policy())) == [(1, "table-dropped")]


def test_a_relation_is_told_where_its_column_goes() -> None:
    seen = ran(Facts(changes=(ConstraintDropped(A, "k", ConstraintKind.FOREIGN_KEY),)))
    gone = ran(Facts(changes=(ColumnDropped(A, "x", "bigint"),)))
    one = migration("ALTER TABLE a DROP CONSTRAINT k;\nALTER TABLE a DROP x;")
    assert rules(judged(rehearsed(one, seen, gone))) == [(2, "column-dropped")]


BACKFILL = "ALTER TABLE a ADD x int;\nUPDATE a SET x = 1 WHERE x IS NULL;"
WRITE = Facts(locks=(Lock(A, LockMode.ROW_EXCLUSIVE, Source.OBSERVED),), scans=(Scan(A, 1),))


@pytest.mark.parametrize(
    ("transaction", "sql", "expected"),
    [
        (Transaction.STATEMENT, BACKFILL, []),
        (Transaction.FILE, BACKFILL, [(2, "blocking-work")]),
        (Transaction.SIMPLE_QUERY, BACKFILL, [(2, "blocking-work")]),
        (Transaction.STATEMENT, f"BEGIN;{BACKFILL}COMMIT;", [(2, "blocking-work")]),
        (Transaction.FILE, BACKFILL.replace("\n", "COMMIT;\n"), [(1, "transaction-ended-early")]),
        (Transaction.SIMPLE_QUERY, BACKFILL.replace("\n", "COMMIT;\n"), [(1, "transaction-ended-early")]),
    ],
)
def test_a_lock_lasts_as_long_as_the_runners_transaction(
    transaction: Transaction, sql: str, expected: list[tuple[int, str]]
) -> None:
    one = migration(sql, transaction=transaction)
    seen = {"ALTER": ran(Facts(locks=(EXCLUSIVE,))), "UPDATE": ran(WRITE)}
    observations = (seen.get(statement.text.split()[0], ran()) for statement in split(sql).statements)
    assert rules(judged(rehearsed(one, *observations))) == expected


BUILD = "CREATE INDEX CONCURRENTLY i ON a (x);"


@pytest.mark.parametrize(
    ("transaction", "sql", "expected"),
    [
        (Transaction.STATEMENT, BUILD, []),
        (Transaction.STATEMENT, f"SELECT 1;{BUILD}", []),
        (Transaction.STATEMENT, f"BEGIN;{BUILD}COMMIT;", ["concurrently-in-transaction"]),
        (Transaction.STATEMENT, f"BEGIN;COMMIT;{BUILD}", []),
        (Transaction.FILE, BUILD, ["concurrently-in-transaction"]),
        (Transaction.FILE, f"COMMIT;{BUILD}BEGIN;", []),
        (Transaction.SIMPLE_QUERY, BUILD, []),
        (Transaction.SIMPLE_QUERY, f"SELECT 1;{BUILD}", ["concurrently-in-transaction"]),
        (Transaction.SIMPLE_QUERY, f"COMMIT;{BUILD}", ["concurrently-in-transaction"]),
    ],
)
def test_concurrently_is_judged_by_the_runners_transaction(
    transaction: Transaction, sql: str, expected: list[str]
) -> None:
    report = judge(added(migration(sql, transaction=transaction)), None, Policy())
    assert [finding.rule for finding in report.findings] == expected


def test_without_a_server_the_history_tells_of_types() -> None:
    wider = migration("ALTER TABLE a ALTER x TYPE varchar(50);")
    history = (migration("CREATE TABLE a (x varchar(20));", 1),)
    assert rules(judge(added(wider), None, Policy())) == [(1, "table-rewritten")]
    assert rules(judge(added(wider, history=history), None, Policy())) == []
    drop = migration("DROP TABLE a;")
    assert rules(judge(added(drop, history=history), None, Policy())) == [(1, "table-dropped")]


def test_the_history_tells_of_types_where_statements_were_not_run() -> None:
    history = (migration("CREATE TABLE a (x varchar(20));", 1),)
    fails, waits = migration("SELECT b;"), migration("ALTER TABLE a ALTER x TYPE varchar(50);", 3)
    no_column = SqlError("42703", "column b does not exist", 1)
    run = (rehearsed(fails, ran(error=no_column)), rehearsed(waits, None, not_run="Not run, because 2_x failed."))
    report = judge(added(fails, waits, history=history), Rehearsal(SERVER, run, Timing(), ()), Policy())
    assert rules(report) == [(1, "migration-fails")]


def test_a_preflight_query_is_given_once() -> None:
    one = migration("ALTER TABLE a ALTER x SET NOT NULL;")
    query = Preflight("SELECT 1;", "no rows", "tells", one.path, 1)
    refused = Rejection(0, A, SqlError("23502", "null", 1), query)
    assert judged(rehearsed(one, ran(), rejections=(refused, refused))).preflight == (query,)


# ---------------------------------------------------------------- suppressions and policy

ALLOW = "-- migration-bot: allow table-dropped because it is empty\n"
GONE = ran(Facts(changes=(TableDropped(A),)))


def test_an_allowed_finding_is_shown_and_does_not_count() -> None:
    report = judged(rehearsed(migration(ALLOW + "DROP TABLE a;"), GONE))
    assert [(f.rule, f.allowed) for f in report.findings] == [("table-dropped", "it is empty")]
    assert (report.level, report.migrations[0].level, report.migrations[0].statements[0].level) == (Level.SAFE,) * 3


def test_a_suppression_is_for_one_statement() -> None:
    report = judged(rehearsed(migration(ALLOW + "DROP TABLE a;\nDROP TABLE b;"), GONE, GONE))
    assert [(f.line, f.allowed) for f in report.findings] == [(2, "it is empty"), (3, None)]
    assert report.level is Level.HIGH_RISK


@pytest.mark.parametrize(
    ("sql", "observation", "expected"),
    [
        (ALLOW + "SELECT 1;", ran(), [(1, "suppression")]),
        (ALLOW + "SELECT 1;", None, []),
        ("SELECT 1;\n" + ALLOW, ran(), [(2, "suppression")]),
        ("SELECT 1;\n" + ALLOW, None, [(2, "suppression")]),
        (ALLOW.replace(" because it is empty", "") + "DROP TABLE a;", GONE, [(1, "suppression"), (2, "table-dropped")]),
        (ALLOW.replace("table-", "tables-") + "DROP TABLE a;", GONE, [(1, "suppression"), (2, "table-dropped")]),
    ],
)
def test_suppressions_that_do_not_work(
    sql: str, observation: Observation | None, expected: list[tuple[int, str]]
) -> None:
    """One with nothing to allow is not blamed where the statement was not run: a server might have found it."""
    one = migration(sql)
    report = judged(rehearsed(one, observation)) if observation else judge(added(one), None, Policy())
    assert rules(report) == expected


def test_the_policy_sets_levels_and_switches_rules_off() -> None:
    one = rehearsed(migration("DROP TABLE a;"), GONE)
    assert judged(one, policy=parse_policy("rules: {table-dropped: risky}")).level is Level.RISKY
    assert judged(one, policy=parse_policy("rules: {table-dropped: off}")).findings == ()


def test_a_rule_that_is_off_hands_nothing_to_another_and_uses_its_suppression() -> None:
    policy = parse_policy("rules: {not-null-set: off, table-dropped: off}")
    sql = ALLOW + "DROP TABLE b;\nALTER TABLE a ALTER x SET NOT NULL;"
    assert judge(added(migration(sql)), None, policy).findings == ()
    assert judged(rehearsed(migration(ALLOW + "DROP TABLE a;"), GONE), policy=policy).findings == ()


def test_the_policy_may_only_name_rules() -> None:
    with pytest.raises(InputError) as error:
        judge(added(), None, parse_policy("rules:\n  renamed: off\n  tables-dropped: off", "p.yml"))
    assert str(error.value) == "p.yml:3: there is no rule tables-dropped; did you mean table-dropped?"
    with pytest.raises(InputError) as error:
        judge(added(), None, parse_policy("checklist:\n  items:\n    rename: {who: author}", "p.yml"))
    assert str(error.value) == "p.yml:3: there is no rule rename; did you mean renamed?"


# ---------------------------------------------------------------- history


def test_what_is_no_sql_is_told() -> None:
    report = judge(MigrationSet("goose", "m", "a", "b", (), (), ("m/2_b.go",)), None, Policy())
    assert report.notes == ("m/2_b.go: the runner runs it too; it is no SQL, and nobody looked at it.",)


def test_changes_of_merged_migrations_are_drift() -> None:
    edited = ChangedMigration(Change.EDITED, migration("SELECT 1;", 1), migration("DROP TABLE a;", 1))
    deleted = ChangedMigration(Change.DELETED, migration("SELECT 1;", 2), None)
    renamed = ChangedMigration(Change.RENAMED, migration("SELECT 1;", 3), migration("SELECT 1;", 7))
    late = ChangedMigration(Change.ADDED, None, migration("SELECT 1;", 4), out_of_order=True)
    changed = (edited, deleted, renamed, late)
    report = judge(MigrationSet("plain", "m", "a", "b", (migration("", 5),), changed), None, Policy())
    assert report.drift == (
        Drift(DriftKind.HISTORY, "1_x", "as merged", "edited"),
        Drift(DriftKind.HISTORY, "2_x", "as merged", "deleted"),
        Drift(DriftKind.HISTORY, "3_x", "as merged", "renamed to 7_x"),
        Drift(DriftKind.HISTORY, "4_x", "after 5_x", "before it"),
    )
    assert [(m.id, m.change, m.level, len(m.statements)) for m in report.migrations] == [
        ("1_x", Change.EDITED, Level.RISKY, 0),
        ("2_x", Change.DELETED, Level.RISKY, 0),
        ("7_x", Change.RENAMED, Level.RISKY, 0),
        ("4_x", Change.ADDED, Level.RISKY, 1),
    ]
    assert [f.rule for f in report.findings] == ["merged-migration-changed"] * 3 + ["migration-out-of-order"]


def test_what_is_wrong_beside_the_migrations_counts_at_the_policys_level() -> None:
    """Also where no migration is changed."""
    fault = Fault("m/atlas.sum", 3, "1_x", "atlas.sum was made for another text of 1_x.sql.")
    stale = MigrationSet("atlas", "m", "a", "b", (migration("", 1),), (), faults=(fault,))
    report = judge(stale, None, Policy())
    (found,) = report.findings
    assert (found.rule, found.path, found.line, report.level) == ("migration-list-stale", "m/atlas.sum", 3, Level.RISKY)
    assert judge(stale, None, Policy(rules=(RulePolicy("migration-list-stale", None, 1),))).findings == ()


@pytest.mark.parametrize("change", [Change.EDITED, Change.ADDED])
def test_the_head_of_a_file_allows_what_is_said_about_the_file(change: Change) -> None:
    rule = "merged-migration-changed" if change is Change.EDITED else "migration-out-of-order"
    after = migration(f"-- migration-bot: allow {rule} because it never ran\nSELECT 1;")
    changed = ChangedMigration(change, after, after, out_of_order=True)
    report = judge(MigrationSet("plain", "m", "a", "b", (), (changed,)), None, Policy())
    assert [(f.rule, f.allowed) for f in report.findings] == [(rule, "it never ran")]
    assert report.level is Level.SAFE


# ---------------------------------------------------------------- what was not analysed


def unread(report: Report) -> list[tuple[int, str]]:
    return [(item.line, item.reason) for item in report.unread]


def test_a_migration_that_was_not_rehearsed() -> None:
    one = rehearsed(migration("SELECT 1;\nSELECT 2;"), None, None, not_run="The server was lost.")
    assert judged(one).unread == (Unread("m/2_x.sql", 1, "The server was lost."),)
    missing = judge(added(migration("SELECT 1;")), Rehearsal(SERVER, (), Timing()), Policy())
    assert unread(missing) == [(1, "It was not rehearsed.")]


def test_statements_behind_a_failure_are_named_once() -> None:
    sql = "SELECT 1;\nSELECT x;\nSELECT 3;\nSELECT 4;"
    error = SqlError("42703", 'column "x" does not exist')
    report = judged(rehearsed(migration(sql), ran(), ran(error=error), None, None))
    assert unread(report) == [(3, "From here on the statements were not run, because the one in line 2 failed.")]


def test_a_statement_that_failed_only_here_is_not_judged() -> None:
    error = SqlError("57014", "canceling statement due to user request")
    assert unread(judged(rehearsed(migration("SELECT f();"), ran(error=error)))) == [
        (1, "canceling statement due to user request (57014). It was stopped, or it took the server with it.")
    ]


def test_what_cannot_be_read_is_named() -> None:
    sql = "\\set x 1\nSELECT 'open"
    one = replace(migration(sql), undecodable=2)
    reasons = [reason for _, reason in unread(judge(added(one), None, Policy()))]
    assert reasons[0] == "Not UTF-8; read with U+FFFD in place of such bytes."
    assert "\\set is a command of psql, which was not run." in reasons
    assert split(sql).problem in reasons


def test_without_a_server_code_is_unread() -> None:
    assert unread(lint([("x.sql", f"SELECT 1;\n{DO}\nFROBNICATE;")], Policy())) == [
        (2, "DO: only running it tells what it does."),
        (3, "FROBNICATE: only running it tells what it does."),
    ]


# ---------------------------------------------------------------- preflight, lint


def test_rejections_become_findings_and_preflight_queries() -> None:
    query = Preflight("SELECT count(*) FROM a WHERE x IS NULL;", "0", "NULLs", "m/2_x.sql", 1)
    rejection = Rejection(0, A, SqlError("23502", 'column "x" contains null values'), query)
    report = judged(rehearsed(migration("ALTER TABLE a ALTER x SET NOT NULL;"), ran(), rejections=(rejection,)))
    assert (rules(report), report.preflight) == ([(1, "rows-rejected")], (query,))


def test_lint_reads_files_in_the_order_given() -> None:
    files = [("1.sql", "CREATE TABLE a (id int);"), ("2.sql", "DROP TABLE a;\n\nDROP TABLE b;")]
    report = lint(files, Policy())
    assert (report.level, report.layout, report.base, report.head, report.server) == (
        Level.HIGH_RISK,
        "files",
        "",
        "",
        None,
    )
    assert [(f.path, f.line, f.object) for f in report.findings] == [("2.sql", 3, "public.b")]
    assert [s.action for m in report.migrations for s in m.statements] == ["CREATE TABLE", "DROP TABLE", "DROP TABLE"]
