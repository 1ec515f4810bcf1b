"""Runners whose migrations are code: how a project's own CI has their SQL printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

TIME_LIMIT_S = 300

# Words of a command that stand for a file: with one of them, the command is run once for each migration.
PLACEHOLDERS = ("{id}", "{path}", "{name}", "{app}")


@dataclass(frozen=True, slots=True)
class Runner:
    """files: glob patterns of the migrations, from the repository's root. print: the command that prints their SQL;
    down: that prints the ways back, where `print` does not. state: a dump of what the base branch has, where only the
    new ones are to be printed. folder: where the commands are run. time_limit_s: of each."""

    name: str
    files: tuple[str, ...] = ()
    print: str = ""
    down: str = ""
    state: str | None = None
    folder: str = ""
    time_limit_s: int = TIME_LIMIT_S


# Their own words for it: https://alembic.sqlalchemy.org/en/latest/offline.html; Django has none that knows the names of
# constraints in a database that is not there, so ours makes one and tells what was sent (workers.printed.django).
_KNOWN: Mapping[str, Runner] = {
    "alembic": Runner(
        "alembic",
        ("**/versions/*.py",),
        "alembic upgrade heads --sql",
        "alembic downgrade {id}:{id}-1 --sql",
    ),
    "django": Runner("django", ("**/migrations/[0-9]*.py",), "python manage.py shell -c {django}"),
    "rails": Runner("rails", ("**/*migrate/[0-9]*.rb",)),
}
READY = tuple(name for name, runner in _KNOWN.items() if runner.print)


def completed(told: Runner) -> Runner:
    """With what is known of a runner, where nothing else is told. A command of one's own stands alone."""
    known = _KNOWN.get(told.name, Runner(told.name))
    down = told.down or ("" if told.print else known.down)
    return replace(told, files=told.files or known.files, print=told.print or known.print, down=down)
