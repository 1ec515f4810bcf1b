"""The names that code has for a table, and the pieces of patterns that look for them. Pure."""

from __future__ import annotations

import re

QUOTE, DOT = r"\\?[\"'`]", r"(?:\?\.|!?\.|->|::)"

# Between a word of SQL, or a function, and the name behind it. Repeats are bounded: a line may be made to keep a
# pattern busy.
OPENS = r"\s{0,3}\(?\s{0,3}(?:name)?\s{0,3}[:=]?\s{0,3}"


def any_word(*names: str) -> str:
    return rf"(?<![\w$])(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)"


def camel(word: str) -> str:
    """legacy_token → legacyToken, as many libraries map it."""
    head, *rest = [part for part in word.split("_") if part] or [word]
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def classes(table: str) -> frozenset[str]:
    """order_items, and the variables and classes that libraries make of it: orderItems, OrderItem."""
    both = {camel(table), camel(_singular(table))}
    return frozenset({table, *both, *(name[:1].upper() + name[1:] for name in both)})


def _singular(table: str) -> str:
    for ending, instead in (("ies", "y"), ("ss", "ss"), ("s", "")):
        if table.endswith(ending):
            return table.removesuffix(ending) + instead
    return table
