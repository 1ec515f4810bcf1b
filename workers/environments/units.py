"""Cuts a migration into the transactions that its runner would make of it."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workers.model import Migration, Statement, StatementKind, Transaction
from workers.sql.actions import LockTable, TransactionControl
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import must_run_alone


class Form(enum.Enum):
    """How a unit is run. BLOCK: in a transaction of ours, all of it or nothing. BARE: as it is, with its own BEGIN and
    COMMIT, or as a statement that can be in no block. CONCURRENT: a statement that must wait for locks as long as it
    takes, and leaves things behind where it fails. COMMITTING: a statement that commits as it goes."""

    BLOCK = enum.auto()
    BARE = enum.auto()
    CONCURRENT = enum.auto()
    COMMITTING = enum.auto()

    @property
    def waits(self) -> bool:
        """Whether it is run without any timeout, and once only."""
        return self in (Form.CONCURRENT, Form.COMMITTING)


@dataclass(frozen=True, slots=True)
class Piece:
    """What goes to the server as one message. line: of its first character; lines: of each statement in it."""

    text: str
    line: int
    lines: tuple[int, ...]
    copy_data: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """statements: how many of the file's it is. may_commit: a statement of which the reader cannot tell whether it runs
    in a block: where the server refuses that, it is run without."""

    form: Form
    pieces: tuple[Piece, ...]
    statements: int
    may_commit: bool = False

    def without_block(self) -> Unit:
        """The same, for a server that refused the block."""
        return replace(self, form=Form.COMMITTING, may_commit=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """units: at least one, in order; together they are the file. own: the timeouts that the file sets itself."""

    units: tuple[Unit, ...]
    statements: int
    own: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether all of it is one transaction, whatever the server says."""
        return len(self.units) == 1 and self.units[0].form is Form.BLOCK and not self.units[0].may_commit


# psql's commands that change neither the database nor what is sent there. A variable that is used afterwards is no SQL,
# and the server refuses it.
_SILENT = frozenset(
    (r"\echo", r"\pset", r"\qecho", r"\restrict", r"\set", r"\timing", r"\unrestrict", r"\unset", r"\warn")
)
_CONTROL = re.compile(r"(?:abort|begin|commit|end|prepare|release|rollback|savepoint|start)\b", re.IGNORECASE)
# A word of every statement that is not simply run in a block.
_APART = re.compile(
    r"\b(?:cluster|concurrently|database|declare|lock|reindex|subscription|system|tablespace|vacuum)\b", re.IGNORECASE
)
TIMEOUTS = ("lock_timeout", "statement_timeout")
_GOES_ON = frozenset((None, "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK TO"))  # what does not end a transaction

_Marked = tuple[Statement, str | None]  # with its verb, where it controls the transaction


def plan_of(migration: Migration) -> Plan:
    """A file that is one BEGIN … COMMIT is a BLOCK without that COMMIT: ours ends it, and a second BEGIN only warns. A
    message with several transactions of its own stays one message: the server reads all of it before it runs any."""
    script = split(migration.text)
    own = frozenset(name for name in TIMEOUTS if any(name in one.text.lower() for one in script.statements))
    if migration.transaction is Transaction.FILE:
        marked = _marked(one for one in script.statements if not _silent(one))
        by_statement = len(marked) < len(script.statements) or any(one.copy_data is not None for one, _ in marked)
    else:
        marked, by_statement = _marked(script.statements), False
    units = tuple(_Cut(migration.text, by_statement).units(marked, migration.transaction))
    return Plan(units, len(marked), own)


def _marked(statements: Iterator[Statement] | Sequence[Statement]) -> tuple[_Marked, ...]:
    return tuple((one, _verb(one)) for one in statements)


def _silent(statement: Statement) -> bool:
    return statement.kind is StatementKind.META and statement.text.split(maxsplit=1)[0] in _SILENT


def _verb(statement: Statement) -> str | None:
    if not _CONTROL.match(statement.text):  # spares reading every other statement
        return None
    found = read(statement)[0]
    if not isinstance(found, TransactionControl):
        return None
    return f"{found.verb} AND CHAIN" if "chain" in statement.text.lower() else found.verb


@dataclass(frozen=True, slots=True)
class _Cut:
    """by_statement: whether everything goes to the server statement by statement: COPY data, and what psql keeps for
    itself, cannot be a part of a message."""

    text: str
    by_statement: bool

    def units(self, marked: Sequence[_Marked], transaction: Transaction) -> Iterator[Unit]:
        verbs = [verb for _, verb in marked]
        in_file = transaction is Transaction.FILE
        if verbs[:1] == ["BEGIN"] and verbs[-1] == "COMMIT" and _GOES_ON.issuperset(verbs[:-1]):
            yield self.block(marked)
        elif transaction is Transaction.STATEMENT and marked:
            yield from self.one_by_one(marked)
        elif len(marked) == 1 and not in_file and marked[0][0].copy_data is None:
            yield _single(*marked[0])
        elif in_file and not _GOES_ON.issuperset(verbs):
            around = Piece("BEGIN", 1, ()), Piece("COMMIT", 1, ())  # the runner's own
            yield Unit(Form.BARE, (around[0], *self.pieces(marked, whole=True), around[1]), len(marked))
        else:
            form = Form.BARE if any(verbs) and not in_file else Form.BLOCK
            yield Unit(form, self.pieces(marked, whole=True), len(marked))

    def one_by_one(self, marked: Sequence[_Marked]) -> Iterator[Unit]:
        block: list[_Marked] = []
        for one in marked:
            if not block and one[1] != "BEGIN":
                yield _single(*one)
                continue
            block.append(one)
            if one[1] not in _GOES_ON:
                yield self.block(block)
                block = []
        if block:
            yield self.block(block)

    def block(self, marked: Sequence[_Marked]) -> Unit:
        """From its BEGIN to what ends it, if anything does."""
        if marked[-1][1] == "COMMIT":
            return Unit(Form.BLOCK, self.pieces(marked[:-1]), len(marked))
        return Unit(Form.BARE, self.pieces(marked), len(marked))

    def pieces(self, marked: Sequence[_Marked], *, whole: bool = False) -> tuple[Piece, ...]:
        if self.by_statement:
            return tuple(_piece(statement, statement.copy_data) for statement, _ in marked)
        lines = tuple(statement.line for statement, _ in marked)
        if whole:
            return (Piece(self.text, 1, lines),)
        if not marked:
            return ()
        first, last = marked[0][0], marked[-1][0]
        return (Piece(self.text[first.offset : last.offset + len(last.text)], first.line, lines),)


def _single(statement: Statement, verb: str | None) -> Unit:
    pieces = (_piece(statement),)
    if not verb and not _APART.search(statement.text):  # spares reading most statements
        return Unit(Form.BLOCK, pieces, 1, may_commit=True)
    actions = read(statement)
    if must_run_alone(actions):
        concurrent = any(getattr(action, "concurrently", False) for action in actions)
        return Unit(Form.CONCURRENT if concurrent else Form.BARE, pieces, 1)
    # LOCK TABLE and DECLARE fail outside a block, which a block of ours would hide.
    if verb or isinstance(actions[0], LockTable) or statement.text[:7].lower() == "declare":
        return Unit(Form.BARE, pieces, 1)
    return Unit(Form.BLOCK, pieces, 1, may_commit=True)


def _piece(statement: Statement, copy_data: str | None = None) -> Piece:
    return Piece(statement.text, statement.line, (statement.line,), copy_data)
