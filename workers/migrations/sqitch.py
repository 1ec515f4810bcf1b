"""Sqitch: the changes that sqitch.plan lists, in its order: deploy/NAME.sql, with revert/NAME.sql as the way back.

Detection: sqitch.plan beside a folder deploy. Order: the plan's; a script that it does not list is not run. Of a
change that is there twice, the earlier one's scripts are those with the tag that stands between the two in their
names (https://sqitch.org/docs/manual/sqitch-rework/). psql runs the scripts, statement by statement; their
transactions are those that they open themselves, and nothing else opens one. verify/NAME.sql is not read, nor where
sqitch.conf puts these folders. Variables: psql's :name; their values are not known here. Checksum: SHA-1 of the deploy
script, in the history table, which has the change's name and an id from the plan's line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.layout import Entry, Layout, ReadText, children, inside
from workers.migrations.numbered import in_order
from workers.model import Transaction

_PLAN, _DEPLOY, _REVERT, _CONF = "sqitch.plan", "deploy/", "revert/", "sqitch.conf"
_CHANGE = re.compile(r"\s*(?P<sign>[-+]?)\s*(?P<name>[^\s@#%:\[\]][^\s\[\]]*)(?:\s|$)")
_TAG = re.compile(r"\s*(?P<tag>@[^\s]+)")
_ENGINE = re.compile(r"^\s*engine\s*=\s*(?P<engine>\w+)", re.M)


def _claims(paths: Iterable[str]) -> tuple[str, ...]:
    there = frozenset(paths)
    folders = sorted(path.rpartition("/")[0] for path in there if path.rpartition("/")[2] == _PLAN)
    return tuple(folder for folder in folders if _entries(there, folder))


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    below = children(paths, directory)
    back = frozenset(below.get("revert", ()))
    deployed = [rest for rest in below.get("deploy", ()) if rest.startswith(_DEPLOY) and rest.endswith(".sql")]
    found = []
    for rest in deployed:
        reverted = _REVERT + rest.removeprefix(_DEPLOY)
        down = inside(directory, reverted) if reverted in back else None
        name = rest.removeprefix(_DEPLOY).removesuffix(".sql")
        found.append(Entry(name, inside(directory, rest), down, order=(name,)))
    return in_order(found)


def planned(plan: str) -> tuple[str, ...]:
    """The names of the plan's scripts, in order: users@v1 for a change that is reworked after the tag v1."""
    found: list[str] = []
    untagged: dict[str, int] = {}  # the changes since the last tag of each, which that tag will name
    tag_of: dict[int, str] = {}
    for line in plan.splitlines():
        if tag := _TAG.match(line):
            tag_of |= dict.fromkeys((place for place in untagged.values() if place not in tag_of), tag["tag"])
        elif (change := _CHANGE.match(line)) and change["sign"] != "-":
            name = change["name"]
            earlier = untagged.get(name)
            if earlier is not None:
                found[earlier] += tag_of.get(earlier, "")
            untagged[name] = len(found)
            found.append(name)
    return tuple(found)


def _listed(entries: tuple[Entry, ...], paths: Iterable[str], directory: str, read: ReadText) -> tuple[Entry, ...]:
    path = inside(directory, _PLAN)
    there = {entry.id: entry for entry in entries}
    order = planned(read(path)) if path in frozenset(paths) else ()
    return tuple(
        Entry(name, there[name].path, there[name].down, order=(place,))
        for place, name in enumerate(order)
        if name in there
    )


def _refuses(paths: Iterable[str], directory: str, read: ReadText) -> str | None:
    path = inside(directory, _CONF)
    engine = _ENGINE.search(read(path)) if path in frozenset(paths) else None
    if engine and engine["engine"] != "pg":
        return f"{path}: the engine is {engine['engine']}, not pg"
    return None


SQITCH = Layout(
    "sqitch",
    _claims,
    _entries,
    listed=_listed,
    transaction=lambda _paths, _directory, _read: Transaction.STATEMENT,
    refuses=_refuses,
)
