"""Measures live drift of a whole database: all that it takes besides the replay of what was applied.

    .venv/bin/python bench/drift.py [--tables 300] [--runs 5]

Goal: at most 2 s besides the replay, for a database of 300 tables, whether it is as its migrations build it or was
changed by hand. Prints one line for each with what it consists of; ends with 1 when the goal is missed."""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the server that the tests use

import psycopg

from bot.settings import read_settings
from tests.live_server import live_server
from workers.drift.live import LiveDrift
from workers.environments.live import live_drift
from workers.environments.seen import look, named_by
from workers.machine import machine_of
from workers.model import Migration, MigrationSet, Transaction
from workers.policy import Policy
from workers.postgres.catalog import read_catalog

_GOAL_S = 2.0
_AT_ONCE = 10  # tables in one migration
_TABLE = """CREATE TYPE kind_{n} AS ENUM ('a', 'b', 'c');
CREATE TABLE table_{n} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id bigint REFERENCES table_{other}, kind kind_{n},
    email text NOT NULL UNIQUE, name varchar(200) DEFAULT 'nobody', amount numeric(12, 2) CHECK (amount >= 0),
    made_at timestamptz NOT NULL DEFAULT now(), state text NOT NULL DEFAULT 'new', note text, seen boolean
);
CREATE INDEX table_{n}_state ON table_{n} (state, made_at);
CREATE INDEX table_{n}_parent ON table_{n} (parent_id);
"""
# Of each tenth table, what people do to it when nobody looks.
_BY_HAND = """DROP INDEX table_{n}_state; CREATE INDEX table_{n}_fast ON table_{n} (note);
ALTER TABLE table_{n} ALTER COLUMN name TYPE text, ADD COLUMN extra int DEFAULT 3, DROP COLUMN seen;
ALTER TYPE kind_{n} ADD VALUE 'd'"""
_HISTORY = """CREATE TABLE migration_bot_history (
    id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
    migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0)"""
_ROW = """INSERT INTO migration_bot_history VALUES (%s, encode(sha256(%s), 'hex'), now(), %s, NULL, NULL, now(), 1)"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures live drift besides its replay.")
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    gc.freeze()  # as the program does
    gc.set_threshold(100_000, 20, 50)
    history = tuple(_history(asked.tables))
    with live_server() as server:
        url = server.create_database("shop")
        _fill(url, history)
        clean = _measured("as built", url, history, asked.runs)
        with psycopg.connect(url, autocommit=True) as connection:
            for number in range(0, asked.tables, 10):
                connection.execute(_BY_HAND.format(n=number).encode())
        changed = _measured("changed by hand", url, history, asked.runs)
    return 0 if max(clean, changed) <= _GOAL_S else 1


def _history(tables: int) -> Iterator[Migration]:
    for first in range(0, tables, _AT_ONCE):
        numbers = range(first, min(tables, first + _AT_ONCE))
        text = "".join(_TABLE.format(n=number, other=max(0, number - 1)) for number in numbers)
        yield Migration(f"{first:05}", f"migrations/{first:05}.sql", text, Transaction.SIMPLE_QUERY)


def _fill(url: str, history: tuple[Migration, ...]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_HISTORY)
        for one in history:
            connection.execute(one.text.encode())
            connection.execute(_ROW, (one.id, one.text.encode(), one.id))


def _measured(name: str, url: str, history: tuple[Migration, ...], runs: int) -> float:
    """Seconds besides the replay, the median; the first run, which keeps the replayed history, does not count."""
    found = MigrationSet("plain", "migrations", "", "", history, ())
    _drift(url, found)
    busy_s = time.process_time()
    drifts = [_drift(url, found) for _ in range(runs)]
    busy_s = (time.process_time() - busy_s) / runs
    took_s = statistics.median(one.seconds - one.replay_s for one in drifts)
    replay_s = statistics.median(one.replay_s for one in drifts)
    looks_s, catalog_s = (statistics.median(times) for times in zip(*(_parts(url, found) for _ in drifts), strict=True))
    print(
        f"{name:16} {took_s:5.2f} s (goal {_GOAL_S:g}) and {replay_s:.2f} s for the server with the replay; "
        f"{len(drifts[0].gaps)} objects differ; this process works for {busy_s:.2f} s in all; "
        f"to look at the live database takes {looks_s:.2f} s, "
        f"its catalog {catalog_s:.2f} s of them"
    )
    return took_s


def _drift(url: str, found: MigrationSet) -> LiveDrift:
    drift = live_drift(named_by(url), found, Policy(), machine_of(read_settings(os.environ)))
    for closing in (drift.to_migrations, drift.to_live):
        assert closing is None or closing.proven, closing.why_not
    return drift


def _parts(url: str, found: MigrationSet) -> tuple[float, float]:
    """Seconds to look at the live database; and of them for its catalog."""
    began = time.monotonic()
    look(named_by(url), found)
    looked = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        read_catalog(connection)
    return looked - began, time.monotonic() - looked


if __name__ == "__main__":
    sys.exit(main())
