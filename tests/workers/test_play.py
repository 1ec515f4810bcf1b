"""What the observer sees of single statements, on a real server; the figures are those of the PostgreSQL manual."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator

import pytest

from workers.changes import (
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    ColumnTypeChanged,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintKind,
    ConstraintValidated,
    DefaultChanged,
    IndexCreated,
    IndexDropped,
    NotNullDropped,
    NotNullSet,
    TableCreated,
    TableDropped,
    TableRenamed,
)
from workers.facts import Facts, Write
from workers.failing import failure
from workers.model import Transaction
from workers.play import play
from workers.postgres.cluster import Cluster, Role
from workers.postgres.observe import Observer
from workers.postgres.session import Session
from workers.rehearsed import Observation
from workers.sql.split import split
from workers.stand import Stage
from workers.words import Name

BASE = """
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(10), parent_id int, d timestamp);
CREATE INDEX t_a ON t (a);
CREATE TABLE child (id int PRIMARY KEY, pid int CONSTRAINT child_fk REFERENCES parent);
CREATE VIEW v AS SELECT id FROM t;
CREATE TABLE "Mixed" (id int);
CREATE TABLE part (id int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE MATERIALIZED VIEW mv AS SELECT id FROM t;
INSERT INTO parent VALUES (1), (2);
INSERT INTO t SELECT g, g, 'x', 1, now() FROM generate_series(1, 30) g;
INSERT INTO child VALUES (1, 1);
"""
T, PARENT, CHILD = Name("public", "t"), Name("public", "parent"), Name("public", "child")
_number = itertools.count()

Play = Callable[..., list[Observation]]


@pytest.fixture
def on_stage(cluster: Cluster) -> Iterator[Play]:
    """Plays a script on the base schema; each test has a database of its own."""
    database = f"play_{next(_number)}"
    cluster.create_database(database)
    with Session(cluster, database=database) as session, contextlib.ExitStack() as others:
        assert session.run(BASE, simple=True).error is None

        def another(role: Role) -> Session:
            return others.enter_context(Session(cluster, role, database))

        def run(sql: str, transaction: Transaction = Transaction.STATEMENT) -> list[Observation]:
            observer = Observer(session)
            observer.load()
            observer.base = frozenset(observer.relations)
            counts = {oid: r for oid, r in observer.relations.items() if r.kind == "r"}
            observer.rows = {
                oid: int(session.query(f"SELECT count(*) FROM {r.name.sql}")[0][0]) for oid, r in counts.items()
            }
            observer.load()
            found = play(Stage(database, observer, another), split(sql), transaction)
            assert None not in found or failure(found) is not None
            return [one for one in found if one]

        yield run
    cluster.drop_database(database)


def locks(facts: Facts) -> dict[str, str]:
    return {str(lock.relation): lock.mode.sql for lock in facts.locks if lock.mode.sql != "ACCESS SHARE"}


AEL, SRE, SHARE, SUE = "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE", "SHARE UPDATE EXCLUSIVE"


@pytest.mark.parametrize(
    ("sql", "locked", "rewritten", "scanned", "built"),
    [
        ("SELECT 1", {}, False, False, []),
        ("ALTER TABLE t ADD COLUMN x int", {"t": AEL}, False, False, []),
        ("ALTER TABLE t ADD COLUMN x timestamptz NOT NULL DEFAULT now()", {"t": AEL}, False, False, []),
        ("ALTER TABLE t ADD COLUMN x uuid DEFAULT gen_random_uuid()", {"t": AEL}, True, True, ["t_pkey", "t_a"]),
        ("ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS IDENTITY", {"t": AEL}, True, True, ["t_pkey", "t_a"]),
        ("ALTER TABLE t ADD COLUMN x int REFERENCES parent", {"t": AEL, "parent": SRE}, False, False, []),
        ("ALTER TABLE t ADD COLUMN x int UNIQUE", {"t": AEL}, False, True, ["t_x_key"]),
        ("ALTER TABLE t DROP COLUMN a", {"t": AEL}, False, False, []),
        ("ALTER TABLE t ALTER COLUMN parent_id SET NOT NULL", {"t": AEL}, False, True, []),
        ("ALTER TABLE t ALTER COLUMN b TYPE varchar(20)", {"t": AEL}, False, False, []),
        ("ALTER TABLE t ALTER COLUMN b TYPE varchar(5)", {"t": AEL}, True, True, ["t_pkey", "t_a"]),
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint", {"t": AEL}, True, True, ["t_pkey", "t_a"]),
        ("ALTER TABLE t ADD CHECK (a > 0)", {"t": AEL}, False, True, []),
        ("ALTER TABLE t ADD CHECK (a > 0) NOT VALID", {"t": AEL}, False, False, []),
        ("ALTER TABLE t ADD FOREIGN KEY (parent_id) REFERENCES parent", {"t": SRE, "parent": SRE}, False, True, []),
        ("ALTER TABLE child DROP CONSTRAINT child_fk", {"child": AEL, "parent": AEL}, False, False, []),
        ("CREATE INDEX i ON t (b)", {"t": SHARE}, False, True, ["i"]),
        ("CREATE INDEX CONCURRENTLY i ON t (b)", {"t": SUE}, False, False, ["i"]),
        ("DROP INDEX t_a", {"t": AEL}, False, False, []),
        ("DROP INDEX CONCURRENTLY t_a", {"t": SUE}, False, False, []),
        ("REINDEX INDEX CONCURRENTLY t_a", {"t": SUE}, False, False, ["t_a"]),
        ("REINDEX INDEX t_a", {"t": SHARE}, False, True, ["t_a"]),
        ("ALTER TABLE t RENAME TO t2", {"t": AEL}, False, False, []),
        ("CLUSTER t USING t_pkey", {"t": AEL}, True, None, ["t_pkey", "t_a"]),
        ("VACUUM FULL t", {"t": AEL}, True, False, ["t_pkey", "t_a"]),
        ("ALTER TABLE t SET UNLOGGED", {"t": AEL}, True, True, ["t_pkey", "t_a"]),
        ("DROP TABLE child", {"child": AEL, "parent": AEL}, False, False, []),
        ("CREATE TABLE n (id int PRIMARY KEY, p int REFERENCES parent)", {"parent": SRE}, False, False, []),
        ("REFRESH MATERIALIZED VIEW mv", {"mv": AEL}, "mv", True, []),
        ("CREATE INDEX i ON part (id)", {"part": SHARE, "part1": SHARE}, False, True, ["part1_id_idx"]),
        ("UPDATE t SET a = 1", {"t": "ROW EXCLUSIVE"}, False, True, []),
        ("COMMENT ON TABLE t IS 'x'", {"t": SUE}, False, False, []),
        ("DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER a TYPE bigint'; END $$", {"t": AEL}, True, True, ["t_pkey", "t_a"]),
        ('CREATE INDEX CONCURRENTLY ON "Mixed" (id)', {"Mixed": SUE}, False, False, ["Mixed_id_idx"]),
    ],
)  # fmt: skip
def test_locks_and_work(
    on_stage: Play,
    sql: str,
    locked: dict[str, str],
    rewritten: bool | str,
    scanned: bool | None,
    built: list[str],
) -> None:
    (seen,) = on_stage(sql)
    assert seen.error is None
    assert locks(seen.facts) == {f"public.{name}": mode for name, mode in locked.items()}
    name = rewritten if isinstance(rewritten, str) else "t"
    assert seen.facts.rewrites == ((Name("public", name),) if rewritten else ())
    assert sorted(build.index.name for build in seen.facts.builds) == sorted(built)
    if scanned is not None:
        assert bool(seen.facts.scans) is scanned


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("SELECT 1", []),
        ("CREATE TABLE n (id int)", [TableCreated(Name("public", "n"))]),
        ("DROP TABLE child", [TableDropped(CHILD)]),
        ("ALTER TABLE child RENAME TO kid", [TableRenamed(CHILD, Name("public", "kid"))]),
        ("ALTER TABLE child RENAME pid TO p", [ColumnRenamed(CHILD, "pid", "p")]),
        ("ALTER TABLE child ADD n text NOT NULL DEFAULT ''", [ColumnAdded(CHILD, "n", "text", True, True)]),
        ("ALTER TABLE child ADD n text", [ColumnAdded(CHILD, "n", "text", False, False)]),
        (
            "ALTER TABLE child DROP pid",
            [ColumnDropped(CHILD, "pid", "integer"), ConstraintDropped(CHILD, "child_fk", ConstraintKind.FOREIGN_KEY)],
        ),
        ("ALTER TABLE t ALTER b TYPE text", [ColumnTypeChanged(T, "b", "character varying(10)", "text")]),
        ("ALTER TABLE child ALTER id TYPE bigint", [ColumnTypeChanged(CHILD, "id", "integer", "bigint")]),
        ("ALTER TABLE t ALTER a SET NOT NULL", [NotNullSet(T, "a")]),
        ("ALTER TABLE t ALTER a SET DEFAULT 7", [DefaultChanged(T, "a", "7")]),
        ("CREATE UNIQUE INDEX i ON t (b, id)", [IndexCreated(Name("public", "i"), T, True, True, False)]),
        ("DROP INDEX t_a", [IndexDropped(Name("public", "t_a"), T)]),
        ("DROP VIEW v", []),  # the catalogs around a migration show it
        (
            "DO $$ BEGIN DROP TABLE child; ALTER TABLE t DROP COLUMN d; END $$",
            [TableDropped(CHILD), ColumnDropped(T, "d", "timestamp without time zone")],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
            [ConstraintAdded(T, "c", ConstraintKind.CHECK, False, "CHECK ((a > 0)) NOT VALID")],
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent",
            [
                ConstraintAdded(
                    T,
                    "f",
                    ConstraintKind.FOREIGN_KEY,
                    True,
                    "FOREIGN KEY (parent_id) REFERENCES parent(id)",
                    references=PARENT,
                )
            ],
        ),
    ],
)
def test_catalog_changes(on_stage: Play, sql: str, changes: list[object]) -> None:
    (seen,) = on_stage(sql)
    assert seen.error is None
    assert list(seen.facts.changes) == changes


def test_a_primary_key_from_an_index_and_not_null_undone(on_stage: Play) -> None:
    sql = """
        CREATE UNIQUE INDEX CONCURRENTLY m ON "Mixed" (id);
        ALTER TABLE "Mixed" ADD CONSTRAINT mixed_pk PRIMARY KEY USING INDEX m;
        ALTER TABLE "Mixed" DROP CONSTRAINT mixed_pk;
        ALTER TABLE "Mixed" ALTER id DROP NOT NULL;
        ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
        ALTER TABLE t VALIDATE CONSTRAINT c;
    """
    _, added, _, nullable, _, validated = on_stage(sql)
    (constraint,) = (change for change in added.facts.changes if isinstance(change, ConstraintAdded))
    assert constraint.using_index
    assert NotNullDropped(Name("public", "Mixed"), "id") in nullable.facts.changes
    assert validated.facts.changes == (ConstraintValidated(T, "c"),)


def test_rows_written(on_stage: Play) -> None:
    inserted, updated, deleted, truncated = on_stage(
        "INSERT INTO child VALUES (7, 2); UPDATE t SET a = 0 WHERE id < 4; DELETE FROM child; TRUNCATE t"
    )
    assert inserted.facts.writes == (Write(CHILD, inserted=1, rows_before=1),)
    assert updated.facts.writes == (Write(T, updated=3, rows_before=30),)
    assert deleted.facts.writes == (Write(CHILD, deleted=2, rows_before=2),)
    assert (truncated.facts.truncated, truncated.facts.rewrites) == ((T,), ())


def test_copy_in(on_stage: Play) -> None:
    (seen,) = on_stage("COPY child FROM stdin;\n8\t1\n9\t2\n\\.\n")
    assert seen.facts.writes == (Write(CHILD, inserted=2, rows_before=1),)


def test_new_tables_are_known_as_new(on_stage: Play) -> None:
    _, indexed, old = on_stage("CREATE TABLE n (id int); CREATE INDEX ON n (id); CREATE INDEX ON t (b)")
    assert indexed.facts.new_tables >= {Name("public", "n")}
    assert T not in old.facts.new_tables


def test_a_lock_that_an_earlier_statement_took_is_carried(on_stage: Play) -> None:
    _, index = on_stage("ALTER TABLE t ADD x int; CREATE INDEX i ON t (b)", Transaction.FILE)
    (lock,) = (lock for lock in index.facts.locks if lock.relation == T)
    assert (lock.mode.sql, lock.carried) == (AEL, True)


def test_locks_are_held_to_the_end_of_the_transaction(on_stage: Play) -> None:
    first, second = on_stage("ALTER TABLE t ADD x int; SELECT pg_sleep(0.1)", Transaction.FILE)
    held = first.facts.locks[0].held_ms
    assert held is not None
    assert held >= 100
    assert second.duration_ms >= 100


def test_each_statement_is_a_transaction_of_its_own(on_stage: Play) -> None:
    first, _ = on_stage("ALTER TABLE t ADD x int; SELECT pg_sleep(0.2)", Transaction.STATEMENT)
    held = first.facts.locks[0].held_ms
    assert held is not None
    assert held < 200


@pytest.mark.parametrize("transaction", [Transaction.FILE, Transaction.SIMPLE_QUERY])
def test_concurrently_in_a_transaction_is_refused_and_still_observed(on_stage: Play, transaction: Transaction) -> None:
    column, index, after = on_stage(
        "ALTER TABLE t ADD x int; CREATE INDEX CONCURRENTLY i ON t (b); ALTER TABLE t ADD y int", transaction
    )
    assert column.error is None
    assert index.error is not None
    assert index.error.sqlstate == "25001"
    assert locks(index.facts) == {"public.t": SUE}
    assert after.error is None


def test_a_single_statement_needs_no_block(on_stage: Play) -> None:
    (seen,) = on_stage("CREATE INDEX CONCURRENTLY i ON t (b)", Transaction.SIMPLE_QUERY)
    assert (seen.error, seen.in_transaction) == (None, False)


def test_the_file_s_own_transactions(on_stage: Play) -> None:
    sql = (
        "BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ALTER TABLE t ADD x int; COMMIT; ALTER TABLE t ADD y int"
    )
    for one in on_stage(sql, Transaction.SIMPLE_QUERY):
        assert one.error is None
    rolled_back = on_stage("BEGIN; ALTER TABLE t ADD z int; ROLLBACK; ALTER TABLE t ADD z text")
    assert rolled_back[3].facts.changes == (ColumnAdded(T, "z", "text", False, False),)


def test_an_error_has_its_line_and_ends_the_play(on_stage: Play) -> None:
    seen = on_stage("SELECT 1;\n\nALTER TABLE t\n  ADD COLUMN a int;\nSELECT 2;")
    assert len(seen) == 2
    assert seen[1].error is not None
    assert (seen[1].error.sqlstate, seen[1].error.line) == ("42701", 3)
    syntax = on_stage("SELECT 1;\nSELECT\n  FROM FROM t")
    assert syntax[1].error is not None
    assert (syntax[1].error.sqlstate, syntax[1].error.line) == ("42601", 3)


def test_deferred_constraints_speak_at_the_end(on_stage: Play) -> None:
    sql = """
        ALTER TABLE child ALTER CONSTRAINT child_fk DEFERRABLE INITIALLY DEFERRED;
        INSERT INTO child VALUES (5, 99);
    """
    for transaction in (Transaction.FILE, Transaction.STATEMENT):
        last = on_stage(sql, transaction)[-1]
        assert last.error is not None
        assert last.error.sqlstate == "23503"


def test_a_procedure_that_commits(on_stage: Play) -> None:
    sql = """
        CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO parent VALUES (50); COMMIT; END $$;
        CALL p();
    """
    called = on_stage(sql)[1]
    assert (called.error, called.in_transaction) == (None, False)


def test_hostile_operators_hide_nothing(on_stage: Play) -> None:
    sql = """
        CREATE SCHEMA evil;
        CREATE FUNCTION evil.no(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT false';
        CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.no);
        CREATE FUNCTION evil.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 0';
        SET search_path = evil, pg_catalog, public;
        ALTER TABLE public.t ALTER COLUMN a TYPE bigint;
    """
    last = on_stage(sql, Transaction.FILE)[-1]
    assert locks(last.facts) == {"public.t": AEL}
    assert last.facts.rewrites == (T,)
