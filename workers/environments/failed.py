"""A failed migration explained: what the database shows of it, and which of the two ways out fits."""

from __future__ import annotations

from workers.environments.model import Entry
from workers.environments.truth import Standing, Truth

_SHOWN = {
    Standing.APPLIED: "All of it is in the database; only its row in the history table is not finished.",
    Standing.NOT_APPLIED: "Nothing of it is in the database.",
    Standing.PARTLY: "A part of it is in the database.",
    Standing.UNCLEAR: "The database does not tell how much of it was run.",
}


def explain_failed(environment: str, entry: Entry, truth: Truth) -> tuple[str, ...]:
    """Sentences, and at their end the SQL that undoes what is there, where it is known. Until one of the two ways is
    gone, the runner applies nothing."""
    lines = [f"`{entry.name}` was begun and did not end.", _SHOWN[truth.standing]]
    lines += [f"{line[:1].upper()}{line[1:]}." for line in truth.sentences]
    lines += _ways(f"`/migrate resolve {environment} {entry.name} --", truth)
    return (*lines, *([truth.undo_sql] if truth.undo_sql else []))


def _ways(command: str, truth: Truth) -> tuple[str, ...]:
    applied, rolled_back = f"{command}applied`", f"{command}rolled-back`"
    rest = f"run the rest, from line {truth.next_line} on," if truth.next_line else "bring the rest there"
    undo = "undo what is there with the SQL below" if truth.undo_sql else "undo what is there"
    match truth.standing:
        case Standing.APPLIED:
            return (f"{applied} says so in the history table.",)
        case Standing.NOT_APPLIED:
            return (f"{rolled_back} makes it pending again; correct it first if its own error ended it.",)
        case Standing.PARTLY | Standing.UNCLEAR:
            return (
                f"Either {rest} by hand, then {applied}.",
                f"Or {undo}, then {rolled_back}, and it is pending again.",
            )
