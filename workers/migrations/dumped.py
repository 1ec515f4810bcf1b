"""What of a dump makes the schema: the rest is psql's, or fails for whoever is no superuser."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.model import Statement, StatementKind
from workers.sql.split import split

# pg_dump's head, and what is left of it where a framework takes the comments away, as Rails does.
DUMPED = re.compile(r"^-- PostgreSQL database dump$|\bpg_catalog\.set_config\('search_path'", re.M)

# Data, owners, privileges, and what only a superuser may say.
_PASSED_OVER = re.compile(
    r"(?:COPY|INSERT|GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES|COMMENT\s+ON\s+(?:EXTENSION|DATABASE|SCHEMA\s+public))\b"
    r"|ALTER\s[^;']*\bOWNER\s+TO\s"
    r"|CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?\"?public\"?\s*$"
    r"|SELECT\s+(?:pg_catalog\.)?setval\s*\(",
    re.I,
)
_NEWER = re.compile(r"SET\s+transaction_timeout\b", re.I)  # since 17: a server before it knows no such setting


def schema_statements(text: str) -> Iterator[Statement]:
    """What makes the schema, of all that psql would run."""
    for statement in split(text).statements:
        if statement.kind is StatementKind.SQL and not _PASSED_OVER.match(statement.text):
            yield statement


def schema_text(text: str) -> str:
    """The same as a text, each statement in its line."""
    written, line = [], 1
    for statement in schema_statements(text):
        if not _NEWER.match(statement.text):
            written.append("\n" * (statement.line - line) + statement.text + ";")
            line = statement.line + statement.text.count("\n")
    return "".join(written) + "\n"
