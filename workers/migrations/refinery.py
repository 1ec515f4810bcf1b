"""refinery: files V1__name.sql and U2__name.sql in the order of their versions, each in one transaction.

Detection: such names, and a Cargo.toml in or above the folder that names refinery. Order: by version, which is one
number (https://github.com/rust-db/refinery/blob/main/refinery_core/src/util.rs); files may stand in folders below. U
is no way back: it says that the file may come later than newer ones. Migrations written in Rust are not read. Each
file is one transaction, which nothing in it can turn off; where the program asks for grouped ones, all that are
pending are one. No variables. Checksum: SipHash of name, version and text, in the history table, which has the
version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.migrations.layout import Entry, Layout, ReadText, children, inside
from workers.migrations.numbered import in_order, names_crate, topmost

_NAME = re.compile(r"(?P<kind>[UV])(?P<version>\d+)__\w+\.sql")
_CODE = re.compile(r"[UV]\d+__\w+\.rs")


def version(id: str) -> str:
    """1 of V1__add_users."""
    return str(int(id.partition("__")[0][1:]))


def _entries(paths: Iterable[str], directory: str) -> tuple[Entry, ...]:
    found = (rest for rests in children(paths, directory).values() for rest in rests)
    stems = ((rest, rest.rpartition("/")[2]) for rest in found)
    return in_order(
        Entry(name.removesuffix(".sql"), inside(directory, rest), order=(int(match["version"]), name))
        for rest, name in stems
        if (match := _NAME.fullmatch(name))
    )


def _code(paths: Iterable[str], directory: str) -> tuple[str, ...]:
    below = (rest for rests in children(paths, directory).values() for rest in rests)
    return tuple(inside(directory, rest) for rest in sorted(below) if _CODE.fullmatch(rest.rpartition("/")[2]))


def _known(paths: Iterable[str], directory: str, read: ReadText) -> bool:
    return names_crate(paths, directory, read, "refinery")


REFINERY = Layout("refinery", lambda paths: topmost(paths, _NAME), _entries, known=_known, version=version, code=_code)
