"""Prediction: locks and rewrites equal what a PostgreSQL 15 server did; scans, builds and changes case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.sql.measured import EXCEPTIONS, MEASURED, MODES, SETUP
from workers.changes import (
    CatalogChange,
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
from workers.facts import Build, Facts, Scan, Write
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRenamed,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    Trait,
    TraitChanged,
)
from workers.sql.actions import Action
from workers.sql.column_types import keeps_rows, normal_type
from workers.sql.known import Known, learn
from workers.sql.predict import predict
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.volatility import is_volatile
from workers.words import LockMode, Name, Source


def actions(text: str) -> list[Action]:
    return [action for statement in split(text).statements for action in read(statement)]


def facts(text: str, before: str = "") -> Facts:
    """What is predicted for a statement, after what runs before it."""
    return predict(actions(text), learn(Known(), actions(f"{SETUP};{before}")))


def shown(found: Facts) -> tuple[str, str]:
    """Locks and rewrites as the table of measurements has them."""
    letters = {words: letter for letter, words in MODES.items()}
    locks = sorted(f"{lock.relation.name} {letters[lock.mode.sql]}" for lock in found.locks)
    return ", ".join(locks), " ".join(sorted(table.name for table in found.rewrites))


def measured() -> list[tuple[str, str, str, str]]:
    rows = []
    for line in MEASURED.strip().splitlines():
        before, _, rest = line.rpartition(" || ")
        text, locks, rewrites = (part.strip() for part in f"{rest} | ".split(" |")[:3])
        rows.append((before, text, locks, rewrites))
    return rows


@pytest.mark.parametrize(("before", "text", "locks", "rewrites"), measured())
def test_locks_and_rewrites_are_those_measured(before: str, text: str, locks: str, rewrites: str) -> None:
    expected = EXCEPTIONS[text][:2] if text in EXCEPTIONS else (locks, rewrites)
    assert shown(facts(text, before)) == expected


def test_exceptions_are_exceptions() -> None:
    found = {text: (locks, rewrites) for _, text, locks, rewrites in measured()}
    assert [text for text, (locks, rewrites, _) in EXCEPTIONS.items() if found[text] == (locks, rewrites)] == []


def test_all_that_is_predicted_says_so() -> None:
    assert {
        lock.source for lock in facts("alter table t add a2 int, add foreign key (a2) references parent").locks
    } == {Source.PREDICTED}


T, PARENT, CHILD, PART = (Name("public", name) for name in ("t", "parent", "child", "part"))


def index(name: str) -> Name:
    return Name("public", name)


@pytest.mark.parametrize(
    ("before", "text", "scans"),
    [
        ("", "alter table t alter a set not null", [T]),
        ("alter table t add constraint k check (a is not null)", "alter table t alter a set not null", []),
        ('alter table t add constraint k check (("a" IS NOT NULL))', "alter table t alter a set not null", []),
        ("alter table t add constraint k check (a is not null) not valid", "alter table t alter a set not null", [T]),
        (
            "alter table t add constraint k check (a is not null) not valid; alter table t validate constraint k",
            "alter table t alter a set not null",
            [],
        ),
        (
            "alter table t add constraint k check (a is not null); alter table t drop constraint k",
            "alter table t alter a set not null",
            [T],
        ),
        ("alter table t add constraint k check (a is not null or c = '')", "alter table t alter a set not null", [T]),
        ("alter table t add constraint k check (a is not null)", "alter table t alter c set not null", [T]),
        ("", "alter table t add x int", []),
        ("", "alter table t add x int not null", [T]),
        ("", "alter table t add x int not null default 1", []),
        ("", "alter table t add x int check (x > 0)", [T]),
        ("", "alter table t add x int references parent", []),
        ("", "alter table t add x int default 1 references parent", [T]),
        ("", "alter table t add x int default NULL references parent", []),
        ("", "alter table t add x uuid default gen_random_uuid() check (x is not null)", []),
        ("", "alter table t add check (a > 0)", [T]),
        ("", "alter table t add check (a > 0) not valid", []),
        ("", "alter table t add foreign key (a) references parent not valid", []),
        ("", "alter table t validate constraint k", [T]),
        ("", "alter table part alter d set not null", [index("part1"), index("part_def")]),
        ("", "alter table part attach partition part2 for values in (1)", [index("part2"), index("part_def")]),
        ("", "create table part3 partition of part for values from (30) to (40)", [index("part_def")]),
        ("", "delete from t", [T]),
        ("", "update t set a = 1 where true", [T]),
        ("", "update t set a = 1 where a = 2", []),
        ("", "create index on t (a)", []),
    ],
)
def test_scans(before: str, text: str, scans: list[Name]) -> None:
    assert list(facts(text, before).scans) == [Scan(table, 1) for table in scans]


@pytest.mark.parametrize(
    ("text", "builds"),
    [
        ("create index on t (a, c)", [Build(index("t_a_c_idx"), T, rebuilt=False)]),
        ("create index concurrently i on t (lower(c))", [Build(index("i"), T, rebuilt=False)]),
        ("create index if not exists t_a_idx on t (a)", []),
        ("create index i on only part (d)", []),
        (
            "create index i on part (d)",
            [
                Build(index("part1_d_idx"), index("part1"), rebuilt=False),
                Build(index("part_def_d_idx"), index("part_def"), rebuilt=False),
            ],
        ),
        ("alter table t add unique (a, c)", [Build(index("t_a_c_key"), T, rebuilt=False)]),
        ("alter table t add primary key (a)", [Build(index("t_pkey"), T, rebuilt=False)]),
        ("alter table t add x int unique", [Build(index("t_x_key"), T, rebuilt=False)]),
        ("alter table t add constraint e exclude (a with =)", [Build(index("e"), T, rebuilt=False)]),
        ("alter table t add constraint u unique using index i", []),
        ("reindex index t_a_idx", [Build(index("t_a_idx"), T, rebuilt=True)]),
        ("reindex table t", [Build(index("t_pkey"), T, rebuilt=True), Build(index("t_a_idx"), T, rebuilt=True)]),
        ("create table n (id int primary key)", []),
    ],
)
def test_builds(text: str, builds: list[Build]) -> None:
    assert list(facts(text).builds) == builds


NEW = index("n")


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (
            "create table n (id int primary key, p bigint references parent, unique (id, p))",
            [
                TableCreated(NEW),
                ConstraintAdded(NEW, "n_pkey", ConstraintKind.PRIMARY_KEY, True, "primary key"),
                IndexCreated(index("n_pkey"), NEW, unique=True, valid=True, constraint=True),
                ConstraintAdded(NEW, "n_p_fkey", ConstraintKind.FOREIGN_KEY, True, "references parent", PARENT),
                ConstraintAdded(NEW, "n_id_p_key", ConstraintKind.UNIQUE, True, "unique (id, p)"),
                IndexCreated(index("n_id_p_key"), NEW, unique=True, valid=True, constraint=True),
            ],
        ),
        ("create table if not exists t (id int)", []),
        ("create temp table n (id int primary key)", []),
        ("drop table t, child", [TableDropped(T), TableDropped(CHILD)]),
        ("drop table part", [TableDropped(PART), TableDropped(index("part1")), TableDropped(index("part_def"))]),
        ("alter table t rename to n", [TableRenamed(T, NEW)]),
        ("alter table t set schema s", [TableRenamed(T, Name("s", "t"))]),
        ("alter table t add x int not null", [ColumnAdded(T, "x", "integer", not_null=True, has_default=False)]),
        ("alter table t add x varchar(3) default ''", [ColumnAdded(T, "x", "character varying(3)", False, True)]),
        ("alter table t add x serial", [ColumnAdded(T, "x", "integer", not_null=True, has_default=True)]),
        ("alter table t add x int default null", [ColumnAdded(T, "x", "integer", False, has_default=False)]),
        ("alter table t add column if not exists a int", []),
        ("alter table t drop column b", [ColumnDropped(T, "b", "character varying(10)")]),
        ("alter table unknown drop column b", [ColumnDropped(index("unknown"), "b", None)]),
        ("alter table t rename b to z", [ColumnRenamed(T, "b", "z")]),
        ("alter table t alter a type bigint", [ColumnTypeChanged(T, "a", "integer", "bigint")]),
        ("alter table t alter a set not null", [NotNullSet(T, "a")]),
        ("alter table t alter a drop not null", [NotNullDropped(T, "a")]),
        ("alter table t alter a set default 1", [DefaultChanged(T, "a", "1")]),
        ("alter table t alter a drop default", [DefaultChanged(T, "a", None)]),
        (
            "alter table t add check (a > 0) not valid",
            [ConstraintAdded(T, "t_check", ConstraintKind.CHECK, False, "check (a > 0) not valid")],
        ),
        (
            "alter table t add constraint u unique using index i",
            [ConstraintAdded(T, "u", ConstraintKind.UNIQUE, True, "unique using index i", using_index=True)],
        ),
        (
            "alter table t drop constraint t_pkey",
            [ConstraintDropped(T, "t_pkey", None), IndexDropped(index("t_pkey"), T)],
        ),
        (
            "alter table child drop constraint child_pid_fkey",
            [ConstraintDropped(CHILD, "child_pid_fkey", ConstraintKind.FOREIGN_KEY)],
        ),
        ("alter table t validate constraint k", [ConstraintValidated(T, "k")]),
        ("create unique index i on t (a)", [IndexCreated(index("i"), T, unique=True, valid=True, constraint=False)]),
        ("drop index t_a_idx", [IndexDropped(index("t_a_idx"), T)]),
        ("drop index unknown", [ObjectDropped("index", index("unknown"))]),
        ("drop view v, w", [ObjectDropped("view", index("v")), ObjectDropped("view", index("w"))]),
        ("drop type mood", [ObjectDropped("type", index("mood"))]),
        ("drop schema s cascade", [ObjectDropped("schema", Name("", "s"))]),
        ("create type x as enum ('a')", [ObjectCreated("type", index("x"))]),
        ("create domain x as int", [ObjectCreated("domain", index("x"))]),
        ("create extension if not exists x", [ObjectCreated("extension", Name("", "x"))]),
        ("create or replace view x as select 1", [ObjectCreated("view", index("x"))]),
        ("create temp view x as select 1", []),
        ("create temp sequence x", []),
        ("create materialized view x as select 1", [ObjectCreated("materialized view", index("x"))]),
        ("create or replace procedure x() as ''", [ObjectCreated("procedure", index("x"))]),
        (
            "create constraint trigger x after insert on t for each row execute function f()",
            [ObjectCreated("trigger", Name("", "x"), T)],
        ),
        ("create policy x on t", [ObjectCreated("policy", Name("", "x"), T)]),
        ("create statistics x on a, b from t", [ObjectCreated("statistics", index("x"))]),
        ("create role x", [ObjectCreated("role", Name("", "x"))]),
        ("drop routine f", [ObjectDropped("function", index("f"))]),
        ("drop trigger x on t", [ObjectDropped("trigger", Name("", "x"), T)]),
        ("alter view v owner to x", [ObjectChanged("view", index("v"), what=("owner",))]),
        ("alter extension x update", [ObjectChanged("extension", Name("", "x"), what=("version",))]),
        ("alter sequence x restart", [ObjectChanged("sequence", index("x"))]),
        ("alter index i set (fillfactor = 70)", []),
        ("alter default privileges grant select on tables to x", []),
        ("alter function f(int) rename to g", [ObjectRenamed("function", index("f"), index("g"))]),
        ("alter type mood set schema s", [ObjectRenamed("type", index("mood"), Name("s", "mood"))]),
        ("alter trigger x on t rename to y", [ObjectRenamed("trigger", Name("", "x"), Name("", "y"), T)]),
        ("alter index i rename to k", []),
        ("alter type mood add value if not exists 'a'", [EnumValueAdded(index("mood"), "a")]),
        ("alter type mood rename value 'a' to 'b'", [EnumValueRenamed(index("mood"), "a", "b")]),
        (
            "alter table t enable row level security, no force row level security",
            [
                TraitChanged(T, Trait.ROW_SECURITY, None, "on"),
                TraitChanged(T, Trait.FORCED_ROW_SECURITY, None, "off"),
            ],
        ),
        ("alter table t replica identity nothing", [TraitChanged(T, Trait.REPLICA_IDENTITY, None, "nothing")]),
        (
            "alter table t set (autovacuum_enabled = false, fillfactor = 70)",
            [TraitChanged(T, Trait.OPTIONS, None, "autovacuum_enabled=false,fillfactor=70")],
        ),
        ("alter table t owner to x, cluster on i", [TraitChanged(T, Trait.OWNER, None, "x")]),
        ("alter table t set access method x", [TraitChanged(T, Trait.ACCESS_METHOD, None, "x")]),
        ("alter table t disable trigger user", [ObjectChanged("trigger", Name("", "user"), T, ("enabled",))]),
        ("alter table t enable replica rule x", [ObjectChanged("rule", Name("", "x"), T, ("enabled",))]),
        (
            "grant select, insert (a) on t to x, public",
            [
                PrivilegeChanged("table", T, "x", "SELECT", given=True),
                PrivilegeChanged("table", T, "x", "INSERT (a)", given=True),
                PrivilegeChanged("table", T, "public", "SELECT", given=True),
                PrivilegeChanged("table", T, "public", "INSERT (a)", given=True),
            ],
        ),
        ("revoke x from y", [PrivilegeChanged("role", Name("", "x"), "y", "MEMBER", given=False)]),
        ("revoke grant option for select on t from x", []),
        ("select 1", []),
    ],
)
def test_changes(text: str, changes: list[CatalogChange]) -> None:
    assert list(facts(text).changes) == changes


@pytest.mark.parametrize(
    ("before", "text", "change"),
    [
        ("create view x as select 1", "create or replace view x as select 2", ObjectChanged("view", index("x"))),
        ("create function x() as ''", "create or replace function x() as ''", ObjectChanged("function", index("x"))),
        (
            "create view y as select 1; alter view y rename to x",
            "create or replace view x as select 2",
            ObjectChanged("view", index("x")),
        ),
        (
            "create view x as select 1; drop view x",
            "create or replace view x as select 2",
            ObjectCreated("view", index("x")),
        ),
    ],
)
def test_what_is_replaced_was_there(before: str, text: str, change: CatalogChange) -> None:
    assert facts(text, before).changes == (change,)


@pytest.mark.parametrize(
    ("text", "writes", "truncated"),
    [
        ("insert into t values (1)", [T], []),
        ("delete from t where a = 1", [T], []),
        ("with d as (delete from child returning *) insert into t select 1", [CHILD, T], []),
        ("copy t from stdin", [T], []),
        ("copy t to stdout", [], []),
        ("truncate t", [], [T]),
        ("truncate parent cascade", [], [PARENT, CHILD]),
    ],
)
def test_rows_written(text: str, writes: list[Name], truncated: list[Name]) -> None:
    found = facts(text)
    assert (list(found.writes), list(found.truncated)) == ([Write(table) for table in writes], truncated)


def test_new_tables_are_the_named_ones_that_the_pull_request_made() -> None:
    known = replace(learn(Known(), actions(SETUP)), new_tables=frozenset((CHILD, index("other"))))
    assert predict(actions("alter table child add foreign key (id) references parent"), known).new_tables == {CHILD}
    assert predict(actions("alter table t add x int"), known).new_tables == frozenset()
    assert predict(actions("create table n (id int references parent)"), known).new_tables == {NEW}


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("alter table u alter a type text", False),
        ("alter table u alter a type varchar", False),
        ("alter table u alter a type citext", False),
        ("alter table u alter a type varchar(20)", True),
        ("alter table u alter a type bigint", True),
        ("alter table u alter a type text using upper(a)", True),
    ],
)
def test_a_type_change_from_an_unknown_type(text: str, rewritten: bool) -> None:
    assert predict(actions(text), Known()).rewrites == ((index("u"),) if rewritten else ())


def test_what_is_learned_follows_renames_and_drops() -> None:
    known = learn(
        Known(),
        actions(
            SETUP + "alter table t rename to t2; alter table t2 rename a to a2; alter table t2 alter a2 type bigint;"
            "alter type mood rename to m2; alter table parent set schema s; drop table child; drop index t_a_idx;"
            "alter table part detach partition part_def; alter index t_pkey rename to k; drop materialized view mv"
        ),
    )
    t2, parent = index("t2"), Name("s", "parent")
    assert known.columns[t2, "a2"] == "bigint"
    assert {table.name for table, _ in known.columns} == {"t2", "parent", "part", "part2", "p2"}
    assert known.indexes == {index("k"): t2, Name("s", "parent_pkey"): parent}
    assert known.partitions == {index("part1"): PART, index("p2a"): index("p2")}
    assert (known.default_partitions, known.foreign) == (frozenset(), frozenset())
    names = ("part", "part1", "part2", "part_def", "p2", "p2a")
    assert known.new_tables == {t2, parent, *map(index, names)}


def test_create_if_not_exists_does_not_make_a_known_table_new() -> None:
    merged = replace(learn(Known(), actions("create table t (a int)")), new_tables=frozenset())
    assert learn(merged, actions("create table if not exists t (a int)")).new_tables == frozenset()
    assert learn(merged, actions("create table if not exists n (a int)")).new_tables == {NEW}


def test_partitions_that_go_in_circles_end() -> None:
    known = learn(
        Known(), actions("alter table a attach partition b default; alter table b attach partition a default")
    )
    assert {lock.mode for lock in predict(actions("truncate a"), known).locks} == {LockMode.ACCESS_EXCLUSIVE}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INT", "integer"),
        ("int8[]", "bigint[]"),
        ("int array[3]", "integer[]"),
        ("VARCHAR ( 20 )", "character varying(20)"),
        ("char", "character(1)"),
        ("float(24)", "real"),
        ("float(25)", "double precision"),
        ("decimal( 10 , 2 )", "numeric(10,2)"),
        ("timestamp(3)", "timestamp(3) without time zone"),
        ("TIMESTAMPTZ", "timestamp with time zone"),
        ("time (3) WITH  time zone", "time(3) with time zone"),
        ('"Role"', '"Role"'),
        ('public."Role"[]', '"Role"[]'),
        ('"app"."lower"', "app.lower"),
        ("pg_catalog.int4", "integer"),
        ("bigserial", "bigint"),
        ("geometry(Point,4326)", "geometry(Point,4326)"),
    ],
)
def test_type_names_are_those_of_format_type(text: str, expected: str) -> None:
    assert normal_type(text) == expected


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("character varying(10)", "character varying(20)", True),
        ("character varying(20)", "character varying(10)", False),
        ("character varying(20)", "character varying", True),
        ("text", "character varying(10)", False),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("numeric(10,2)", "numeric(12,3)", False),
        ("numeric", "numeric(12,3)", False),
        ("timestamp(3) without time zone", "timestamp without time zone", True),
        ("timestamp without time zone", "timestamp(6) without time zone", True),
        ("timestamp without time zone", "timestamp(3) without time zone", False),
        ("integer", "bigint", False),
        ("mood", "text", False),
        ("cidr", "inet", True),
    ],
)
def test_which_type_changes_keep_the_rows(old: str, new: str, kept: bool) -> None:
    assert keeps_rows(old, new) is kept


@pytest.mark.parametrize(
    ("expression", "volatile"),
    [
        ("now()", False),
        ("CURRENT_TIMESTAMP(3)", False),
        ("timezone('utc'::text, now())", False),
        ("'random()'", False),
        ("0::numeric(10, 2)", False),
        ("'{}'::jsonb", False),
        ("nextval('s'::regclass)", True),
        ("gen_random_uuid()", True),
        ("lower((gen_random_uuid())::text)", True),
        ("public.nanoid()", True),
        ('"random"()', True),
    ],
)
def test_volatile_defaults(expression: str, volatile: bool) -> None:
    assert is_volatile(expression) is volatile
