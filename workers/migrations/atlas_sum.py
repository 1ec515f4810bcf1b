"""Whether atlas.sum goes with the files beside it, as `atlas migrate apply` asks before it does anything. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from workers.migrations.faults import unmerged
from workers.migrations.layout import ReadText, inside, names
from workers.model import Fault

SUM = "atlas.sum"
_ROW = re.compile(r"^(?P<name>.+?) h1:(?P<hash>\S+)$")
_TOTAL = re.compile(r"^h1:(?P<hash>\S*)$")
# A file may ask to be left out: its name counts all the same.
# https://github.com/ariga/atlas/blob/master/sql/migrate/dir.go
_LEFT_OUT = re.compile(r"[ -~]*atlas:sum +ignore *(?:\r?\n|\Z)")

_Texts = Mapping[str, str]  # by name
_LINE_ENDS: tuple[Callable[[str], str], ...] = (  # whatever git makes of them is no edit
    lambda text: text,
    lambda text: text.replace("\r\n", "\n"),
    lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
)


def sum_faults(paths: Iterable[str], directory: str, read: ReadText) -> tuple[Fault, ...]:
    """Of the first form of line ends in which there is none, else of the files as they are."""
    there, path = names(paths, directory), inside(directory, SUM)
    if SUM not in there:
        return ()
    kept = read(path)
    if found := tuple(unmerged(path, kept)):
        return found
    texts = {name: read(inside(directory, name)) for name in sorted(there) if name.endswith(".sql")}
    told = [tuple(_faults(path, kept, {n: form(text) for n, text in texts.items()})) for form in _LINE_ENDS]
    return min(told, key=len)


def _faults(path: str, kept: str, texts: _Texts) -> Iterator[Fault]:
    folder = path.rpartition("/")[0]
    mend = f"atlas migrate apply refuses the whole folder: run atlas migrate hash --dir file://{folder or '.'}"
    total, *lines = kept.splitlines() or [""]
    rows = [(number, found) for number, line in enumerate(lines, start=2) if (found := _ROW.match(line))]
    listed = {row["name"]: number for number, row in rows}
    for name in texts:
        if name not in listed and not _LEFT_OUT.match(texts[name]):
            yield Fault(path, 1, name.removesuffix(".sql"), f"{SUM} does not have {name}, so that {mend}.")
    for name, line in listed.items():
        if name not in texts:
            yield Fault(path, line, name.removesuffix(".sql"), f"{SUM} has {name}, which is not there: {mend}.")
    if other := _first_other([(row["name"], row["hash"]) for _, row in rows], texts):
        said = f"{SUM} was made for another text of {other}, or of one before it, so that {mend}."
        yield Fault(path, listed[other], other.removesuffix(".sql"), said)
    if not (first := _TOTAL.match(total)) or first["hash"] != _total(row.groups() for _, row in rows):
        yield Fault(path, 1, SUM, f"the first line of {SUM} is not the sum of the others, so that {mend}.")


def _first_other(rows: Iterable[tuple[str, str]], texts: _Texts) -> str | None:
    """The first whose checksum is another than its own; each is over all files up to it, so that nothing is known of
    those after one that is missing, or not in UTF-8, of which we do not have the bytes."""
    left_out = [name for name, text in texts.items() if _LEFT_OUT.match(text)]
    hashed = hashlib.sha256()
    for name, expected in rows:
        while left_out and left_out[0] < name:
            hashed.update(left_out.pop(0).encode())
        if name not in texts or "\ufffd" in texts[name]:
            return None
        hashed.update(name.encode() + texts[name].encode())
        if base64.b64encode(hashed.digest()).decode() != expected:
            return name
    return None


def _total(rows: Iterable[tuple[str, ...]]) -> str:
    return base64.b64encode(hashlib.sha256("".join(part for row in rows for part in row).encode()).digest()).decode()
