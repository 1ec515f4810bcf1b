"""Which types have values in common, so that those of a column can be computed back from one into the other."""

from __future__ import annotations

from collections.abc import Mapping

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.columns import LETTERS, NUMBERS, base_type

TIMES = ("date", "timestamp without time zone", "timestamp with time zone")
_TEXT, _JSON = "text", "json"

# Types that are not here, such as those of extensions, may have casts of their own.
_SHAPES: Mapping[str, str] = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(LETTERS, _TEXT),
    **dict.fromkeys(TIMES, "moment"),
    **dict.fromkeys(("time without time zone", "time with time zone"), "time of day"),
    **dict.fromkeys(("inet", "cidr"), "network"),
    **dict.fromkeys(("json", "jsonb"), _JSON),
    **{type: type for type in ("boolean", "uuid", "bytea", "interval")},
}
_BETWEEN = {("number", "boolean"), ("boolean", "number"), ("time of day", "moment")}  # to, from
_MADE = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE)


def computed_back(was: str | None, now: str | None) -> bool:
    """Whether values of the shape `now` can be turned into some of the shape `was`, as far as the types tell."""
    if was is None or now is None or was in (now, _JSON) or _TEXT in (was, now):
        return True
    if was.endswith("[]") and now.endswith("[]"):
        inner = was.removesuffix("[]"), now.removesuffix("[]")
        return inner[0] == inner[1] or _TEXT in inner
    return (was, now) in _BETWEEN


def shape(catalog: Catalog, column: Object) -> str | None:
    """The word for what the column's values look like; None for a type that is not known."""
    return _shape(catalog, column.id, column.text("type") or "")


def _shape(catalog: Catalog, id: ObjectId, type: str) -> str | None:
    """id: the column, or the domain, that is of the type."""
    made = next((each for d in catalog.on(id) if (each := catalog.objects[d.on]).kind in _MADE), None)
    inner = _of_made(catalog, made) if made else _SHAPES.get(_plain(type))
    return f"{inner}[]" if inner and type.endswith("[]") else inner


def _of_made(catalog: Catalog, type: Object) -> str | None:
    match type.kind:
        case Kind.DOMAIN:
            return _shape(catalog, type.id, type.text("base") or "")
        case Kind.COMPOSITE:
            return f"({', '.join(type.texts('members'))})"
        case _:
            return type.text("definition") or "enum"


def _plain(type: str) -> str:
    base = base_type(type).removesuffix("[]")
    name = base.rpartition(".")[2]
    return name if name in LETTERS else base
