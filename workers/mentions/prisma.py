"""Reads what schema.prisma calls the tables, columns and enums of a database, line by line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

# https://www.prisma.io/docs/orm/reference/prisma-schema-reference: a block's head and its end stand on lines of their
# own, and so does each field and each value. What is not understood is passed over.
_HEAD = re.compile(r"\s*(model|view|enum)\s+(\w+)\s*\{")
_END = re.compile(r"\s*\}")
_MEMBER = re.compile(r"\s*(\w+)(?:\s+(\w+)(\(\"\w+\"\))?(?:\[\]|\?)?)?(?=\s|$|@|/)")
_MAP = re.compile(r"(?<!@)@map\(\s*(?:name:\s*)?\"([^\"]+)\"")
_BLOCK_MAP = re.compile(r"@@map\(\s*(?:name:\s*)?\"([^\"]+)\"")
_BLOCK_SCHEMA = re.compile(r"@@schema\(\s*(?:name:\s*)?\"([^\"]+)\"")
_COMMENT = re.compile(r"(?<!:)//.*")


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a model, or a value of an enum. sql: what the database calls it."""

    name: str
    sql: str
    type: str  # "" for a value
    path: str
    line: int
    text: str
    ignored: bool = False  # @ignore: the client does not know the field


@dataclass(frozen=True, slots=True)
class Block:
    """A model, view or enum. schema: None where the file does not say."""

    kind: str
    name: str
    sql: str
    schema: str | None
    path: str
    line: int
    text: str
    members: tuple[Member, ...] = ()
    ignored: bool = False  # @@ignore: the client does not know the model

    @property
    def client(self) -> str:
        """How the client is asked for a model: prisma.orderItem."""
        return self.name[:1].lower() + self.name[1:]


def read_schema(files: Mapping[str, str]) -> tuple[Block, ...]:
    """The blocks of all files of a schema, text by path. Fields that stand for other models have no column and are left
    out."""
    blocks = tuple(block for path, text in files.items() for block in _blocks(path, text))
    relations = {block.name for block in blocks if block.kind != "enum"}
    return tuple(replace(block, members=tuple(m for m in block.members if m.type not in relations)) for block in blocks)


def _blocks(path: str, text: str) -> Iterator[Block]:
    head: tuple[str, str, int, str] | None = None
    inside: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if head is None:
            if match := _HEAD.match(line):
                head, inside = (match[1], match[2], number, line.strip()), []
        elif _END.match(line):
            yield _block(path, head, inside)
            head = None
        else:
            inside.append((number, _COMMENT.sub("", line)))


def _block(path: str, head: tuple[str, str, int, str], inside: list[tuple[int, str]]) -> Block:
    kind, name, line, text = head
    whole = "\n".join(text for _, text in inside)
    named, schema = _BLOCK_MAP.search(whole), _BLOCK_SCHEMA.search(whole)
    return Block(
        kind,
        name,
        named[1] if named else name,
        schema[1] if schema else None,
        path,
        line,
        text,
        tuple(_members(path, inside)),
        "@@ignore" in whole,
    )


def _members(path: str, inside: list[tuple[int, str]]) -> Iterator[Member]:
    for number, line in inside:
        if match := _MEMBER.match(line):
            name, mapped = match[1], _MAP.search(line)
            ignored = re.search(r"(?<!@)@ignore\b", line) is not None
            sql = mapped[1] if mapped else name
            yield Member(name, sql, match[2] or "", path, number, " ".join(line.split()), ignored)
