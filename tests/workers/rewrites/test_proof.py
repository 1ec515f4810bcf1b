"""Rewrites on a real server: what reaches the same schema and rows is proven, what does not is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workers.rewrites.tried import by_statement, cleaned, reviewed, standing_on
from workers.catalog import Catalog
from workers.model import Migration, Transaction
from workers.policy import Policy
from workers.postgres.outcome import Loss, ServerLost
from workers.postgres.servers import Installation
from workers.remedies import End, Place, Proof, prove_rewrites
from workers.replay import Replayed
from workers.rewrites import renames
from workers.rules.steps import not_rehearsed
from workers.verdict import Rewrite, RewriteStep

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE "Orders" (
    id bigint, part int, customer_id bigint, total integer NOT NULL DEFAULT 0, code varchar(50) COLLATE "C",
    "order" integer DEFAULT 3, nick text, indexed integer, PRIMARY KEY (id, part)
);
CREATE INDEX orders_indexed ON "Orders" (indexed);
CREATE TABLE links (id serial PRIMARY KEY, a int NOT NULL, b int NOT NULL, CONSTRAINT links_once UNIQUE (a, b));
CREATE TYPE size AS ENUM ('s', 'm');
CREATE TABLE others (id bigint PRIMARY KEY, code text, size size, note text);
CREATE TABLE counted (id bigint PRIMARY KEY, changes integer NOT NULL, state text);
CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END $$;
CREATE TRIGGER count_change BEFORE UPDATE ON counted FOR EACH ROW EXECUTE FUNCTION count_change();
CREATE TABLE readings (id bigint, taken date) PARTITION BY RANGE (taken);
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE readings_2 (id bigint, taken date);
CREATE TABLE kinds (id bigint, "Kind" text) PARTITION BY LIST ("Kind");
CREATE TABLE kinds_1 (id bigint, "Kind" text);
CREATE MATERIALIZED VIEW pages AS SELECT id, part FROM "Orders";
CREATE UNIQUE INDEX pages_key ON pages (id, part);
"""

Tried = Callable[..., list[Rewrite | None]]


@pytest.fixture(scope="module")
def base(installation: Installation, cache: Path) -> Iterator[Replayed]:
    with standing_on(SETUP, installation, cache) as found:
        yield found


@pytest.fixture
def tried(base: Replayed) -> Iterator[Tried]:
    def call(sql: str, transaction: Transaction = Transaction.STATEMENT) -> list[Rewrite | None]:
        return by_statement(reviewed(base, sql, transaction, Policy()).migrations[0])

    yield call
    cleaned(base)


def proofs(rewrites: list[Rewrite | None]) -> list[tuple[bool, str | None] | None]:
    return [(each.proven, each.refuted) if each else None for each in rewrites]


PROVEN = (True, None)


def test_nothing_to_prove(tried: Tried) -> None:
    assert tried("CREATE TABLE n (a int); ALTER TABLE n ADD CHECK (a > 0);") == [None, None]


@pytest.mark.parametrize("transaction", [Transaction.FILE, Transaction.STATEMENT])
def test_each_family_in_one_go(tried: Tried, transaction: Transaction) -> None:
    """The names that the server chooses, the constraint's number on 18 and the sequence's owner are the same."""
    rewrites = tried(
        """
        CREATE INDEX ON readings (taken);
        ALTER TABLE readings ATTACH PARTITION readings_2 FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
        ALTER TABLE kinds ATTACH PARTITION kinds_1 FOR VALUES IN ('a', 'b');
        ALTER TABLE "Orders" ALTER COLUMN total TYPE bigint;
        ALTER TABLE "Orders" ALTER "order" SET DATA TYPE text USING ("order" * 2)::text;
        ALTER TABLE "Orders" RENAME code TO label;
        ALTER TABLE "Orders" DROP COLUMN nick, ADD COLUMN nickname text;
        ALTER TABLE "Orders" ADD number serial, ADD token uuid NOT NULL DEFAULT gen_random_uuid();
        ALTER TABLE "Orders" ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE SET NULL;
        ALTER TABLE "Orders" ADD COLUMN weight int DEFAULT 1 UNIQUE DEFERRABLE CHECK (weight > 0);
        REINDEX TABLE "Orders";
        UPDATE counted SET state = id::text || random();
        """,
        transaction,
    )
    assert [each is None for each in rewrites] == [True] + [False] * 11
    assert proofs(rewrites)[1:] == [PROVEN] * 11


def test_a_default_that_is_dropped_before_does_not_come_back(tried: Tried) -> None:
    rewrites = tried(
        """
        ALTER TABLE "Orders" ALTER COLUMN total DROP DEFAULT;
        ALTER TABLE "Orders" ALTER COLUMN total TYPE text;
        ALTER TABLE "Orders" ALTER COLUMN total SET DEFAULT 'none';
        ALTER TABLE "Orders" ALTER "order" DROP DEFAULT, ALTER "order" TYPE text, ALTER "order" SET DEFAULT '';
        """
    )
    assert proofs(rewrites) == [None, PROVEN, None, PROVEN]


def test_tables_take_new_names(tried: Tried) -> None:
    first, second = tried("ALTER TABLE customers RENAME TO clients; CREATE SCHEMA crm;")
    assert first is not None
    assert (first.proven, first.in_place, second) == (True, False, None)
    assert [step.deploy for step in first.steps] == [None, "code that uses public.clients"]


def test_an_index_of_a_partitioned_table_is_built_on_each_partition(tried: Tried) -> None:
    (of,) = tried("CREATE UNIQUE INDEX once ON readings (id, taken);")
    assert of is not None
    assert of.proven
    assert [step.sql for step in of.steps] == [
        "CREATE UNIQUE INDEX once ON ONLY readings (id, taken);",
        "CREATE UNIQUE INDEX CONCURRENTLY readings_1_id_taken_idx ON public.readings_1 (id, taken);",
        "ALTER INDEX public.once ATTACH PARTITION public.readings_1_id_taken_idx;",
    ]


def test_which_row_gets_which_number_is_left_open(tried: Tried) -> None:
    """The statement counts rows as they lie, batches count them by their key."""
    assert proofs(tried("ALTER TABLE links ADD COLUMN number serial;")) == [PROVEN]


def test_the_numbers_of_an_unlogged_table_are_not_logged_either(tried: Tried) -> None:
    alone, second = tried("ALTER TABLE links SET UNLOGGED; ALTER TABLE links ADD COLUMN number serial;")
    assert alone is None
    assert proofs([second]) == [PROVEN]


def test_a_difference_is_told(tried: Tried) -> None:
    """Batches are UPDATEs: triggers run. What others of the migration come to does not hang on it."""
    first, second = tried(
        "CREATE INDEX i ON counted (state); ALTER TABLE counted ADD COLUMN token uuid DEFAULT gen_random_uuid();"
    )
    assert first is not None
    assert second is not None
    assert (first.proven, first.refuted) == (True, None)
    assert second.proven is False
    assert (second.refuted or "").endswith("rows are not as the statement leaves them")


_LOSES_VALUES = """\
    IF TG_OP = 'INSERT' THEN NEW.{new} := coalesce(NEW.{new}, NEW.{old});
    ELSIF NEW.{old} IS DISTINCT FROM OLD.{old} THEN NEW.{new} := NEW.{old};
    ELSE NEW.{old} := NEW.{new};
    END IF;"""


def test_code_that_goes_on_meanwhile_loses_nothing(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that no batch has reached are written: a trigger that takes their empty new column is refuted."""
    monkeypatch.setattr(renames, "_BOTH_WAYS", _LOSES_VALUES)
    (of,) = tried('ALTER TABLE "Orders" RENAME code TO label;')
    assert of is not None
    assert (of.refuted or "").startswith("table public.Orders: ")


@pytest.mark.parametrize(
    "earlier",
    [
        'ALTER TABLE "Orders" RENAME COLUMN part TO piece',
        'ALTER TABLE "Orders" DROP CONSTRAINT "Orders_pkey"',
        'ALTER TABLE "Orders" RENAME TO old; ALTER TABLE others RENAME TO "Orders"',
    ],
)
def test_what_an_earlier_statement_changes_is_no_longer_known(tried: Tried, earlier: str) -> None:
    assert tried(f"{earlier}; UPDATE \"Orders\" SET code = 'x';")[-1] is None


@pytest.mark.parametrize(
    "earlier",
    [
        "ALTER TYPE size RENAME TO width",
        "ALTER TABLE others ALTER COLUMN size TYPE text",
        "ALTER TABLE others RENAME COLUMN size TO s; ALTER TABLE others RENAME COLUMN note TO size",
    ],
)
def test_a_column_that_an_earlier_statement_changes_is_left_alone(tried: Tried, earlier: str) -> None:
    assert tried(f"{earlier}; ALTER TABLE others RENAME COLUMN size TO extent;")[-1] is None


def test_a_key_takes_another_s_place_in_one_statement(tried: Tried) -> None:
    """Its index is built before, so that the table is never without a key."""
    (of,) = tried("ALTER TABLE links DROP COLUMN id, ADD PRIMARY KEY (a, b), DROP CONSTRAINT links_once;")
    assert of is not None
    assert proofs([of]) == [PROVEN]
    assert [step.sql for step in of.steps] == [
        "CREATE UNIQUE INDEX CONCURRENTLY links_a_b_key_new ON links (a, b);",
        "ALTER TABLE links DROP COLUMN id, DROP CONSTRAINT links_once,"
        " ADD CONSTRAINT links_pkey PRIMARY KEY USING INDEX links_a_b_key_new;",
    ]


@pytest.mark.parametrize(
    "sql",
    [
        'ALTER TABLE "Orders" DROP CONSTRAINT "Orders_pkey"; ALTER TABLE "Orders" ADD PRIMARY KEY (id);',
        'ALTER TABLE "Orders" DROP CONSTRAINT "Orders_pkey", ADD COLUMN number serial, ADD PRIMARY KEY (number);',
    ],
)
def test_a_table_is_never_left_without_its_key(tried: Tried, sql: str) -> None:
    assert set(tried(sql)) == {None}


def test_a_batch_sees_what_the_ones_before_it_wrote(tried: Tried) -> None:
    """The few rows of a trial make several batches, so that this is seen."""
    (of,) = tried('UPDATE "Orders" SET total = (SELECT max(o.total) + 1 FROM "Orders" o);')
    assert of is not None
    assert (of.proven, of.refuted is None) == (False, False)


def test_where_more_hangs_on_a_column_nothing_is_said(tried: Tried) -> None:
    sql = 'ALTER TABLE "Orders" ALTER COLUMN indexed TYPE bigint; ALTER TABLE "Orders" RENAME COLUMN indexed TO other;'
    assert tried(sql) == [None, None]


def test_what_runs_around_a_rewrite_runs_as_it_did(tried: Tried) -> None:
    """The file's own transactions, what may be in none, and data behind COPY."""
    rewrites = tried(
        "BEGIN;\nSAVEPOINT a;\nRELEASE a;\nREINDEX TABLE customers;\nCOMMIT;\n"
        "CREATE INDEX CONCURRENTLY i ON customers (id);\nCOPY customers FROM stdin;\n-1\n\\.\n"
        "CREATE INDEX j ON customers (id);\n"
    )
    assert proofs(rewrites) == [None, None, None, PROVEN, None, None, None, PROVEN]


def test_a_view_is_refreshed_beside_its_readers(tried: Tried) -> None:
    (of,) = tried("REFRESH MATERIALIZED VIEW pages;")
    assert of is not None
    assert of.proven
    assert [step.sql for step in of.steps] == ["REFRESH MATERIALIZED VIEW CONCURRENTLY pages;"]


def test_a_server_that_is_lost_proves_nothing() -> None:
    @contextlib.contextmanager
    def lost() -> Iterator[Place]:
        raise ServerLost(Loss.TIME, "the migrations together took more than 60 s", 0.0)
        yield

    migration = not_rehearsed(Migration("2", "2.sql", "SELECT 1;", Transaction.FILE))
    rewrites = {0: Rewrite((RewriteStep("SELECT 1;", True),), proven=False)}
    assert prove_rewrites(migration, rewrites, End(Catalog({}, "me"), {}), lost) == Proof()
