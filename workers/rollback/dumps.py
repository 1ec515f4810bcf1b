"""The objects in which two schemas differ that pg_dump has written."""

from __future__ import annotations

import re
from collections import defaultdict

_LINES_MAX = 10
_SHOWN_CHARS = 120
_END = "--\n-- PostgreSQL database dump complete\n--"
_HEAD = re.compile(r"^--\n-- Name: (.*); Type: (.*?); Schema: (.*?);.*\n--\n", re.M)
_SET = re.compile(r"^SET (default_\w+) = (.*);\n", re.M)
_OPENING = re.compile(r"^CREATE (?:UNLOGGED |FOREIGN )?TABLE .*\($", re.M)
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),]")
_VIEW_RULE = " _RETURN"  # the name of the rule that makes a view
_OPTIONS = re.compile(r"\b(WITH|SET) \(((?:[\w.]+=(?:'[^']*'|\w+)(?:, )?)+)\)")
_OF_COLUMN = re.compile(r"^ALTER (?:FOREIGN )?TABLE .* ALTER COLUMN .*;$")
# What is set between two objects counts for the next ones of these types.
_STORED = {"TABLE": ("default_tablespace", "default_table_access_method"), "INDEX": ("default_tablespace",)}
_STORED |= {"MATERIALIZED VIEW": _STORED["TABLE"], "CONSTRAINT": _STORED["INDEX"]}


def dumps_differ(expected: str, actual: str) -> tuple[str, ...]:
    """One line for each object that is not the same; empty when all are. The order of columns is not compared, nor that
    of the objects in the text."""
    if expected == actual:
        return ()
    wanted, found = _objects(expected), _objects(actual)
    names = dict.fromkeys((*wanted, *found))
    lines = [line for name in names if (line := _difference(name, wanted.get(name, ""), found.get(name, "")))]
    more = len(lines) - _LINES_MAX
    return tuple(lines) if more <= 0 else (*lines[:_LINES_MAX], f"pg_dump: and {more} more objects")


def _difference(name: str, expected: str, actual: str) -> str:
    if expected == actual:
        return ""
    if not (expected and actual):
        return f"pg_dump: {name} is {'not expected' if actual else 'missing'}"
    wanted, there = expected.splitlines(), actual.splitlines()
    was = next((line for line in wanted if line not in there), "nothing")
    now = next((line for line in there if line not in wanted), "nothing")
    if was == now == "nothing":
        return f"pg_dump: {name}: expected in another order"
    return f"pg_dump: {name}: expected {_shown(was)}, is {_shown(now)}"


def _shown(line: str) -> str:
    text = " ".join(line.split()).rstrip(",")
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + " …"


def _objects(dump: str) -> dict[str, str]:
    """The text of each object by its type and name; what stands above the first under "settings"."""
    dump = dump.rstrip().removesuffix(_END)
    found: dict[str, list[str]] = defaultdict(list)
    settings: dict[str, str] = {}
    heads = list(_HEAD.finditer(dump))
    ends = [*(head.start() for head in heads[1:]), len(dump)]
    found["settings"].append(dump[: heads[0].start()] if heads else dump)
    settings.update(_SET.findall(found["settings"][0]))
    for head, end in zip(heads, ends, strict=True):
        text = dump[head.end() : end]
        name, type, schema = head.groups()
        stored = "".join(f"-- {key} = {settings[key]}\n" for key in _STORED.get(type, ()) if key in settings)
        body = _OPTIONS.sub(_sorted_options, _SET.sub("", text).strip())
        if type.endswith("ACL"):  # the order of grants means nothing
            body = "\n".join(sorted(body.splitlines()))
        where = "" if schema == "-" else f"{schema}."
        found[f"{type} {where}{name}"].append(stored + (_without_order(body) if type.endswith("TABLE") else body))
        settings.update(_SET.findall(text))
    return _whole_views({name: "\n".join(sorted(texts)) for name, texts in found.items()})


def _whole_views(objects: dict[str, str]) -> dict[str, str]:
    """A view in a circle of dependencies is dumped as an empty form of it, and a rule with its text; which one of the
    circle that is hangs on OIDs. https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_dump_sort.c"""
    rules = [name for name in objects if name.startswith("RULE ") and name.endswith(_VIEW_RULE)]
    whole = {
        "VIEW " + name.removeprefix("RULE ").removesuffix(_VIEW_RULE): objects[name].replace(" OR REPLACE", "", 1)
        for name in rules
    }
    return {
        name: _as_view(whole.get(name, ""), text) if name.startswith("VIEW ") else text
        for name, text in objects.items()
        if name not in rules
    }


def _as_view(rule: str, text: str) -> str:
    """rule: its text, where `text` has only an empty form of it."""
    query = [line for line in (rule or text).splitlines() if line and not line.startswith("ALTER ")]
    owners = [line.replace("ALTER TABLE ", "ALTER VIEW ", 1) for line in text.splitlines() if line.startswith("ALTER ")]
    return "\n".join([*query, *owners])


def _sorted_options(found: re.Match[str]) -> str:
    """Storage parameters are kept in the order in which they were set, which means nothing."""
    return f"{found[1]} ({', '.join(sorted(found[2].split(', ')))})"


def _without_order(table: str) -> str:
    """The lines of CREATE TABLE (…), and what is said of columns behind it, in alphabetical order."""
    opening = _OPENING.search(table)
    start = opening.end() if opening else len(table)
    items, end = _items(table, start)
    rest = table[end:].splitlines()
    of_columns = iter(sorted(line for line in rest if _OF_COLUMN.match(line)))
    behind = [next(of_columns) if _OF_COLUMN.match(line) else line for line in rest]
    return "\n".join([table[:start], *sorted(items), *behind])


def _items(text: str, start: int) -> tuple[list[str], int]:
    """What commas part from each other up to the bracket that closes, and where that stands."""
    depth, items, at = 0, [], start
    for token in _TOKEN.finditer(text, start):
        closes = token[0] == ")" and depth == 0
        if closes or (token[0] == "," and depth == 0):
            items.append(text[at : token.start()].strip())
            at = token.end()
        if closes:
            return items, token.start()
        depth += {"(": 1, ")": -1}.get(token[0], 0)
    return items, at
