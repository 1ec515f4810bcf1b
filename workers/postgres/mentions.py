"""Values that a condition or a partition bound mentions, and their neighbours: likely to be accepted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.postgres.samples import LONGEST_TEXT
from workers.sql.scan import NUMBER, STRING, scan

PADDING = "a"  # of texts whose length alone matters
_WILD = re.compile(r"\\(.)|[_%]")
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "money"})


def mentioned(condition: str, type_name: str) -> tuple[str, ...]:
    """Input texts for the type (pg_type.typname): numbers and days with their neighbours, texts without wild cards,
    texts as long as a number says. Not all of them are valid input."""
    found: list[str] = []
    for kind, start, end in scan(condition):
        piece = condition[start:end]
        if kind == STRING and piece.startswith("'"):
            text = piece[1:-1].replace("''", "'")
            found += [text, _WILD.sub(_without_wild_card, text), *_later(text)]
        elif kind == NUMBER and re.fullmatch(r"\d{1,15}", piece):
            found += _around(int(piece), type_name)
    return tuple(dict.fromkeys(found))


def _without_wild_card(wild: re.Match[str]) -> str:
    """LIKE: \\x is x itself, _ any character, % any text."""
    return wild[1] or {"_": PADDING, "%": ""}[wild[0]]


def _later(text: str) -> list[str]:
    """Moments after the beginning of a range, which may be a month, a day or an hour long."""
    day = re.match(r"\d{4}-\d\d-\d\d", text)
    return [f"{day[0]} {time}" for time in ("00:00:01", "00:30", "12:00", "23:59:59.999999")] if day else []


def _around(number: int, type_name: str) -> Iterable[str]:
    if type_name in _NUMBERS:
        return (str(near) for near in (number, number + 1, number - 1, -number))
    return (PADDING * length for length in (number, number + 1, number - 1) if 0 < length <= LONGEST_TEXT)
