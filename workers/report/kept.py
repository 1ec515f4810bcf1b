"""The pair that keeps what a migration takes, in the words of every face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from workers.report import phrases
from workers.report.words import count, size, tick
from workers.ways_back import Kept, KeptTable, Rollback

_TABLES_TOLD = 20
BEFORE = "Before the migration, in the same maintenance window"
BACK = "To go back, instead of the SQL above"
CLEAN = "Once nobody wants to go back any more"


def verdict(kept: Kept) -> str:
    """What the pair comes to, in one line."""
    return f"With the data kept: {kept.rollback.grade.value}, {phrases.proof(kept.rollback)}"


def lines(kept: Kept) -> Iterator[str]:
    """What is copied, and what is lost all the same."""
    for table in kept.tables[:_TABLES_TOLD]:
        yield f"Keeps {_of(table)}."
    if (more := len(kept.tables) - _TABLES_TOLD) > 0:
        yield f"… and of {count(more, 'more table')}."
    yield from phrases.shortfalls(kept.rollback)


def _of(table: KeptTable) -> str:
    what = ", ".join(map(tick, table.columns)) if table.columns else "all rows"
    told = [f"about {count(table.rows, 'row')}"] if table.rows is not None else []
    if table.size_bytes is not None:
        told.append(f"{'less than ' if table.columns else 'about '}{size(table.size_bytes)}")
    about = f" ({', '.join(told)})" if told else ""
    return f"{what} of {tick(table.table)}{about}"


def parts(kept: Kept) -> Iterator[tuple[str, str]]:
    """(when it is run, SQL)."""
    yield BEFORE, kept.preserve
    yield BACK, kept.rollback.sql
    yield CLEAN, kept.clean


def to_json(kept: Kept, rollback: Callable[[Rollback], dict[str, Any]]) -> dict[str, Any]:
    """`migrations[].kept` of the JSON report; `rollback` writes the one in it as it does the other."""
    tables = [
        {
            "table": str(one.table),
            "columns": list(one.columns),
            "rows": one.rows,
            "size_bytes": one.size_bytes,
        }
        for one in kept.tables
    ]
    return {
        "preserve": kept.preserve,
        "rollback": rollback(kept.rollback),
        "clean": kept.clean,
        "tables": tables,
    }
