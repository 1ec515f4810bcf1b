"""What a runner has printed, cut into migrations: each there and back, with the transactions that it was printed in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workers.model import Statement, Transaction
from workers.sql.split import split

# Alembic's own words (https://alembic.sqlalchemy.org/en/latest/offline.html), and those that we ask of a script.
_MARKER = re.compile(
    r"^-- (?:Running upgrade (?:\S.*?)? ?-> (?P<upgrade>\S+)|Running downgrade (?P<downgrade>\S+) -> ?.*"
    r"|migration: (?P<up>\S+)|way back: (?P<down>\S+))\s*$",
    re.M,
)
_CONTROL = re.compile(r"(?P<begin>BEGIN|START\s+TRANSACTION)\b|(?P<end>COMMIT|END|ROLLBACK|ABORT)\b", re.I)
_SAVEPOINT = re.compile(r"ROLLBACK\s+(?:WORK\s+|TRANSACTION\s+)?TO\b", re.I)

# What a runner notes for itself: not part of the schema, and not there where only the migrations are run.
_BOOKS = re.compile(
    r"(?:CREATE\s+TABLE(?:\s+IF\s+NOT\s+EXISTS)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?|INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"
    r"(?:\"?\w+\"?\.)?\"?(?:alembic_version|django_migrations|knex_migrations(?:_lock)?|schema_migrations|"
    r"typeorm_migrations|SequelizeMeta|mikro_orm_migrations)\"?(?!\w)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Printed:
    """The SQL of one migration in one direction. text: lines count from the marker's on."""

    text: str
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class Output:
    """By the runner's ids, in the order in which they were printed."""

    up: dict[str, Printed]
    down: dict[str, Printed]


def cut(text: str) -> Output:
    """What stands above the first marker is nobody's, but for a transaction that it opens."""
    found = Output({}, {})
    opened = False
    for marker, part in _pieces(text):
        written, opened = _whole(part, opened)
        if marker is not None:
            up, down = marker["upgrade"] or marker["up"], marker["downgrade"] or marker["down"]
            into, id = (found.up, up) if up else (found.down, down or "")
            into[id] = printed(written)
    return found


def printed(text: str) -> Printed:
    """Of one migration alone. A transaction around all of it is the runner's; any other stays as it is written, unless
    it holds nothing."""
    statements = split(text).statements
    left = [one for one in statements if not _BOOKS.match(one.text)]
    empty = [pair for pair in pairwise(left) if _opens(pair[0]) and _is_control(pair[1])]
    kept = [one for one in left if all(one not in pair for pair in empty)]
    controls = [one for one in kept if _is_control(one)]
    whole = len(controls) == 2 and controls == [kept[0], kept[-1]] and _opens(controls[0])
    gone = [one for one in statements if one not in kept or (whole and one in controls)]
    return Printed(_without(text, gone), Transaction.FILE if whole else Transaction.STATEMENT)


def _pieces(text: str) -> Iterator[tuple[re.Match[str] | None, str]]:
    markers = list(_MARKER.finditer(text))
    yield None, text[: markers[0].start()] if markers else text
    ends = [*(marker.start() for marker in markers[1:]), len(text)]
    for marker, end in zip(markers, ends, strict=False):
        yield marker, text[marker.start() : end]


def _whole(part: str, opened: bool) -> tuple[str, bool]:
    """A part of the output with the BEGIN and the COMMIT that stand in its neighbours; whether the next one begins in a
    transaction."""
    statements = split(part).statements
    ahead = bool(statements) and _opens(statements[-1])  # behind it comes the next migration
    if ahead:
        part, statements = _without(part, statements[-1:]), statements[:-1]
    controls = [one for one in statements if _is_control(one)]
    still = _opens(controls[-1]) if controls else opened
    # BEGIN stands in the empty line below the marker: the other lines stay where they are.
    head, newline, rest = part.partition("\n")
    text = f"{head}{newline}{'BEGIN;' * opened}{rest}".rstrip()
    return text + "\nCOMMIT;" * still + "\n", still or ahead


def _is_control(statement: Statement) -> bool:
    return bool(_CONTROL.match(statement.text)) and not _SAVEPOINT.match(statement.text)


def _opens(statement: Statement) -> bool:
    found = _CONTROL.match(statement.text)
    return found is not None and found["begin"] is not None


def _without(text: str, statements: Sequence[Statement]) -> str:
    """The text with blanks where the statements stood."""
    for one in statements:
        end = one.offset + len(one.text)
        stop = re.compile(r"\s*;").match(text, end)
        after = stop.end() if stop else end
        text = text[: one.offset] + re.sub(r"[^\n]", " ", text[one.offset : after]) + text[after:]
    return text.rstrip() + "\n"
