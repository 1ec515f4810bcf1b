"""Live drift on real servers: a database against what its migrations build, and the SQL that closes the gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.live_server import OWNER, PASSWORD, live_server
from tests.workers.environments.live_shop import BASE, FIRST, SECOND, THIRD, Shops, migration, told
from workers.drift.live import History
from workers.errors import CannotAnalyse, Refused, Unreachable
from workers.policy import DriftPolicy
from workers.postgres.servers import find_installations


@pytest.fixture(scope="module")
def shops(cache: Path) -> Iterator[Shops]:
    with live_server() as server:
        yield Shops(server, cache)


# ---------------------------------------------------------------- nothing differs


def test_a_database_that_is_what_its_migrations_build(shops: Shops) -> None:
    shop = shops.open()
    drift = shop.drift()
    assert (drift.clean, drift.gaps, drift.notes, drift.reordered) == (True, (), (), ())
    assert (drift.to_migrations, drift.to_live) == (None, None)
    assert drift.history == History("public.migration_bot_history", applied=("1_base", "2_email"))
    assert drift.place == f"127.0.0.1:{shop.server.port}/shop_{shops.number}"
    assert PASSWORD not in repr(drift)


def test_a_fresh_database_has_had_nothing(shops: Shops) -> None:
    drift = shops.empty().drift()
    assert (drift.clean, drift.history) == (True, History(None, pending=("1_base", "2_email")))


@pytest.mark.campaign
def test_pending_is_no_drift(shops: Shops) -> None:
    shop = shops.empty()
    shop.apply(FIRST)
    drift = shop.drift()
    assert (drift.clean, drift.history.applied, drift.history.pending) == (True, ("1_base",), ("2_email",))


@pytest.mark.campaign
def test_the_order_of_columns_is_told_apart(shops: Shops) -> None:
    shop = shops.open()
    shop.run("ALTER TABLE users DROP COLUMN name CASCADE; ALTER TABLE users ADD name text NOT NULL")
    shop.run("CREATE VIEW names AS SELECT name FROM users")
    drift = shop.drift()
    assert (drift.clean, drift.reordered) == (True, ("public.users",))


# ---------------------------------------------------------------- what differs

_BY_HAND = [
    ("CREATE INDEX by_age ON users (age)", {("extra", "index public.by_age")}),
    ("DROP INDEX orders_total", {("missing", "index public.orders_total")}),
    ("ALTER INDEX orders_total RENAME TO totals", {("missing", "index public.orders_total")}),
    ("DROP INDEX orders_total; CREATE INDEX orders_total ON orders (total DESC)",
     {("different", "index public.orders_total")}),
    ("ALTER TABLE users ADD COLUMN nick text DEFAULT 'x'", {("extra", "column public.users.nick")}),
    ("ALTER TABLE users DROP COLUMN email", {("missing", "column public.users.email")}),
    ("ALTER TABLE orders ALTER COLUMN placed TYPE timestamp", {("different", "column public.orders.placed")}),
    ("ALTER TABLE users ALTER COLUMN name DROP NOT NULL", {("different", "column public.users.name")}),
    ("ALTER TABLE users ALTER COLUMN age SET DEFAULT 8", {("different", "default public.users.age")}),
    ("ALTER TABLE users ALTER COLUMN age DROP DEFAULT", {("missing", "default public.users.age")}),
    ("ALTER TABLE users RENAME COLUMN email TO mail",
     {("missing", "column public.users.email"), ("extra", "column public.users.mail")}),
    ("CREATE TABLE audit_log (id bigserial PRIMARY KEY, at timestamptz)", {("extra", "table public.audit_log")}),
    ("DROP TABLE orders", {("missing", "table public.orders")}),
    ("ALTER TYPE mood ADD VALUE 'great'", {("different", "enum public.mood")}),
    ("ALTER TYPE mood ADD VALUE 'fair' BEFORE 'ok'", {("different", "enum public.mood")}),
    ("CREATE TYPE size AS ENUM ('s', 'l')", {("extra", "enum public.size")}),
    ("ALTER TABLE users DROP CONSTRAINT grown", {("missing", "constraint public.users.grown")}),
    ("ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '')", {("extra", "constraint public.users.named")}),
    ("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;"
     "ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE",
     {("different", "constraint public.orders.orders_user_id_fkey")}),
    ("ALTER TABLE users RENAME CONSTRAINT users_pkey TO pk", {("missing", "constraint public.users.users_pkey")}),
    ("ALTER TABLE orders ADD UNIQUE (placed)", {("extra", "constraint public.orders.orders_placed_key")}),
    ("DROP TRIGGER touched ON users", {("missing", "trigger public.users.touched")}),
    ("ALTER TABLE users DISABLE TRIGGER touched", {("different", "trigger public.users.touched")}),
    ("CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
     {("different", "function public.touch()")}),
    ("CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1'",
     {("extra", "function public.twice(integer)")}),
    ("CREATE OR REPLACE VIEW names AS SELECT name FROM users WHERE age > 3", {("different", "view public.names")}),
    ("CREATE MATERIALIZED VIEW totals AS SELECT sum(total) FROM orders",
     {("extra", "materialized view public.totals")}),
    ("DROP POLICY seen ON orders", {("missing", "policy public.orders.seen")}),
    ("DROP POLICY seen ON orders; CREATE POLICY seen ON orders USING (total > 1)",
     {("different", "policy public.orders.seen")}),
    ("ALTER TABLE orders DISABLE ROW LEVEL SECURITY", {("different", "table public.orders")}),
    ("CREATE TABLE log (at date) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log DEFAULT",
     {("extra", "table public.log"), ("extra", "table public.log_1")}),
    ("CREATE SEQUENCE numbers", {("extra", "sequence public.numbers")}),
    ("CREATE DOMAIN email AS text CHECK (VALUE ~ '@')", {("extra", "domain public.email")}),
    ("COMMENT ON TABLE users IS 'people'", {("different", "table public.users")}),
]  # fmt: skip


def test_values_of_an_enum_are_known_by_their_names(shops: Shops) -> None:
    """Not by their OIDs, which in two databases are the same by chance alone."""
    shop = shops.open()
    shop.run(
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'; ALTER TYPE mood RENAME VALUE 'sad' TO 'ok'",
        "ALTER TYPE mood ADD VALUE 'sad'; CREATE TYPE size AS ENUM ('s', 'l')",
    )
    with told(shop.drift()) as differs:
        assert differs == {("different", "enum public.mood"), ("extra", "enum public.size")}


@pytest.mark.campaign
@pytest.mark.parametrize(("by_hand", "expected"), _BY_HAND)
def test_one_thing_was_changed_by_hand(shops: Shops, by_hand: str, expected: set[tuple[str, str]]) -> None:
    shop = shops.open()
    shop.run(by_hand)
    with told(shop.drift()) as differs:
        assert differs == expected


_TOGETHER = (0, 4, 6, 7, 8, 11, 13, 16, 21, 23, 25, 28)


def test_many_things_were_changed_by_hand(shops: Shops) -> None:
    shop = shops.open()
    shop.run(*(_BY_HAND[each][0] for each in _TOGETHER))
    drift = shop.drift()
    assert not drift.clean
    with told(drift) as differs:
        assert differs == set().union(*(_BY_HAND[each][1] for each in _TOGETHER))
    assert drift.to_migrations
    assert drift.to_migrations.loses == ("table public.audit_log", "column public.users.nick")


def test_an_index_that_is_not_valid(shops: Shops) -> None:
    """As CREATE INDEX CONCURRENTLY leaves it behind where it fails."""
    shop = shops.open()
    shop.run("INSERT INTO orders SELECT 1, 1, 2, now() WHERE false; INSERT INTO users VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        shop.run("CREATE UNIQUE INDEX CONCURRENTLY once ON users (name)")
    with told(shop.drift()) as differs:
        assert differs == {("extra", "index public.once")}
    shop.migrations += (migration("3_once", "CREATE UNIQUE INDEX once ON users (name)"),)
    shop.record(shop.migrations[-1], steps=0)
    drift = shop.drift()
    assert [(gap.object, gap.expected, gap.actual) for gap in drift.gaps] == [
        ("index public.once", "valid: true", "valid: false")
    ]
    assert drift.to_migrations
    assert drift.to_live
    assert drift.to_migrations.sql == (
        'DROP INDEX "public"."once";',
        "CREATE UNIQUE INDEX once ON public.users USING btree (name);",
    )
    assert (drift.to_migrations.proven, drift.to_live.proven, drift.to_live.sql) == (True, True, ())


@pytest.mark.campaign
def test_partitions(shops: Shops) -> None:
    shop = shops.empty()
    text = """CREATE TABLE log (at date NOT NULL, word text) PARTITION BY RANGE (at);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE INDEX log_word ON log (word);"""
    shop.migrations = (migration("1_log", text),)
    shop.apply(*shop.migrations)
    assert shop.drift().clean
    shop.run("CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")
    with told(shop.drift()) as differs:
        assert differs == {("extra", "table public.log_2")}
    shop.run("DROP TABLE log_2; ALTER TABLE log DETACH PARTITION log_1")
    with told(shop.drift()) as differs:
        assert differs == {("different", "table public.log_1"), ("different", "index public.log_1_word_idx")}


# ---------------------------------------------------------------- the history


def test_a_failed_migration_is_not_replayed(shops: Shops) -> None:
    shop = shops.open()
    shop.migrations += (THIRD,)
    shop.record(THIRD, finished=False)
    drift = shop.drift()
    assert (drift.clean, drift.gaps, drift.history.failed, drift.history.pending) == (False, (), ("3_notes",), ())
    assert drift.notes == ("failed or still running there, and not replayed: 3_notes",)


@pytest.mark.campaign
def test_one_that_was_rolled_back_is_pending(shops: Shops) -> None:
    shop = shops.open()
    shop.run("ALTER TABLE users DROP COLUMN email")
    shop.take_back("2_email")
    drift = shop.drift()
    assert (drift.clean, drift.history.pending, drift.history.rolled_back) == (True, ("2_email",), ("2_email",))


def test_one_that_was_edited_is_replayed_as_it_is_now(shops: Shops) -> None:
    shop = shops.open()
    shop.migrations = (FIRST, replace(SECOND, text="ALTER TABLE users ADD COLUMN email varchar(80);"))
    drift = shop.drift()
    assert drift.history.edited == ("2_email",)
    assert drift.notes == ("edited after running there, and replayed as the files are now: 2_email",)
    with told(drift) as differs:
        assert differs == {("different", "column public.users.email")}
    shop.migrations = (replace(FIRST, text=BASE.replace("\n", "\r\n")), SECOND)
    assert shop.drift().clean


def test_one_without_a_file(shops: Shops) -> None:
    shop = shops.open()
    shop.apply(THIRD)
    drift = shop.drift()
    assert drift.history.missing == ("3_notes",)
    assert drift.notes == ("applied there, and replayed without, as there is no file: 3_notes",)
    with told(drift) as differs:
        assert differs == {("extra", "table public.notes")}


@pytest.mark.campaign
def test_one_that_sorts_before_what_is_applied(shops: Shops) -> None:
    shop = shops.open()
    late = migration("1_late", "CREATE TABLE late (id int)")
    shop.migrations = (FIRST, late, SECOND)
    drift = shop.drift()
    assert (drift.clean, drift.gaps, drift.history.out_of_order) == (False, (), ("1_late",))


@pytest.mark.campaign
def test_one_that_was_stamped_should_be_there(shops: Shops) -> None:
    shop = shops.open()
    shop.migrations += (THIRD,)
    shop.record(THIRD, steps=0)
    drift = shop.drift()
    assert drift.history.stamped == ("3_notes",)
    with told(drift) as differs:
        assert differs == {("missing", "table public.notes")}


def test_a_history_that_fails_on_the_shadow(shops: Shops) -> None:
    shop = shops.open()
    shop.migrations = (FIRST, replace(SECOND, text="ALTER TABLE user ADD COLUMN email text"))
    with pytest.raises(CannotAnalyse, match=r"^migrations/2_email\.sql:1: the merged history fails here: "):
        shop.drift()


# ---------------------------------------------------------------- what the policy says


def test_what_the_policy_ignores(shops: Shops) -> None:
    shop = shops.open()
    shop.run(
        "CREATE SCHEMA audit CREATE TABLE log (id serial PRIMARY KEY) CREATE VIEW seen AS SELECT 1 AS one",
        "CREATE TABLE tmp_1 (id int PRIMARY KEY); CREATE INDEX by_age ON users (age); ALTER TABLE users ADD x int",
    )
    ignore = ("audit.*", "tmp_*", "public.by_age", "public.users.x")
    assert shop.drift(DriftPolicy(ignore=ignore)).clean
    with told(shop.drift(DriftPolicy(ignore=("audit.*", "tmp_*")))) as differs:
        assert differs == {("extra", "index public.by_age"), ("extra", "column public.users.x")}


def test_owners_and_grants_count_where_the_policy_says_so(shops: Shops) -> None:
    shop = shops.open()
    grants = "GRANT SELECT ON users TO clerk; GRANT ALL ON orders TO shop_owner;"
    with shop.server.admin() as admin:
        admin.execute("CREATE ROLE clerk; CREATE ROLE other_owner")
    shop.migrations += (migration("3_grants", grants),)
    shop.apply(shop.migrations[-1])
    assert shop.drift(DriftPolicy(owners=True, grants=True)).clean
    with shop.server.admin(f"shop_{shops.number}") as admin:
        admin.execute("REVOKE SELECT ON users FROM clerk; GRANT INSERT ON orders TO clerk")
        admin.execute("ALTER VIEW names OWNER TO other_owner")
    assert shop.drift().clean
    with told(shop.drift(DriftPolicy(grants=True))) as differs:
        assert differs == {("different", "table public.users"), ("different", "table public.orders")}
    drift = shop.drift(DriftPolicy(owners=True))
    assert [(gap.object, gap.expected, gap.actual) for gap in drift.gaps] == [
        ("view public.names", f"owner: {OWNER}", "owner: other_owner")
    ]


@pytest.mark.campaign
def test_roles_that_no_migration_makes(shops: Shops) -> None:
    shop = shops.open()
    with shop.server.admin() as admin:
        admin.execute('CREATE ROLE auditor; CREATE ROLE "Odd role"')
    with shop.server.admin(f"shop_{shops.number}") as admin:
        admin.execute('CREATE POLICY p ON orders TO auditor, "Odd role" USING (true)')
        admin.execute('ALTER VIEW names OWNER TO "Odd role"; GRANT SELECT (name) ON users TO "Odd role"')
        admin.execute("GRANT SELECT ON users TO auditor WITH GRANT OPTION; REVOKE ALL ON FUNCTION touch() FROM PUBLIC")
        admin.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT ON TABLES TO auditor")
    with told(shop.drift()) as differs:
        assert differs == {("extra", "policy public.orders.p")}
    with told(shop.drift(DriftPolicy(owners=True, grants=True))) as differs:
        assert differs == {
            ("extra", "policy public.orders.p"),
            ("extra", f"default privileges for role {OWNER} on tables"),
            ("different", "view public.names"),
            ("different", "function public.touch()"),
            ("different", "table public.users"),
            ("different", "column public.users.name"),
        }


# ---------------------------------------------------------------- where it is


@pytest.mark.campaign
def test_a_schema_of_its_own(shops: Shops) -> None:
    shop = shops.empty()
    shop.run("CREATE SCHEMA shop")
    shop.url += "?options=-csearch_path%3Dshop"
    shop.apply(*shop.migrations)
    drift = shop.drift()
    assert (drift.clean, drift.history.table) == (True, "shop.migration_bot_history")
    with pytest.raises(CannotAnalyse, match=r"shop\.migration_bot_history is there, and .* \?schema=") as refused:
        shop.drift(url=shop.url.partition("?")[0])
    assert PASSWORD not in str(refused.value)


def test_a_role_that_may_hardly_read_anything(shops: Shops) -> None:
    shop = shops.open()
    shop.run("ALTER TABLE users DROP COLUMN email")
    reader = shop.called("reader")
    with pytest.raises((Refused, Unreachable), match=r"migration_bot_history"):
        shop.drift(url=reader)
    shop.run("GRANT SELECT ON migration_bot_history TO reader")
    with told(shop.drift(url=reader)) as differs:
        assert differs == {("missing", "column public.users.email")}


@pytest.mark.campaign
def test_a_database_that_only_lets_itself_be_read(shops: Shops) -> None:
    shop = shops.open()
    with shop.server.admin() as admin:
        admin.execute(f"ALTER DATABASE shop_{shops.number} SET default_transaction_read_only = on")
    assert shop.drift().clean


def test_no_lock_beyond_access_share(shops: Shops) -> None:
    """EXCLUSIVE keeps out every other lock (https://www.postgresql.org/docs/current/explicit-locking.html)."""
    shop = shops.open()
    with psycopg.connect(shop.url) as other:
        other.execute("LOCK TABLE users, orders, migration_bot_history IN EXCLUSIVE MODE")
        assert shop.drift(lock_ms=100).clean
        other.execute("LOCK TABLE users")
        with pytest.raises(Unreachable, match=r"^the database: a table is under an ACCESS EXCLUSIVE lock, waited"):
            shop.drift(lock_ms=100)


@pytest.mark.campaign
def test_tables_and_no_history(shops: Shops) -> None:
    shop = shops.empty()
    shop.run(BASE)
    with pytest.raises((CannotAnalyse, Refused), match=r"migration_bot_history"):
        shop.drift()


@pytest.mark.campaign
def test_a_standby_will_do(shops: Shops) -> None:
    shop = shops.open()
    server = shop.server
    server.stop()
    (server.folder / "data" / "standby.signal").touch()
    try:
        server.start()
        assert shop.drift().clean
    finally:
        server.stop()
        (server.folder / "data" / "standby.signal").unlink(missing_ok=True)
        server.start()


# ---------------------------------------------------------------- what the shadow is not


@pytest.mark.campaign
def test_the_shadow_is_of_another_version(shops: Shops, cache: Path) -> None:
    """A live server of the embedded version, and a history that only another one can replay."""
    embedded = [one for one in find_installations() if one.embedded and "citext" not in one.extensions]
    others = [one for one in find_installations() if "citext" in one.extensions]
    if not embedded or not others:
        pytest.skip("needs a server with citext, and an embedded one without")
    with live_server(installation=embedded[0]) as server:
        shop = Shops(server, cache).open()
        shop.migrations += (migration("3_citext", "CREATE EXTENSION citext"),)
        shop.record(shop.migrations[-1], steps=0)
        drift = shop.drift()
    assert [(gap.kind.value, gap.object) for gap in drift.gaps] == [("missing", "extension citext")]
    version = f"the live server's version, {embedded[0].major}, is not on this machine"
    assert any(note.endswith(version) for note in drift.notes)
