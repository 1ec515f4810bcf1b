"""Says of an attribute of an object that stays that it cannot get its former value."""

from __future__ import annotations

from workers.catalog import Object

_OWN = {
    "inherited": "was only inherited and is its table's own now",
    "from_parent": "was only inherited and is its table's own now",
    "not_null_own": "only inherited its NOT NULL and has its own now",
}


def not_changed_back(was: Object, name: str) -> str:
    """name: that of the attribute."""
    if own := _OWN.get(name):
        return f"{was.label} {own}, which no statement undoes."
    return f"The {name.replace('_', ' ')} of {was.label} cannot be changed back."
