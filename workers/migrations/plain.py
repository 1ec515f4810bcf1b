"""Plain SQL: files NUMBER_anything.sql in one folder, run in the order of their numbers, each in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from workers.migrations.dbmate import DBMATE
from workers.migrations.goose import GOOSE
from workers.migrations.layout import Layout, ReadText, each_file, inside, names
from workers.migrations.node_pg_migrate import NODE_PG_MIGRATE
from workers.migrations.numbered import CODE, by, claiming, matching, number, number_first
from workers.migrations.sql_migrate import SQL_MIGRATE
from workers.model import Transaction
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import must_run_alone

_NAME = re.compile(r"(?P<number>\d+)(?:[_.\- ].*)?\.sql", re.I)
_HEAD = re.compile(r"(?:\s*--[^\n]*(?:\n|\Z)|\s+)*")
_OPTS_OUT = re.compile(
    r"\bno[ _-]?transactions?\b|\btransactions?\s*[:=]\s*(?:false|off|no|none)\b|\btxmode\s+none\b"
    r"|\bdisable[ _-](?:ddl[ _-])?transactions?\b|\b(?:without|outside)\s+(?:a\s+)?transaction\b",
    re.I,
)

_BACK = re.compile(r"\.(?:down|undo)\.sql$", re.I)
_OTHERS = (GOOSE, DBMATE, SQL_MIGRATE, NODE_PG_MIGRATE)  # whose files hold the way back, too, and would run it here

_entries = by(number_first, _NAME)


def _refuses(paths: Iterable[str], directory: str, read: ReadText) -> str | None:
    back = next((name for name in names(paths, directory) if _NAME.fullmatch(name) and _BACK.search(name)), None)
    if back:
        return f"{inside(directory, back)}: a way back, which the layout plain has none of"
    other = next((each.name for each in _OTHERS if each.known(paths, directory, read)), None)
    return other and f"{directory}: written for {other}, which runs other parts of a file than the layout plain"


def _of_file(text: str, transaction: Transaction) -> Transaction:
    """A comment above the first statement tells many runners to open no transaction, each in its own words; then they
    send the file as it is."""
    head = _HEAD.match(text)
    return Transaction.SIMPLE_QUERY if head and _OPTS_OUT.search(head[0]) else transaction


_CONCURRENTLY = re.compile(r"\bconcurrently\b", re.I)


def _learned(texts: Sequence[str], transaction: Transaction) -> Transaction:
    """What is merged has been run: a statement that no transaction block takes was in none. One that is alone in its
    file may also have been a message of its own (SIMPLE_QUERY); beside others it was run by itself. Where files opt
    out, the runner opens a block for the others."""
    if any(_of_file(text, transaction) is not transaction for text in texts):
        return transaction
    found = transaction
    for text in texts:
        if _CONCURRENTLY.search(text):
            statements = split(text).statements
            if any(must_run_alone(read(statement)) for statement in statements):
                if len(statements) > 1:
                    return Transaction.STATEMENT
                found = Transaction.SIMPLE_QUERY
    return found


PLAIN = Layout(
    "plain",
    claiming(_NAME),
    _entries,
    refuses=_refuses,
    ways=each_file(_of_file),
    learned=_learned,
    version=lambda id: str(number(id)),
    anywhere=True,
    code=matching(CODE),
)

__all__ = ["PLAIN", "number"]
