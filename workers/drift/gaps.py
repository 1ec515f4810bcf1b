"""The gaps between two databases, object by object and by name: what is missing, what is extra, what is different."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.comparison import by_name, shown, topmost
from workers.rollback.names import literal

# What is decided where a database runs, and what the server makes up by itself.
NOISE = frozenset({"owner", "grants", "not_null_constraint", "constraint_name"})


class GapKind(enum.StrEnum):
    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Gap:
    """expected, actual: the two definitions, None where there is no such object. likely: what a missing object seems to
    be called on the other side, or an extra one on this."""

    kind: GapKind
    of: Kind
    path: tuple[str, ...]
    object: str  # for people: column public.User.email
    expected: str | None
    actual: str | None
    likely: str | None = None


def gaps(expected: Catalog, actual: Catalog, noise: frozenset[str] = NOISE) -> tuple[Gap, ...]:
    """What makes `actual` another schema than `expected`. Where a table is missing or extra, its columns and indexes
    are not told one by one. noise: attributes that are not compared."""
    wanted, found = by_name(expected), by_name(actual)
    this, that = _Side.of(expected), _Side.of(actual)
    missing = topmost([each for key, each in wanted.items() if key not in found])
    extra = topmost([each for key, each in found.items() if key not in wanted])
    likely = _renames(this, missing, that, extra)
    told = [Gap(GapKind.MISSING, *_names(each), this.define(each), None, likely.get(_key(each))) for each in missing]
    told += [Gap(GapKind.EXTRA, *_names(each), None, that.define(each), likely.get(_key(each))) for each in extra]
    for key, each in wanted.items():
        if (other := found.get(key)) and (differing := _differing(each, other, noise)):
            texts = this.define(each), that.define(other)
            if texts[0] == texts[1]:
                texts = _attributes(each, differing), _attributes(other, differing)
            told.append(Gap(GapKind.DIFFERENT, *_names(each), *texts))
    return tuple(sorted(told, key=lambda gap: (gap.path, gap.of, gap.kind)))


def ignored(kind: Kind, path: tuple[str, ...], patterns: Iterable[str]) -> bool:
    """audit.* is the schema audit with all that is in it; tmp_* what is called so in any schema."""
    return any(_fits(kind, path, pattern) for pattern in patterns)


def _fits(kind: Kind, path: tuple[str, ...], pattern: str) -> bool:
    if "." not in pattern:
        return fnmatchcase(path[1] if len(path) > 1 else path[0], pattern)
    if kind is Kind.SCHEMA:
        return fnmatchcase(f"{path[0]}.*", pattern)
    return any(fnmatchcase(".".join(path[:parts]), pattern) for parts in range(2, len(path) + 1))


def column_orders(expected: Catalog, actual: Catalog) -> tuple[str, ...]:
    """The tables of both whose common columns stand in another order; nothing but SELECT * can tell."""
    wanted, found = _columns(expected), _columns(actual)
    return tuple(
        ".".join(table)
        for table, columns in wanted.items()
        if [c for c in columns if c in found.get(table, ())] != [c for c in found.get(table, ()) if c in columns]
    )


def _columns(catalog: Catalog) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for each in sorted(catalog.of_kind(Kind.COLUMN), key=lambda column: column.id):
        found.setdefault(each.path[:-1], []).append(each.path[-1])
    return found


_Key = tuple[Kind, tuple[str, ...]]


def _key(each: Object) -> _Key:
    return each.kind, each.path


def _names(each: Object) -> tuple[Kind, tuple[str, ...], str]:
    return each.kind, each.path, each.label


def _differing(each: Object, other: Object, noise: frozenset[str]) -> tuple[str, ...]:
    return tuple(n for n, value in each.attributes.items() if n not in noise and other.attributes.get(n) != value)


def _attributes(each: Object, names: Sequence[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {shown(each.attributes.get(name))}" for name in names)


# ---------------------------------------------------------------- definitions


@dataclass(frozen=True, slots=True)
class _Side:
    """columns: of each table, in order."""

    columns: Mapping[ObjectId | None, Sequence[Object]]

    @staticmethod
    def of(catalog: Catalog) -> _Side:
        found: dict[ObjectId | None, list[Object]] = {}
        for each in sorted(catalog.of_kind(Kind.COLUMN), key=lambda column: column.id):
            found.setdefault(each.parent, []).append(each)
        return _Side(found)

    def define(self, each: Object) -> str:
        """What the object is, in SQL as far as SQL has words for it, without its name."""
        if each.kind is Kind.COLUMN:
            return _column(each)
        if each.kind is Kind.ENUM:
            return f"ENUM ({', '.join(map(literal, each.texts('labels')))})"
        if each.kind in (Kind.TABLE, Kind.FOREIGN_TABLE):
            columns = (f"{c.path[-1]} {_column(c)}" for c in self.columns.get(each.id, ()))
            return f"{each.kind.upper()} ({', '.join(columns)})"
        definition = each.attributes.get("definition")
        told = (name for name, value in each.attributes.items() if value not in (None, False, ()) and name not in NOISE)
        return definition if isinstance(definition, str) else _attributes(each, tuple(told))

    def parts(self, each: Object) -> frozenset[str]:
        """What an object that is renamed takes with it."""
        if each.kind is Kind.ENUM:
            return frozenset(each.texts("labels"))
        if each.kind is Kind.TABLE:
            return frozenset(f"{c.path[-1]} {_column(c)}" for c in self.columns.get(each.id, ()))
        return frozenset({_NAME.sub("INDEX", self.define(each))})


def _column(each: Object) -> str:
    generated, default = each.attributes.get("generated"), each.attributes.get("default")
    words = [str(each.attributes.get("type"))]
    words += [f"COLLATE {collation}"] if (collation := each.attributes.get("collation")) else []
    words += [f"GENERATED ALWAYS AS ({generated})"] if generated else []
    words += ["GENERATED AS IDENTITY"] if each.attributes.get("identity") else []
    words += ["NOT NULL"] if each.attributes.get("not_null") else []
    words += [f"DEFAULT {default}"] if default is not None else []
    return " ".join(words)


# ---------------------------------------------------------------- renames

_LIKE_ENOUGH = 0.6
_NAME = re.compile(r'INDEX (?:"(?:[^"]|"")*"|\w+)(?= ON )')


def _renames(this: _Side, missing: Sequence[Object], that: _Side, extra: Sequence[Object]) -> dict[_Key, str]:
    """Each missing object with the extra one that is most like it, both ways, each in one pair only: the label of the
    one by the key of the other."""
    of_that = [(each, that.parts(each)) for each in extra]
    pairs = [
        (likeness, one, other)
        for one in missing
        for parts in (this.parts(one),)
        for other, others in of_that
        if one.kind is other.kind and one.path[:-1] == other.path[:-1]
        if (likeness := len(parts & others) / max(len(parts | others), 1)) >= _LIKE_ENOUGH
    ]
    found: dict[_Key, str] = {}
    for _, one, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1].path, pair[2].path)):
        if _key(one) not in found and _key(other) not in found:
            found[_key(one)], found[_key(other)] = other.label, one.label
    return found
