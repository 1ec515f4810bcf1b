"""Values that a type accepts and a migration may not expect, and ordinary and fresh ones, as input text; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from workers.postgres.demands import ValueType
from workers.postgres.samples import (
    FRESH,
    FRESH_TEXTS,
    LONGEST_TEXT,
    NASTY,
    NASTY_TEXTS,
    ORDINARY,
    ORDINARY_TEXTS,
    TEXTS,
    UNCERTAIN,
    UNKNOWN,
)

Types = Mapping[int, ValueType]
_HEADER = 4  # VARHDRSZ, which a length's type modifier includes


@dataclass(frozen=True, slots=True)
class Pool:
    """Input texts, most telling first. `certain`: the type's input function accepts every one of them; if not, the
    server has to be asked first (domains with checks, types we do not know, XML, which may be compiled out)."""

    nasty: tuple[str, ...]
    ordinary: tuple[str, ...]
    certain: bool = True


def pool(types: Types, oid: int, modifier: int) -> Pool:
    """The values of a type; `modifier` is a pg_attribute.atttypmod, -1 for none."""
    found = types[oid]
    if found.kind == "d":
        base = pool(types, found.base, found.base_modifier)
        return Pool(base.nasty, base.ordinary, base.certain and not found.checks)
    if found.kind == "e":
        return Pool(found.labels, found.labels)
    if found.name in TEXTS:
        return _texts(found.name, modifier)
    if found.is_array:
        return _arrays(pool(types, found.element, modifier), found.delimiter or ",")
    if found.kind == "c":
        return _composites([pool(types, *attribute) for attribute in found.attributes])
    if found.kind in ("r", "m"):
        return _ranges(types, found)
    if modifier >= 0 and found.name in _MODIFIED:
        return _MODIFIED[found.name](modifier)
    nasty = NASTY.get(found.name, UNKNOWN)
    return Pool(nasty, ORDINARY.get(found.name, nasty), found.name in NASTY and found.name not in UNCERTAIN)


def fresh(types: Types, oid: int, modifier: int, number: int) -> tuple[str, ...]:
    """Values that differ from those of every other number, in several styles, for constraints may like only one of
    them. Empty for types with too few values."""
    found = types[oid]
    if found.kind == "d":
        return fresh(types, found.base, found.base_modifier, number)
    if found.kind == "e" or found.name == "bool":
        values = pool(types, oid, modifier).ordinary
        return values[number : number + 1]
    if found.name in TEXTS:
        longest = longest_text(found.name, modifier)
        return tuple(text for style in FRESH_TEXTS if len(text := style(number)) <= longest)
    if found.is_array:
        return tuple(f"{{{quoted(text)}}}" for text in fresh(types, found.element, modifier, number))
    if found.kind == "c" and found.attributes:
        first = fresh(types, *found.attributes[0], number)
        return tuple(f"({quoted(text)}{',' * (len(found.attributes) - 1)})" for text in first)
    if found.kind in ("r", "m"):
        return _range_between(types, found, 2 * number, 2 * number + 1)
    if found.name == "numeric" and modifier >= 0:
        return tuple(text for text in FRESH["numeric"](number) if abs(Decimal(text)) <= _largest(modifier))
    return FRESH[found.name](number) if found.name in FRESH else ()


def longest_text(name: str, modifier: int) -> int:
    """Characters that a text type holds, at most LONGEST_TEXT."""
    fixed = {"name": 63, "char": 1}.get(name, LONGEST_TEXT)
    return min(fixed, modifier - _HEADER) if modifier >= _HEADER else fixed


def quoted(text: str) -> str:
    """As an element of an array, row or range (https://www.postgresql.org/docs/current/rowtypes.html)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _texts(name: str, modifier: int) -> Pool:
    longest = longest_text(name, modifier)
    wide = "é" * (longest // 2 if name in ("name", "char") else longest)  # as many characters in twice the bytes
    nasty = [text for text in NASTY_TEXTS if len(text.encode()) <= longest]
    nasty[3:3] = ["x" * longest, wide]
    return Pool(tuple(dict.fromkeys(nasty)), tuple(text for text in ORDINARY_TEXTS if len(text) <= longest))


def _arrays(element: Pool, delimiter: str) -> Pool:
    def array(*items: str) -> str:
        return "{" + delimiter.join(items) + "}"

    nasty = [quoted(text) for text in element.nasty]
    ordinary = [quoted(text) for text in element.ordinary[:6]]
    mixed = [array(*nasty[:2], "NULL", nasty[0])] if nasty else []
    singles = [array(item) for item in nasty[:12]]
    return Pool(
        ("{}", "{NULL}", *mixed, *singles),
        (*(array(item) for item in ordinary), array(*ordinary[:2]), "{}"),
        element.certain,
    )


def _composites(attributes: Sequence[Pool]) -> Pool:
    def row(choose: Callable[[Pool], Sequence[str]], turn: int) -> str:
        chosen = [choose(attribute) for attribute in attributes]
        return "(" + ",".join(quoted(texts[turn % len(texts)]) if texts else "" for texts in chosen) + ")"

    longest = max((len(attribute.nasty) for attribute in attributes), default=0)
    nasty = [row(lambda attribute: attribute.nasty, turn) for turn in range(longest)]
    ordinary = [row(lambda attribute: attribute.ordinary, turn) for turn in range(3)]
    empty = "(" + "," * (len(attributes) - 1) + ")"  # every attribute NULL
    return Pool((empty, *nasty), tuple(ordinary), all(attribute.certain for attribute in attributes))


def _ranges(types: Types, found: ValueType) -> Pool:
    bounded = [_range_between(types, found, low, low + 2) for low in range(3)]
    ordinary = tuple(text for texts in bounded for text in texts[:1])
    unbounded = ("empty", "(,)") if found.kind == "r" else ("{}", "{(,)}")
    return Pool((*unbounded, *ordinary), ordinary)


def _range_between(types: Types, found: ValueType, low: int, high: int) -> tuple[str, ...]:
    """Ranges between two fresh values, which only the first style is known to put in order."""
    bounds = [fresh(types, found.subtype, -1, number)[:1] for number in (low, high)]
    if not all(bounds):
        return ()
    (lower,), (upper,) = bounds
    text = f"[{quoted(lower)},{quoted(upper)})"
    return (text if found.kind == "r" else "{" + text + "}",)


def _largest(modifier: int) -> Decimal:
    """Of numeric(p,s), whose modifier holds the precision above the scale, an 11-bit signed number
    (src/backend/utils/adt/numeric.c, make_numeric_typmod)."""
    precision, scale = ((modifier - _HEADER) >> 16) & 0xFFFF, ((modifier - _HEADER) & 0x7FF ^ 1024) - 1024
    return Decimal(f"{'9' * precision}E{-scale}")  # exact: no arithmetic, which would round to the context's precision


def _numerics(modifier: int) -> Pool:
    largest = _largest(modifier)
    ordinary = tuple(text for text in ORDINARY["numeric"] if Decimal(text) <= largest)
    return Pool(("0", "NaN", f"{largest}", f"-{largest}", *ordinary[:2]), ordinary or ("0",))


def _bits(modifier: int) -> Pool:
    texts = ("0" * modifier, "1" * modifier, "01"[: min(modifier, 2)].ljust(modifier, "0"))
    return Pool(texts, texts)


def _vectors(modifier: int) -> Pool:
    def vector(element: str) -> str:
        return f"[{','.join([element] * modifier)}]"

    return Pool((vector("0"), vector("-1"), vector("65504")), (vector("1"), vector("0.5")))


def _sparse_vectors(modifier: int) -> Pool:
    return Pool((f"{{}}/{modifier}", f"{{1:-1}}/{modifier}"), (f"{{1:1}}/{modifier}",))


_MODIFIED: Mapping[str, Callable[[int], Pool]] = {
    "numeric": _numerics,
    "bit": _bits,
    "vector": _vectors,
    "halfvec": _vectors,
    "sparsevec": _sparse_vectors,
}
