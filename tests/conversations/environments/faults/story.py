"""What an environment's database, its history, GitHub and Redis tell after a fault: all of it must be one story."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Leaves a row each time it is begun, and is risky, so that the checklist asks for staging.
NOTE = """INSERT INTO "marks" DEFAULT VALUES;
ALTER TABLE "orders" ADD COLUMN "note" text;
CREATE INDEX "orders_total" ON "orders" ("total");
"""
INDEX = 'CREATE INDEX CONCURRENTLY "orders_total" ON "orders" ("total");\n'
READING = 'LOCK TABLE "orders" IN ACCESS SHARE MODE'


@dataclass(frozen=True)
class Story:
    """columns: of orders. marks: how often the migration's first line was run. deployments: the states of each, in the
    environment that was asked. ticked: the item that says staging, None where nothing is risky. reaction: our last to
    the command. left: what is still there of the work on it."""

    columns: tuple[str, ...] = ("id", "total")
    marks: int = 0
    history: tuple[tuple[str, str], ...] = (("m1_init", "applied"),)
    deployments: tuple[tuple[str, ...], ...] = ()
    ticked: bool | None = False
    reaction: str = "confused"
    left: tuple[str, ...] = ()


NOTHING = Story()
DONE = Story(
    columns=("id", "total", "note"),
    marks=1,
    history=(("m1_init", "applied"), ("m2_note", "applied")),
    deployments=(("in_progress", "success"),),
    ticked=True,
    reaction="rocket",
)
INDEXED = replace(
    DONE,
    columns=NOTHING.columns,
    marks=0,
    history=(("m1_init", "applied"), ("m2_index", "applied")),
    ticked=None,
)
UNDONE = replace(
    NOTHING,
    history=(("m1_init", "applied"), ("m2_note", "rolled back")),
    deployments=(("in_progress", "failure"),),
)


def after(earlier: Story, story: Story) -> Story:
    """The story of a command that came after another."""
    history = (*(row for row in earlier.history if row[1] == "rolled back"), *story.history)
    return replace(story, history=tuple(sorted(history)), deployments=(*earlier.deployments, *story.deployments))
