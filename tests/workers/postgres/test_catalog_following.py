"""What is read bit by bit is what is there: after each of many statements, against a reading of everything."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from workers.postgres import catalog_following
from workers.postgres.catalog import read_catalog
from workers.postgres.catalog_following import Follower
from workers.postgres.cluster import Cluster, Role

# What is gone, named otherwise, or hangs on something else is what could be overlooked.
STATEMENTS = """
SELECT 1
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'x', age int CHECK (age > 0))
CREATE TABLE pets (id int PRIMARY KEY, owner int REFERENCES users, CONSTRAINT named UNIQUE (owner))
CREATE INDEX pets_owner ON pets (owner) WHERE owner > 3
COMMENT ON COLUMN users.name IS 'said'
COMMENT ON INDEX pets_owner IS 'said'
COMMENT ON COLUMN users.name IS NULL
DROP INDEX pets_owner
ALTER TABLE pets DROP CONSTRAINT pets_owner_fkey
ALTER TABLE users ALTER name DROP DEFAULT, ALTER name DROP NOT NULL
ALTER TABLE users ALTER age TYPE bigint
CREATE VIEW adults AS SELECT id, name FROM users WHERE age > 17
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
ALTER TABLE users DISABLE TRIGGER touched
ALTER TABLE users RENAME TO people
ALTER TABLE people RENAME COLUMN name TO called
ALTER SEQUENCE users_id_seq OWNED BY NONE
CREATE TYPE mood AS ENUM ('sad', 'glad')
ALTER TABLE people ADD mood mood DEFAULT 'sad', ADD loud text GENERATED ALWAYS AS (upper(called)) STORED
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'
ALTER TYPE mood ADD VALUE 'mad'
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)
ALTER DOMAIN short DROP CONSTRAINT short_check
GRANT SELECT (called) ON people TO migration_bot_observer
REVOKE SELECT (called) ON people FROM migration_bot_observer
GRANT USAGE ON SCHEMA public TO migration_bot_observer
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO migration_bot_observer
CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at)
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
CREATE INDEX parts_id ON parts (id)
ALTER TABLE parts DETACH PARTITION part_1
ALTER TABLE people ENABLE ROW LEVEL SECURITY
CREATE POLICY own ON people USING (id = 1)
CREATE STATISTICS counted ON id, owner FROM pets
ALTER TABLE pets ADD fed date
CREATE PUBLICATION told FOR TABLE people
ALTER TABLE people ADD fed date
ALTER PUBLICATION told DROP TABLE people
CREATE SCHEMA other
ALTER TABLE pets SET SCHEMA other
ALTER TABLE people REPLICA IDENTITY FULL
DROP VIEW adults
ALTER TABLE people DROP COLUMN age
DROP TABLE other.pets, parts
BEGIN; CREATE TABLE a (id int); SAVEPOINT s; CREATE TABLE b (id int); ROLLBACK TO s; CREATE INDEX ON a (id); COMMIT
DROP POLICY own ON people; CREATE RULE quiet AS ON DELETE TO people DO INSTEAD NOTHING
DROP RULE quiet ON people; DROP TRIGGER touched ON people; DROP FUNCTION one()
"""


@pytest.fixture
def writer(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with cluster.connect(Role.MIGRATION, database) as connection:
        yield connection


@pytest.fixture
def reader(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with cluster.connect(Role.MIGRATION, database) as connection:
        yield connection


def test_each_reading_is_as_one_of_everything(
    writer: psycopg.Connection, reader: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_following, "_CHECKED_EVERY", 1)  # which raises Wrong where they differ
    follower = Follower(reader)
    for statement in STATEMENTS.strip().splitlines():
        writer.execute(statement.encode(), prepare=False)
        follower.read()
    assert follower.read().objects == read_catalog(reader).objects
    assert follower.whole < len(STATEMENTS.splitlines()) / 2


def test_what_has_not_changed_is_the_same_object(writer: psycopg.Connection, reader: psycopg.Connection) -> None:
    writer.execute("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    follower = Follower(reader)
    before = follower.read()
    assert follower.read() is before
    writer.execute("ALTER TABLE b ADD x int")
    after = follower.read()
    assert {each.path[-1] for id, each in after.objects.items() if before.objects.get(id) is not each} == {"x"}
