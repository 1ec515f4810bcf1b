"""What to run on one declared schema to make it another: of the engine's DDL, only what differs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# The engine writes one statement below each of these lines.
_BLOCK = re.compile(r"^-- (\w+)\n", re.M)
_NAME = r'"(?:[^"]|"")*"(?:\."(?:[^"]|"")*")?'
_SUBJECT = {
    "CreateTable": re.compile(rf"CREATE TABLE ({_NAME})"),
    "CreateEnum": re.compile(rf"CREATE TYPE ({_NAME})"),
    "CreateIndex": re.compile(rf"CREATE (?:UNIQUE )?INDEX {_NAME} ON ({_NAME})"),
    "AddForeignKey": re.compile(rf"ALTER TABLE ({_NAME})"),
}


@dataclass(frozen=True, slots=True)
class _Block:
    kind: str
    sql: str

    @property
    def subject(self) -> str:
        """The table, or the enum, as it is spelled there; "" for what is neither."""
        found = _SUBJECT[self.kind].match(self.sql) if self.kind in _SUBJECT else None
        return found[1] if found else ""

    def mentions(self, names: frozenset[str]) -> bool:
        """Or has one of them in a text: what is made again without need does no harm, or is refused."""
        return any(name in self.sql for name in names)


def steps_to(wanted: str, there: str) -> tuple[str, ...] | None:
    """Statements that make a database with the DDL `there` one with the DDL `wanted`: the tables and enums that differ
    go and come again, with what hangs on them. None where something else differs."""
    target, source = _blocks(wanted), _blocks(there)
    differing = {*target} ^ {*source}
    if not all(block.subject for block in differing):
        return None
    enums = frozenset(block.subject for block in differing if block.kind == "CreateEnum")
    tables = frozenset(block.subject for block in differing if block.kind != "CreateEnum")
    tables |= {b.subject for b in (*target, *source) if b.kind == "CreateTable" and b.mentions(enums)}
    dropped = (("TABLE", tables), ("TYPE", enums))
    drops = tuple(f"DROP {kind} IF EXISTS {', '.join(sorted(names))} CASCADE" for kind, names in dropped if names)
    return (*drops, *_again(target, tables, enums))


def _again(target: Iterable[_Block], tables: frozenset[str], enums: frozenset[str]) -> Iterator[str]:
    for block in target:
        fallen = block.kind == "AddForeignKey" and block.mentions(tables)  # with the table that it points to
        if fallen or block.subject in (enums if block.kind == "CreateEnum" else tables):
            yield block.sql


def _blocks(ddl: str) -> tuple[_Block, ...]:
    _, *parts = _BLOCK.split(ddl)
    return tuple(_Block(kind, sql.strip()) for kind, sql in zip(parts[::2], parts[1::2], strict=True))
