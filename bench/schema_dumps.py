"""Two dumps of a schema compared, independent of what the package itself does for it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_LINES = 14  # of a diff
_HEAD = re.compile(r"^--\n-- Name: (.*); Type: (.*?); Schema: (.*?);.*\n--\n", re.MULTILINE)
_END = "--\n-- PostgreSQL database dump complete\n--"
_FLOATING = re.compile(r"^SET (default_\w+) = (.*);\n", re.MULTILINE)
_RANDOM = re.compile(r"^\\(?:un)?restrict .*\n", re.MULTILINE)  # since 17.6, 16.10 …: another key in each dump


def unlike(expected: str, actual: str) -> Iterator[str]:
    """The first lines of a diff; none where the schemas are the same but for the order of columns and of grants."""
    if expected == actual:
        return
    wanted, found = _normalised(expected), _normalised(actual)
    lines = [line for line in difflib.unified_diff(wanted, found, lineterm="", n=0) if line[:2] not in ("--", "++")]
    lines = [line for line in lines if not line.startswith("@@")]
    yield from lines[:_LINES]
    if len(lines) > _LINES:
        yield f"… {len(lines) - _LINES} more lines"


def _normalised(dump: str) -> list[str]:
    """Lines without the order of columns: those of each table in alphabetical order, and the objects, too, as comments
    and grants stand in the order of the columns that they are for."""
    return [line for one in sorted(map(_lines, _whole_views(list(_objects(dump))))) for line in one]


@dataclass(frozen=True, slots=True)
class _Object:
    """settings: default_tablespace and its like, as they are for it."""

    name: str
    type: str
    schema: str
    text: str
    settings: tuple[tuple[str, str], ...]


def _objects(dump: str) -> Iterator[_Object]:
    dump = _RANDOM.sub("", dump).rstrip().removesuffix(_END)
    heads = list(_HEAD.finditer(dump))
    settings = dict(_FLOATING.findall(dump[: heads[0].start()] if heads else ""))
    for head, following in zip(heads, (*heads[1:], None), strict=False):
        body = dump[head.end() : following.start() if following else len(dump)]
        yield _Object(head[1], head[2], head[3], _FLOATING.sub("", body), tuple(sorted(settings.items())))
        settings.update(_FLOATING.findall(body))


def _whole_views(objects: Sequence[_Object]) -> Iterator[_Object]:
    """A view in a circle of dependencies is dumped as an empty form of it, and a rule with its text. Which one of the
    circle that is hangs on OIDs. https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_dump_sort.c"""
    rules = {(one.schema, one.name): one.text for one in objects if one.type == "RULE"}
    for one in objects:
        rule = rules.get((one.schema, f"{one.name} _RETURN")) if one.type == "VIEW" else None
        if rule:
            owner = "".join(line for line in one.text.splitlines(keepends=True) if line.startswith("ALTER "))
            yield replace(one, text=rule.replace("CREATE OR REPLACE VIEW", "CREATE VIEW", 1) + owner)
        elif one.type != "RULE" or not one.name.endswith(" _RETURN"):
            yield one


def _lines(one: _Object) -> tuple[str, ...]:
    lines = [line for line in one.text.splitlines() if line]
    if one.type.endswith("TABLE"):  # also FOREIGN TABLE
        lines = sorted(line.removesuffix(",") for line in lines)
    if one.type.endswith("ACL"):  # also DEFAULT ACL: an ACL's order means nothing
        lines.sort()
    if one.type == "VIEW":
        lines = [line.replace("ALTER TABLE ", "ALTER VIEW ", 1) for line in lines]
    if one.type in ("TABLE", "MATERIALIZED VIEW"):
        lines += [f"-- {name} = {value}" for name, value in one.settings]
    return (f"-- {one.type} {one.schema}.{one.name}", *lines)
