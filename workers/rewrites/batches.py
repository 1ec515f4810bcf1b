"""Rows written in batches by primary key, each batch its own transaction."""

from __future__ import annotations

from workers.catalog import Kind
from workers.rewrites import outdated
from workers.rewrites.wording import outside, quote
from workers.rules import Step
from workers.sql.cursor import Cursor
from workers.verdict import RewriteStep
from workers.words import Name

BATCH = "LIMIT 10000\n        ) AS batch"
# One statement, for runners that know no loops. In a DO block, COMMIT ends each batch's transaction, outside of a block
# (https://www.postgresql.org/docs/current/plpgsql-transactions.html).
_LOOP = """\
DO {quote}
DECLARE
{variables}
BEGIN
    LOOP
        SELECT {keys} INTO {to} FROM (
            SELECT {keys} FROM {table} WHERE {first} IS NULL OR {row} > {start} ORDER BY {keys}
            {batch} ORDER BY {backwards} LIMIT 1;
        EXIT WHEN NOT FOUND;
        UPDATE {table} SET {assignments}
            WHERE ({first} IS NULL OR {row} > {start}) AND {row} <= {end}{condition};
        COMMIT;
{next}
    END LOOP;
END {quote}"""


def primary_key(step: Step, table: Name) -> tuple[str, ...]:
    """The key's columns as SQL text; none where the schema before the migration is not known or has no such key, or the
    migration has changed it since."""
    if step.before is None:
        return ()
    for each in step.before.of_kind(Kind.CONSTRAINT):
        if each.path[:2] == (table.schema, table.name) and each.text("type") == "p":
            cursor = Cursor(each.text("definition") or "")
            cursor.expect("primary", "key")
            columns = tuple(item.identifier() for item in cursor.inside().items())
            return () if outdated.key(step, table, columns) else tuple(map(quote, columns))
    return ()


def batched(table: str, keys: tuple[str, ...], assignments: str, condition: str = "") -> RewriteStep:
    """UPDATE table SET assignments WHERE condition, for all rows of a table with a primary key. table: as SQL text."""
    start = [f"batch_start_{number}" for number in range(1, len(keys) + 1)]
    end = [f"batch_end_{number}" for number in range(1, len(keys) + 1)]
    types = [(name, key) for names in (start, end) for name, key in zip(names, keys, strict=True)]
    return outside(
        _LOOP.format(
            quote="$batches$",
            variables="\n".join(f"    {name} {table}.{key}%TYPE;" for name, key in types),
            keys=", ".join(keys),
            to=", ".join(end),
            table=table,
            first=start[0],
            row=_row(keys),
            start=_row(start),
            end=_row(end),
            batch=BATCH,
            backwards=", ".join(f"{key} DESC" for key in keys),
            assignments=assignments,
            condition=f" AND {condition}" if condition else "",
            next="\n".join(f"        {one} := {other};" for one, other in zip(start, end, strict=True)),
        )
    )


def _row(parts: tuple[str, ...] | list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
