"""Compares what a review estimates for a table of so many rows with the same statements on a real table of that size.

    .venv/bin/python bench/pace.py [--rows 1000000] [--runs 3]

The real table is on a server with PostgreSQL's own settings (fsync, 128 MB of shared buffers, parallel builds), with
values of its own. Prints, for each kind of statement, the band, the real time and whether it lies within; then what the
estimates add to a rehearsal. Ends with 1 when a real time is farther than the band's width from it."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the server that the tests use

import psycopg

from tests.live_server import OWNER, live_server
from workers.model import Migration, Transaction
from workers.policy import Policy, TablePolicy
from workers.postgres.cluster import Limits, default_cache
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, choose, find_installations
from workers.rehearse import rehearse
from workers.rehearsed import Estimate
from workers.replay import Ground, replayed
from workers.words import Name

_SCHEMA = """
CREATE TABLE orders (
    id bigserial PRIMARY KEY, customer integer NOT NULL, total integer NOT NULL, state varchar(20) NOT NULL, note text,
    placed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_customer ON orders (customer);
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;
"""
_ROWS = """
INSERT INTO orders (customer, total, state, note, placed)
SELECT (random() * 50000)::int, (random() * 100000)::int, (ARRAY['new', 'paid', 'sent', 'done'])[1 + n %% 4],
    repeat('note ', (n %% 8)::int), now() - n * interval '1 minute'
FROM generate_series(1, %s) AS n
"""
_STATEMENTS = (
    ("rewrite", "ALTER TABLE orders ALTER COLUMN total TYPE bigint"),
    ("build", "CREATE INDEX orders_placed ON orders (placed)"),
    ("scan", "ALTER TABLE orders VALIDATE CONSTRAINT total_positive"),
)
_SETTINGS = ("fsync=on", "shared_buffers=128MB", "max_wal_size=1GB", "autovacuum=off")


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    estimate: Estimate | None
    took_ms: float


def main() -> int:
    asked = _arguments()
    installation = choose(find_installations(), None, frozenset())
    within = []
    with _real_table(asked.rows, installation) as connection:
        for kind, statement in _STATEMENTS:
            real_ms = [_real(connection, statement) for _ in range(asked.runs)]
            estimates = [_review(statement, installation, asked.rows).estimate for _ in range(asked.runs)]
            within += [_told(kind, estimate, statistics.median(real_ms)) for estimate in estimates]
    _cost(installation, asked)
    return 0 if all(within) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compares estimates with real runs.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


@contextmanager
def _real_table(rows: int, installation: Installation) -> Iterator[psycopg.Connection]:
    with live_server(*_SETTINGS, installation=installation) as server:
        url = server.create_database("shop")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_SCHEMA.encode())
            connection.execute(_ROWS.encode(), [rows])
            connection.execute("VACUUM ANALYZE orders")
            with server.admin() as admin:
                admin.execute("CHECKPOINT")
            print(f"{rows:,} rows of {OWNER} on PostgreSQL {installation.version}")
            yield connection


def _real(connection: psycopg.Connection, statement: str) -> float:
    with connection.transaction(force_rollback=True):
        began = time.monotonic()
        connection.execute(statement.encode())
        return (time.monotonic() - began) * 1000


def _review(statement: str, installation: Installation, rows: int | None) -> _Rehearsed:
    ground = Ground(installation, strongest_tier(), Limits(), default_cache(), 1 << 30, lambda: None)
    history = (Migration("1", "1.sql", _SCHEMA, Transaction.FILE),)
    added = (Migration("2", "2.sql", statement, Transaction.FILE),)
    with replayed(history, ground) as base:
        began = time.monotonic()
        found = rehearse(base, added, Policy(tables=((Name("public", "orders"), TablePolicy(rows)),)))
        took_ms = (time.monotonic() - began) * 1000
    return _Rehearsed(next(iter(found.migrations[0].estimates), None), took_ms)


def _told(kind: str, estimate: Estimate | None, real_ms: float) -> bool:
    if estimate is None:
        print(f"{kind:8} no estimate")
        return False
    middle_ms = (estimate.low_ms * estimate.high_ms) ** 0.5
    inside = estimate.low_ms <= real_ms <= estimate.high_ms
    width = estimate.high_ms / estimate.low_ms
    largest = max(rows for rows, _ in estimate.measured)
    print(
        f"{kind:8} {estimate.low_ms:6.0f} to {estimate.high_ms:6.0f} ms from {largest:7,} rows, really {real_ms:6.0f}: "
        f"{'within' if inside else 'outside'}, middle / real {middle_ms / real_ms:.2f}"
    )
    return estimate.low_ms / width <= real_ms <= estimate.high_ms * width


def _cost(installation: Installation, asked: argparse.Namespace) -> None:
    for told, rows in (("row counts", asked.rows), ("none", None)):
        times = [
            _review(statement, installation, rows).took_ms for _, statement in _STATEMENTS for _ in range(asked.runs)
        ]
        print(f"rehearsal with {told}: {statistics.median(times):.0f} ms (at most {max(times):.0f})")


if __name__ == "__main__":
    sys.exit(main())
