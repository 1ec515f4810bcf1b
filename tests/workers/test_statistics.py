"""What production has counted: the query that docs/statistics.md gives, the file it prints, and the policy it joins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.repositories import Repo
from workers.errors import InputError
from workers.policy import POLICY_PATH, Policy, Statistics, TablePolicy
from workers.policy_file import parse_policy
from workers.postgres.cluster import Cluster, Role
from workers.reading import read_policy
from workers.repository import Repository
from workers.statistics_file import parse_statistics
from workers.words import Name

DOCS = Path(__file__).parents[2] / "docs" / "statistics.md"
ORDERS, ITEMS, OTHER = Name("public", "orders"), Name("sales", "items"), Name("public", "t")


def test_nothing_was_counted() -> None:
    assert parse_statistics('{"tables": {}}', "s.json") == Statistics()
    assert Policy().with_statistics(Statistics()) == Policy()


def test_what_the_policy_says_itself_wins() -> None:
    policy = parse_policy("{tables: {orders: {rows: 5}, sales.items: {hot: true}}, indexes: {i: {scans: 1}}}")
    told = ((ORDERS, TablePolicy(7, size_bytes=70)), (ITEMS, TablePolicy(8, size_bytes=80)), (OTHER, TablePolicy(9)))
    policy = policy.with_statistics(Statistics(told, ((Name("public", "i"), 2),)))
    assert policy.table(ORDERS) == TablePolicy(5)
    assert policy.table(ITEMS) == TablePolicy(8, hot=True, size_bytes=80)
    assert policy.table(OTHER) == TablePolicy(9)
    assert (policy.scanned(Name("public", "i")), policy.scanned(Name("public", "j"))) == (1, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "s.json:1: not JSON: Expecting value."),
        ('{"tables": {\n "a": 1,}}', "s.json:2: not JSON: Expecting property name enclosed in double quotes."),
        ("[" * 100_000, "s.json: nested too deeply."),
        ("[]", 's.json:1: the file should hold settings, as "key": value.'),
        ('{"indexes": {}}', "s.json:1: tables is missing."),
        (
            '{"tables": {\n"a": {"rows": 1},\n"b": {"rows": "1"}}}',
            "s.json:3: tables.b.rows should be a valid integer.",
        ),
        (
            '{"tables": {"a": {"rows": -1}}}',
            "s.json:1: tables.a.rows should be greater than or equal to 0.",
        ),
    ],
)
def test_one_sentence_with_the_line(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_statistics(text, "s.json")
    assert str(raised.value) == sentence


def test_what_else_the_file_holds_is_passed_over() -> None:
    text = '{"taken_at": "2026-01-01", "tables": {"orders": {"rows": 3, "bytes": 8192, "kind": "table"}}}'
    assert parse_statistics(text, "s.json") == Statistics(((ORDERS, TablePolicy(3, size_bytes=8192)),))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path)
    repo.commit(
        {POLICY_PATH: "statistics: counted/now.json\n", "counted/now.json": '{"tables": {"orders": {"rows": 3}}}'}
    )
    return repo


def test_the_file_is_read_at_the_commit_of_the_policy(repo: Repo) -> None:
    base = repo.git("rev-parse", "HEAD")
    head = repo.commit({"counted/now.json": '{"tables": {"orders": {"rows": 4}}}'})
    read = Repository(repo.folder)
    rows = [read_policy(read, commit).table(ORDERS).rows for commit in (base, head)]
    assert rows == [3, 4]


def test_a_file_that_is_not_there(repo: Repo) -> None:
    head = repo.commit({"counted/now.json": None})
    with pytest.raises(InputError) as raised:
        read_policy(Repository(repo.folder), head)
    assert str(raised.value) == (
        f".github/migrations.yml: there is no counted/now.json at {head[:12]}, which statistics names."
    )


def test_a_path_outside_the_repository() -> None:
    with pytest.raises(InputError, match=r"p\.yml:1: statistics should be a file inside the repository\."):
        parse_policy("statistics: ../secrets.json", "p.yml")


# ---------------------------------------------------------------- the query


@pytest.fixture
def production(cluster: Cluster) -> Iterator[psycopg.Connection]:
    cluster.create_database("counted")
    with cluster.connect(Role.MIGRATION, "counted") as connection:
        yield connection
    cluster.drop_database("counted")


def test_the_query_prints_what_is_read(production: psycopg.Connection) -> None:
    production.execute(
        """
        CREATE SCHEMA sales;
        CREATE TABLE orders (id int PRIMARY KEY, total int);
        CREATE INDEX orders_total ON orders (total);
        INSERT INTO orders SELECT n, n FROM generate_series(1, 1000) AS n;
        CREATE TABLE sales.items (taken date) PARTITION BY RANGE (taken);
        CREATE TABLE sales.items_2026 PARTITION OF sales.items FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        INSERT INTO sales.items SELECT '2026-05-05' FROM generate_series(1, 300);
        CREATE TABLE unseen AS SELECT 1 AS n;
        CREATE TABLE hollow (n int)
        """
    )
    production.execute("VACUUM ANALYZE orders")
    production.execute("VACUUM ANALYZE sales.items_2026")
    production.execute("SET enable_seqscan = off")
    production.execute("SELECT FROM orders WHERE total = 5")
    production.execute("SELECT pg_stat_force_next_flush()")
    query = re.search(r"^```sql\n(.*?)^```$", DOCS.read_text("utf-8"), re.M | re.S)
    assert query
    row = production.execute(query[1].encode()).fetchone()
    assert row
    assert set(json.loads(row[0])) == {"tables", "indexes", "taken_at"}
    counted = parse_statistics(row[0], "s.json")
    rows = {str(name): table.rows for name, table in counted.tables}
    assert rows.pop("public.unseen", 1) == 1
    assert rows == {"public.hollow": 0, "public.orders": 1000, "sales.items": 300, "sales.items_2026": 300}
    assert 8192 < (dict(counted.tables)[ORDERS].size_bytes or 0) < 200_000
    assert dict(counted.scans) == {Name("public", "orders_total"): 1, Name("public", "orders_pkey"): 0}
