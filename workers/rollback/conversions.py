"""Whether the USING of a change of type takes the column's values as they are."""

from __future__ import annotations

import re

from workers.sql.column_types import normal_type

_CAST = re.compile(r"cast\s*\((.*)\sas\s(.*)\)", re.I | re.S)
_WHOLE_TEXT = ("text", "character varying")


def is_cast_of(using: str, column: str, type: str) -> bool:
    """The column itself, cast to nothing but its new type, or to text on the way there. Anything else may make other
    values, also where the type stays the same. type: as format_type prints it."""
    text = using.strip()
    if text.startswith("(") and text.endswith(")") and is_cast_of(text[1:-1], column, type):
        return True
    if named := _CAST.fullmatch(text):
        inner, cast = named[1], named[2]
    else:
        inner, _, cast = text.rpartition("::")
    if inner:
        return normal_type(cast) in (type, *_WHOLE_TEXT) and is_cast_of(inner, column, type)
    name = text.rpartition(".")[2] if "." not in column else text
    return name.strip('"').replace('""', '"') == column or (name.isidentifier() and name.lower() == column)
