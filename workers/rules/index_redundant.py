"""An index that another one makes superfluous costs writes, memory and disk for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import IndexCreated
from workers.model import Level
from workers.rules.definitions import indexes
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Indexes that are made, as the schema stands after the migration: one that has a column twice, and one that is
    equal to another but for its name or its being unique."""
    if step.after is None:
        return
    for change in step.changes:
        if not isinstance(change, IndexCreated):
            continue
        found = list(indexes(step.after, change.table))
        made = next((index for index in found if index.name == change.index.name and not index.part), None)
        if made is None:
            continue
        to_come = {other.index.name for other in step.later.of(IndexCreated, change.table)}
        columns = made.form.columns
        twice = next((column for column in columns if columns.count(column) > 1), None)
        twin = next((one for one in found if one.body == made.body and one.name not in {made.name, *to_come}), None)
        if twice:
            message = f"The index {made.name} has {twice} twice: once is enough."
        elif twin:
            spare, stays = (twin, made) if made.form.unique and not twin.form.unique else (made, twin)
            message = (
                f"{spare.name} is an index on the same as {stays.name}, {stays.body}: drop or leave out {spare.name}."
            )
        else:
            continue
        yield step.finding(RULE, str(change.table), message)


RULE = Rule(
    "index-redundant",
    Level.RISKY,
    "An index that another one makes superfluous costs writes, memory and disk for nothing.",
    check,
    opt_in=True,
    needs_server=True,
)
