"""Says in a finding where code names what a statement takes away or asks more of, and in which order to deploy."""

from __future__ import annotations

from collections.abc import Sequence

from workers.code import Mention, Mentions
from workers.rules.rule import Step
from workers.words import Name

RUNS = "code that runs while this is deployed"


def in_order(step: Step, key: str, noun: str, unknown: str) -> str:
    """What to do, after what is lost was told. key: what is dropped, as findings name it; noun: column, table; unknown:
    what is said where nobody looked, as in lint."""
    found = step.mentions.get(key)
    if found is None:
        return unknown
    if found.head_count:
        return (
            f"Code still names it after this pull request: {_places(found.at_head, found.head_count)}. Deploy code "
            f"without the {noun} first, and drop it in a later release."
        )
    if found.base_count:
        return (
            f"{RUNS.capitalize()} names it and fails: {_places(found.at_base, found.base_count)}. Split this pull "
            f"request: deploy the code without the {noun}{_ignored(found)} first, and drop it in a later release."
        )
    return f"No code that names the {noun} was found in this repository."


def where(step: Step, key: str) -> str | None:
    """A clause about who names it: "code that runs while this is deployed names it (a.ts:3)". None where nobody does,
    or nobody looked."""
    found = step.mentions.get(key)
    if found and found.head_count:
        return f"code still names it after this pull request ({_places(found.at_head, found.head_count)})"
    if found and found.base_count:
        return f"{RUNS} names it ({_places(found.at_base, found.base_count)})"
    return None


def breaks(step: Step, key: str) -> str:
    """A clause about who fails when the old name is gone."""
    found = step.mentions.get(key)
    if found and not found.base_count and not found.head_count:
        return "no code that uses the old name was found in this repository, but other programs may"
    return f"{where(step, key) or f'{RUNS} still uses the old name'} and fails"


def rows(table: Name) -> str:
    """The key of where code inserts into a table."""
    return f"rows of {table}"


def who_inserts(step: Step, table: Name, column: str) -> str:
    """A clause about whose INSERTs fail, as they do not set a column that they have to."""
    found = step.mentions.get(rows(table))
    if found and found.base_count:
        return f"{RUNS} inserts without {column}, and fails ({_places(found.at_base, found.base_count)})"
    return "code that does not set the column can no longer insert"


def _places(places: Sequence[Mention], count: int) -> str:
    """The first of them, and how many there are at least."""
    shown = ", ".join(f"{place.path}:{place.line}" for place in places)
    return f"{shown} and {count - len(places)} more" if count > len(places) else shown


def _ignored(found: Mentions) -> str:
    """A client asks for each field that its schema declares, unless the field is ignored."""
    return " (@ignore the field in schema.prisma)" if found.at_base[0].path.endswith(".prisma") else ""
