"""Which files declare the schema of a Prisma project, and what its settings say about them. Pure over one commit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from workers.drift.managed import Leeway
from workers.mentions.prisma import read_schema
from workers.migrations.layout import ReadText, ancestors, inside

_SUFFIX = ".prisma"
_CONFIGS = tuple(
    f"{folder}{stem}.{ending}"
    for folder, stem in (("", "prisma.config"), (".config/", "prisma"))
    for ending in ("ts", "mts", "cts", "js", "mjs", "cjs")
)
# Settings are TypeScript, which nothing here runs: read as far as they are written in plain words.
_SCHEMA = re.compile(r"(?<![\w.])schema\s*:\s*(?P<value>(?:path\.)?(?:join|resolve)\([^)]*\)|\"[^\"]*\"|'[^']*')")
_EXTERNAL = re.compile(r"(?<![\w.])external\s*:\s*\[(?P<names>[^\]]*)\]")
_TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)

_DATASOURCE = re.compile(r"^\s*datasource\s+\w+\s*\{(?P<body>.*?)^\s*\}", re.M | re.S)
_URL = re.compile(r"^\s*url\s*=", re.M)
_PROVIDER = re.compile(r"^\s*provider\s*=\s*\"([^\"]*)\"", re.M)
_EMPTY_DBGENERATED = re.compile(r"\bdbgenerated\(\s*\)")


@dataclass(frozen=True, slots=True)
class Found:
    """place: the file or the folder, from the repository's root; external: what the settings leave to others."""

    place: str
    paths: tuple[str, ...]
    external: frozenset[str] = frozenset()


def find_schema(paths: Iterable[str], directory: str, text_of: ReadText) -> Found | None:
    """The schema that belongs to a migrations folder; None where there is none."""
    known = frozenset(paths)
    external: frozenset[str] = frozenset()
    for place, others in _settings(known, directory, text_of):
        external = external or others
        if place is not None and (files := _at(known, place)):
            return Found(place, files, external)
    above = ancestors(directory)[1] if directory else ""
    for place in (inside(above, "schema.prisma"), above):
        if files := _at(known, place):
            return Found(place, files, external)
    return None


def _at(known: frozenset[str], place: str) -> tuple[str, ...]:
    if place.endswith(_SUFFIX):
        return (place,) if place in known else ()
    prefix = f"{place}/" if place else ""
    return tuple(sorted(path for path in known if path.startswith(prefix) and path.endswith(_SUFFIX)))


def _settings(known: frozenset[str], directory: str, text_of: ReadText) -> Iterator[tuple[str | None, frozenset[str]]]:
    """What each settings file says, the nearest folder first: where the schema is, and what is external."""
    for folder in ancestors(directory):
        for name in _CONFIGS:
            if (path := inside(folder, name)) in known:
                text = _COMMENT.sub("", text_of(path))
                said = _SCHEMA.search(text)
                place = _joined(folder, *_texts(said["value"])) if said else None
                names = (name for listed in _EXTERNAL.finditer(text) for name in _texts(listed["names"]))
                yield place, frozenset(names)
        if (path := inside(folder, "package.json")) in known and (wanted := _wanted(text_of(path))):
            yield _joined(folder, wanted), frozenset()


def _texts(code: str) -> tuple[str, ...]:
    return tuple(double or single for double, single in _TEXT.findall(code))


def _joined(folder: str, *parts: str) -> str:
    """A path from the repository's root, without its dots."""
    done: list[str] = []
    for part in PurePosixPath(folder, *parts).parts:
        if part == ".." and done:
            done.pop()
        elif part not in (".", "..", "/"):
            done.append(part)
    return "/".join(done)


def _wanted(package: str) -> str | None:
    try:
        read = json.loads(package)
    except ValueError:
        return None
    prisma = read.get("prisma") if isinstance(read, dict) else None
    wanted = prisma.get("schema") if isinstance(prisma, dict) else None
    return wanted if isinstance(wanted, str) else None


def guessed_major(texts: Iterable[str]) -> int:
    """Prisma 6 has the address in the schema, Prisma 7 refuses it there."""
    return 6 if any(_URL.search(body) for body in _datasources(texts)) else 7


def provider(texts: Iterable[str]) -> str | None:
    """What the schema is for, in Prisma's word: postgresql. None where it does not say."""
    return next((found[1] for body in _datasources(texts) if (found := _PROVIDER.search(body))), None)


def _datasources(texts: Iterable[str]) -> Iterator[str]:
    return (block["body"] for text in texts for block in _DATASOURCE.finditer(text))


def leeway(files: Mapping[str, str], external: Iterable[str]) -> Leeway:
    """Where the schema says that something is there, and not what."""
    members = [(block, member) for block in read_schema(files) if block.kind == "model" for member in block.members]
    return Leeway(
        frozenset((b.sql, m.sql) for b, m in members if _EMPTY_DBGENERATED.search(m.text)),
        frozenset((b.sql, m.sql) for b, m in members if m.type == "Unsupported"),
        frozenset(external),
    )
