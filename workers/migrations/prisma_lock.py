"""Whether migration_lock.toml names PostgreSQL in the one form that Prisma reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from workers.migrations.faults import unmerged
from workers.migrations.layout import ReadText, inside
from workers.model import Fault

LOCK = "migration_lock.toml"
_FORM = 'provider = "postgresql"'


def lock_faults(paths: Iterable[str], directory: str, read: ReadText) -> tuple[Fault, ...]:
    """Prisma looks at the first line that begins with `provider`, and not at all where there is no file."""
    path = inside(directory, LOCK)
    if path not in frozenset(paths):
        said = f"{LOCK} is gone: Prisma no longer sees that the provider stays what it was, and prisma migrate diff "
        return (Fault(path, 1, LOCK, f"{said}--from-migrations refuses the folder. Restore it."),)
    text = read(path)
    if found := tuple(unmerged(path, text)):
        return found
    lines = enumerate(text.splitlines(), start=1)
    number, line = next(((n, line) for n, line in lines if line.startswith("provider")), (1, ""))
    if line.removeprefix("provider = ").strip('"') == "postgresql":
        return ()
    said = f"{LOCK} does not say {_FORM}, letter for letter, so that prisma migrate deploy refuses the whole folder"
    return (Fault(path, number, LOCK, f"{said} (P3019). Restore it."),)
