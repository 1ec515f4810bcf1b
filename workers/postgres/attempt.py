"""Runs statements one by one in one round trip, undoing each that the server refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

# A block with an EXCEPTION clause is a subtransaction; OTHERS does not cover ASSERT_FAILURE, and must not cover a
# cancelled query (https://www.postgresql.org/docs/current/plpgsql-control-structures.html#PLPGSQL-ERROR-TRAPPING).
_BODY = """
DECLARE
    attempt pg_catalog.text;
    refusals pg_catalog.jsonb := '{{}}';
    place pg_catalog.int4 := 0;
    touched pg_catalog.int8;
    code pg_catalog.text; named pg_catalog.text; col pg_catalog.text; said pg_catalog.text;
BEGIN
    FOREACH attempt IN ARRAY {statements}::pg_catalog.text[] LOOP
        BEGIN
            EXECUTE attempt;
            GET DIAGNOSTICS touched = ROW_COUNT;
            IF touched OPERATOR(pg_catalog.=) 0 THEN
                RAISE EXCEPTION USING ERRCODE = '02000', MESSAGE = 'a trigger or a rule took the row away';
            END IF;
        EXCEPTION WHEN OTHERS OR assert_failure THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, named = CONSTRAINT_NAME, col = COLUMN_NAME,
                said = MESSAGE_TEXT;
            refusals := pg_catalog.jsonb_set(refusals, ARRAY[place::pg_catalog.text],
                pg_catalog.jsonb_build_array(code, named, col, pg_catalog.left(said, 300)));
        END;
        place := place OPERATOR(pg_catalog.+) 1;
    END LOOP;
    PERFORM pg_catalog.set_config('migration_bot.refusals', refusals::pg_catalog.text, true);
END
"""
_ANSWER = "SELECT pg_catalog.current_setting('migration_bot.refusals')"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the server said. constraint and column are "" where the error names none; a unique index counts as one."""

    sqlstate: str
    constraint: str
    column: str
    message: str


def literal(text: str) -> str:
    """The text as a string constant, whatever standard_conforming_strings says."""
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else "'" + escaped + "'"


def identifier(*parts: str) -> str:
    """The name, always quoted, for text that goes to the server."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def attempt(connection: psycopg.Connection, statements: Sequence[str]) -> tuple[Refusal | None, ...]:
    """None for each statement that took effect on at least one row. When the whole has to stop (statement_timeout,
    which counts for all of them together; no plpgsql), none did. Raises psycopg.Error only for a lost connection."""
    if not statements:
        return ()
    body = _BODY.format(statements=f"ARRAY[{','.join(map(literal, statements))}]")
    try:
        with connection.transaction(), connection.pipeline():
            connection.execute(f"DO LANGUAGE plpgsql {literal(body)}".encode(), prepare=False)
            answer = connection.execute(_ANSWER, prepare=False).fetchone()
    except psycopg.Error as error:
        if connection.closed:
            raise
        refusal = Refusal(error.sqlstate or "", "", "", error.diag.message_primary or str(error))
        return (refusal,) * len(statements)
    assert answer is not None
    refusals = {int(place): Refusal(*refusal) for place, refusal in json.loads(answer[0]).items()}
    return tuple(refusals.get(place) for place in range(len(statements)))
