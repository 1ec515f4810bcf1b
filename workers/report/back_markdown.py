"""The ways back from a migration → parts of the comment."""

from __future__ import annotations

from itertools import islice

from workers.report import kept as keeping
from workers.report import phrases, written
from workers.report.budget import Part, Rank
from workers.report.markup import fence, folded, prose
from workers.verdict import JudgedMigration, Report
from workers.ways_back import Kept, Rollback, Written


def rollback(migration: JudgedMigration, undo: Rollback, report: Report) -> Part:
    """What is taken back, with what SQL, and the steps around it; the SQL is the first thing that has no room."""
    title = f"Rollback: <b>{undo.grade.value}</b>, {phrases.proof(undo)}"
    told = (*phrases.shortfalls(undo)[:20], *islice(phrases.going_back(undo), 10))
    short = "".join(f"- {prose(reason, 400)}\n" for reason in told)
    lines = undo.sql.strip("\n").count("\n") + 1
    parts = (
        f"**Takes back** {prose(phrases.taken_back(migration), 600)}\n\n",
        f"{short}\n" if short else "",
        _written(migration.written) if migration.written else "",
        f"**SQL**\n\n{fence(undo.sql)}\n" if undo.sql.strip() else "**SQL** none is needed\n\n",
        "**Steps**\n\n",
        *(f"{number}. {prose(step)}\n" for number, step in enumerate(phrases.way_back(migration, report), start=1)),
    )
    return Part(Rank.ROLLBACK, (folded(title, "".join(parts)),), f"rollback of {lines} lines")


def kept(pair: Kept) -> Part:
    """The pair that keeps data."""
    rows = "".join(f"- {prose(line, 400)}\n" for line in keeping.lines(pair))
    parts = (f"**{when}**\n\n{fence(sql)}\n" for when, sql in keeping.parts(pair))
    body = f"{rows}\n{''.join(parts)}"
    return Part(Rank.ROLLBACK, (folded(keeping.verdict(pair), body),), f"pair of {body.count(chr(10))} lines")


def _written(way: Written) -> str:
    rows = [f"- {prose(line, 400)}\n" for line in written.differences(way)]
    return "".join((f"{prose(written.verdict(way), 400)}\n\n", *rows, *(("\n",) if rows else ())))
