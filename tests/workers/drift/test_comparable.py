"""What of a live database is compared: extensions of this machine, names that the policy ignores, roles that count."""

from __future__ import annotations

import pytest

from workers.catalog import Catalog, Kind, Object, ObjectId, Value
from workers.drift.comparable import Terms, as_compared, each_once, main_owner, sound_indexes
from workers.drift.gaps import Gap, GapKind
from workers.policy import DriftPolicy

Path = tuple[str, ...]


def thing(number: int, kind: Kind, *path: str, parent: int | None = None, **attributes: Value) -> Object:
    above = ObjectId(1, parent, 0) if parent else None
    return Object(ObjectId(1, number, 0), kind, path, above, "", {"comment": None, "grants": None, **attributes})


def catalog(*objects: Object, user: str = "shop", links: tuple[tuple[int, int], ...] = ()) -> Catalog:
    told = [(ObjectId(1, one, 0), ObjectId(1, other, 0), "n") for one, other in links]
    return Catalog({each.id: each for each in objects}, user, told)


def terms(*ignore: str, owners: bool = False, grants: bool = False) -> Terms:
    policy = DriftPolicy(ignore, owners=owners, grants=grants)
    return Terms(policy, "flyway_schema_history", frozenset({"citext"}), "postgres", "shop")


def left(live: Catalog, *ignore: str) -> set[str]:
    """The labels of what is compared."""
    sides, _ = as_compared(catalog(user="postgres"), live, terms(*ignore))
    return {each.label for each in sides.told[1].objects.values()}


EMPTY = catalog(user="postgres")
SHOP = catalog(
    thing(1, Kind.SCHEMA, "audit"),
    thing(2, Kind.TABLE, "audit", "log"),
    thing(3, Kind.COLUMN, "audit", "log", "id", parent=2),
    thing(4, Kind.TABLE, "public", "tmp_1"),
    thing(5, Kind.INDEX, "public", "tmp_1_idx", parent=4),
    thing(6, Kind.TABLE, "public", "users"),
    thing(7, Kind.COLUMN, "public", "users", "nick", parent=6),
)
USERS = {"table public.users", "column public.users.nick"}
TMP = {"table public.tmp_1", "index public.tmp_1_idx"}
AUDIT = {"schema audit", "table audit.log", "column audit.log.id"}


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        ((), USERS | TMP | AUDIT),
        (("nothing", "public.nothing", "users.nick"), USERS | TMP | AUDIT),
        (("audit.*",), USERS | TMP),
        (("audit.log",), USERS | TMP),  # and the schema, in which nothing else was
        (("tmp_?",), USERS | AUDIT),
        (("TMP_?",), USERS | TMP | AUDIT),
        (("public.users.nick", "*.tmp_*"), {"table public.users"} | AUDIT),
        (("*",), set()),
    ],
)
def test_what_the_policy_ignores(ignore: Path, expected: set[str]) -> None:
    assert left(SHOP, *ignore) == expected


def test_the_tables_of_runners_are_nobodys() -> None:
    live = catalog(
        thing(1, Kind.SCHEMA, "drizzle"),
        thing(2, Kind.TABLE, "drizzle", "__drizzle_migrations"),
        thing(3, Kind.TABLE, "public", "_prisma_migrations"),
        thing(4, Kind.TABLE, "public", "flyway_schema_history"),
        thing(5, Kind.INDEX, "public", "flyway_schema_history_s_idx", parent=4),
        thing(6, Kind.TABLE, "public", "users"),
    )
    assert left(live) == {"table public.users"}


def test_an_extension_that_this_machine_has_not() -> None:
    live = catalog(
        thing(1, Kind.EXTENSION, "postgis", schema="public", version="3.4"),
        thing(2, Kind.EXTENSION, "citext", schema="public", version="1.6"),
        thing(3, Kind.TABLE, "public", "users"),
        thing(4, Kind.COLUMN, "public", "users", "place", parent=3),
        thing(5, Kind.INDEX, "public", "places", parent=3),
        links=((4, 1), (5, 4)),
    )
    built = catalog(thing(9, Kind.TABLE, "public", "users"), thing(8, Kind.INDEX, "public", "places", parent=9))
    sides, notes = as_compared(built, live, terms())
    assert [{each.label for each in side.objects.values()} for side in sides.told] == [
        {"table public.users"},
        {"table public.users", "extension citext"},
    ]
    assert notes == (
        "the extension postgis is not on this machine, so it is not compared, and neither is what depends on it: "
        "column public.users.place, index public.places",
    )


def test_who_owns_does_not_count_unless_the_policy_says_so() -> None:
    built = catalog(thing(1, Kind.TABLE, "public", "a", owner="postgres"), user="postgres")
    live = catalog(thing(1, Kind.TABLE, "public", "a", owner="shop"))
    other = catalog(thing(1, Kind.TABLE, "public", "a", owner="clerk"))
    for found, counts, differing in ((live, True, 0), (other, False, 0), (other, True, 1)):
        told = terms(owners=counts)
        assert len(told.gaps(*as_compared(built, found, told)[0].told)) == differing


def test_grants_to_the_owner_and_to_everybody_are_as_usual() -> None:
    def table(*grants: str, owner: str) -> Object:
        return thing(1, Kind.TABLE, "public", "a", owner=owner, grants=tuple(grants) or None)

    def function(*grants: str, owner: str) -> Object:
        return thing(2, Kind.FUNCTION, "public", "f", "", owner=owner, grants=tuple(grants) or None)

    built = catalog(table(owner="postgres"), function(owner="postgres"), user="postgres")
    told = terms(grants=True)
    same = catalog(
        table("SELECT TO shop", "SELECT TO shop WITH GRANT OPTION", owner="shop"),
        function("EXECUTE TO PUBLIC", "EXECUTE TO shop", owner="shop"),
    )
    assert told.gaps(*as_compared(built, same, told)[0].told) == ()
    more = catalog(table("SELECT TO clerk", owner="shop"), function("EXECUTE TO shop", owner="shop"))
    assert [(gap.object, gap.expected, gap.actual) for gap in told.gaps(*as_compared(built, more, told)[0].told)] == [
        ("table public.a", "grants: ()", "grants: (SELECT TO clerk)"),
        ("function public.f()", "grants: (EXECUTE TO PUBLIC)", "grants: ()"),
    ]


def test_the_role_that_migrations_run_as() -> None:
    tables = [thing(n, Kind.TABLE, "public", f"t{n}", owner=owner) for n, owner in enumerate(("a", "b", "b"), start=1)]
    assert main_owner(EMPTY, "flyway_schema_history") == "postgres"
    assert main_owner(catalog(*tables), "flyway_schema_history") == "b"
    assert main_owner(catalog(*tables), "t1") == "a"


def test_each_thing_is_told_once() -> None:
    def gap(kind: GapKind, of: Kind, *path: str, likely: str | None = None) -> Gap:
        return Gap(kind, of, path, f"{of} {path[-1]}", None, None, likely)

    key = gap(GapKind.EXTRA, Kind.CONSTRAINT, "public", "t", "t_pkey")
    index = gap(GapKind.EXTRA, Kind.INDEX, "public", "t_pkey")
    was = gap(GapKind.MISSING, Kind.INDEX, "public", "a", likely="index b")
    now = gap(GapKind.EXTRA, Kind.INDEX, "public", "b", likely="index a")
    column = gap(GapKind.EXTRA, Kind.COLUMN, "public", "t", "b", likely="column a")
    assert each_once((key, index, was, now, column)) == (key, was, column)


def test_no_index_has_to_be_mended() -> None:
    assert sound_indexes(SHOP) is SHOP
    broken = catalog(thing(1, Kind.INDEX, "public", "i", valid=False))
    assert [each.attributes["valid"] for each in sound_indexes(broken).objects.values()] == [True]
