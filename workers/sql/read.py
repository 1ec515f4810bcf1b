"""Reads a statement's text as actions; never raises, and says Opaque for what it does not understand.

Only our own readers decide: sqlglot leaves half of PostgreSQL's DDL unread and takes some that is wrong. It serves as
a hint for one question, whether a condition holds for every row (conditions.py)."""

from __future__ import annotations

from collections.abc import Callable

from workers.model import Script, Statement, StatementKind
from workers.sql.actions import Action, Do, Opaque, Select, TransactionControl
from workers.sql.create import create
from workers.sql.cursor import Cursor, Home, Unreadable, public
from workers.sql.data import (
    WRITERS,
    analyze,
    cluster,
    copy,
    lock_table,
    refresh,
    reindex,
    select,
    truncate,
    vacuum,
    with_queries,
)
from workers.sql.grants import grant, revoke
from workers.sql.object_actions import CreateExtension
from workers.sql.others import alter, comment, drop, reset_parameter, set_parameter

_OPAQUE_WORDS = 3


def read(statement: Statement, home: Home = public) -> tuple[Action, ...]:
    """What a statement asks for, at least one action. home: tells the schema of a name that gives none. ALTER TABLE
    gives one for each subcommand; a psql command is Opaque. A large statement is read only as far as needed: an INSERT
    to its table's name."""
    cursor = Cursor(statement.text, home=home)
    if statement.kind is StatementKind.META:
        return (Opaque(statement.text.split(maxsplit=1)[0]),)
    leading = cursor.keywords(_OPAQUE_WORDS)
    first = cursor.next()
    reader = _READERS.get(first.word or first.text)
    try:
        found = reader(cursor) if reader else ()
    except Unreadable:
        found = ()
    return found or (Opaque(leading),)


def extensions_wanted(script: Script) -> tuple[tuple[str, int], ...]:
    """The extensions that a script creates, each with its line."""
    return tuple(
        (action.name, statement.line)
        for statement in script.statements
        if statement.text[:6].lower() == "create"  # spares reading every other statement
        for action in read(statement)
        if isinstance(action, CreateExtension)
    )


def _constant(action: Action) -> Callable[[Cursor], tuple[Action, ...]]:
    return lambda cursor: (action,)


def _rollback(cursor: Cursor) -> tuple[Action, ...]:
    if cursor.accept("prepared"):
        return (TransactionControl("ROLLBACK PREPARED"),)
    return (TransactionControl("ROLLBACK TO" if cursor.find("to") else "ROLLBACK"),)


def _commit(cursor: Cursor) -> tuple[Action, ...]:
    return (TransactionControl("COMMIT PREPARED" if cursor.accept("prepared") else "COMMIT"),)


def _start(cursor: Cursor) -> tuple[Action, ...]:
    cursor.expect("transaction")
    return (TransactionControl("BEGIN"),)


def _prepare(cursor: Cursor) -> tuple[Action, ...]:
    cursor.expect("transaction")
    return (TransactionControl("PREPARE TRANSACTION"),)


_READERS: dict[str, Callable[[Cursor], tuple[Action, ...]]] = {
    **WRITERS,
    "with": with_queries,
    "select": select,
    "(": _constant(Select()),
    "values": _constant(Select()),
    "table": _constant(Select()),
    "create": create,
    "alter": alter,
    "drop": drop,
    "comment": comment,
    "copy": copy,
    "truncate": truncate,
    "reindex": reindex,
    "vacuum": vacuum,
    "analyze": analyze,
    "analyse": analyze,
    "cluster": cluster,
    "lock": lock_table,
    "refresh": refresh,
    "do": _constant(Do()),
    "set": set_parameter,
    "reset": reset_parameter,
    "grant": grant,
    "revoke": revoke,
    "begin": _constant(TransactionControl("BEGIN")),
    "start": _start,
    "commit": _commit,
    "end": _constant(TransactionControl("COMMIT")),
    "rollback": _rollback,
    "abort": _constant(TransactionControl("ROLLBACK")),
    "savepoint": _constant(TransactionControl("SAVEPOINT")),
    "release": _constant(TransactionControl("RELEASE")),
    "prepare": _prepare,
}
