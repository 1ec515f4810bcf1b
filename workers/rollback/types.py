"""How a column's values get back into its former type, and whether a change of type may have cost some of them."""

from __future__ import annotations

import re

from workers.catalog import Kind, Object
from workers.rollback.columns import LETTERS, NUMBERS, base_type
from workers.rollback.names import ident
from workers.rollback.scene import Scene
from workers.rollback.shapes import TIMES

_WHOLE = ("smallint", "integer", "bigint")
_TEXT = ("character varying", "text")
_PRECISION = re.compile(r"\((\d+)(?:,(-?\d+))?\)")

# Types whose every value has a text form of its own.
_PRINTED = (*_WHOLE, "numeric", "uuid", "boolean", "date", "inet", "cidr", "json", "jsonb", "xml")


# What an explicit cast of text does not do; the value's name and the former type fill the gaps.
_FORMS = {
    **{(number, "boolean"): "{0}::integer::{1}" for number in NUMBERS},
    **{("boolean", number): "{0} <> 0" for number in NUMBERS},
    **dict.fromkeys((("json", "jsonb"), ("jsonb", "json")), "{0}::{1}"),
}


def conversion(scene: Scene, was: Object, now: Object) -> str:
    """The USING clause for the way back from now's type to was's; empty where the assignment cast does it, which fails
    on a value that does not fit, while an explicit cast would cut it. For types whose values can be computed back."""
    old, new = was.text("type") or "", now.text("type") or ""
    name = ident(was.path[-1])
    if was.attributes.get("generated"):
        return ""
    if old != new and (base_type(old) == base_type(new) or base_type(old) in LETTERS):
        return ""
    stored = base_type(_under_domain(scene, was) or old)
    if any(stored in family and base_type(new) in family for family in (NUMBERS, LETTERS, TIMES)):
        return ""
    if form := _FORMS.get((stored, base_type(new))):
        return f" USING ({form.format(name, stored)})::{old}"
    if stored in ("json", "jsonb") and base_type(new) not in LETTERS and old != new:
        return f" USING pg_catalog.to_{stored}({name})::{old}"
    return f" USING {name}::text::{old}"


def _under_domain(scene: Scene, column: Object) -> str | None:
    """The type whose values the column's domain holds."""
    types = (scene.before.objects[d.on] for d in scene.before.on(column.id))
    return next((each.text("base") for each in types if each.kind is Kind.DOMAIN), None)


def keeps_values(was: str, now: str) -> bool:
    """Every value of the type `was` has one in the type `now` that turns back into it, so a change by the usual cast
    has lost nothing. Types as format_type prints them."""
    old, new = base_type(was), base_type(now)
    if was == now or (now in ("text", "character varying") and old in (*_TEXT, *_PRINTED)):
        return True
    if old in _WHOLE and new in _WHOLE:
        return _WHOLE.index(old) <= _WHOLE.index(new)
    if old in _WHOLE and now == "numeric":
        return True
    if old == new or (old in _TEXT and new in _TEXT):
        return _modifier_grows(was, now)
    return (old, new) in {("real", "double precision"), ("date", "timestamp without time zone"), ("cidr", "inet")}


def _modifier_grows(was: str, now: str) -> bool:
    old, new = _PRECISION.search(was), _PRECISION.search(now)
    if new is None:
        return True
    if old is None:
        # timestamp and time without a modifier hold microseconds, as with (6)
        return was.startswith("time") and new[1] == "6"
    digits, scale = int(old[1]), int(old[2] or 0)
    new_digits, new_scale = int(new[1]), int(new[2] or 0)
    return new_scale >= scale and new_digits - new_scale >= digits - scale
