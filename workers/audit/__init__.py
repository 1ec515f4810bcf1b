"""Audits a whole history: each migration applied, taken back, compared, applied again; what is told is an Audit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from workers.audit.chain import Ground
from workers.audit.halves import audit_all
from workers.audit.kept import kept, keys_of
from workers.audit.place import Asked, Found, find
from workers.audited import Audit, AuditedMigration
from workers.beforehand import beforehand
from workers.errors import InputError
from workers.extensions import lacking, server_with_most, stood_in
from workers.postgres.sandbox import sandbox_of
from workers.postgres.servers import find_installations
from workers.rehearsed import ServerInfo
from workers.replay import laid, told
from workers.review import Machine, Progress, no_progress

__all__ = ["Asked", "audit"]


def audit(asked: Asked, machine: Machine, progress: Progress = no_progress) -> Audit:
    """Takes seconds to minutes, and goes on where an earlier run of it was ended. Raises InputError; CannotAnalyse
    where there is no server, or none that starts."""
    began = time.monotonic()
    found = find(asked)
    history = found.migrations.history
    if code := next((one for one in history if one.unreadable), None):
        raise InputError(f"{code.path}: an audit takes SQL back, and this is code, whose SQL is not known")
    before = beforehand(found.migrations.layout, history, found.policy)
    servers = find_installations(machine.postgres)
    installation = server_with_most(history, before, servers, found.policy.postgres_version)
    tier = sandbox_of(machine.require)
    ground = Ground(installation, tier, machine.limits, machine.cache, before.sql).for_all(len(history))
    keys = keys_of((*before.sql, *history), installation, tier)[len(before.sql) :]
    with (
        kept(machine.cache, _name(asked, found), keys, fresh=asked.fresh) as results,
        progress(len(history)) as advance,
    ):
        earlier = len(results.known)
        for _ in results.known:
            advance()

        def tell(place: int, one: AuditedMigration) -> None:
            results.add(place, one)
            advance()

        audit_all(history, [place for place in range(len(history)) if place not in results.known], ground, tell)
        migrations = tuple(results.known[place] for place in range(len(history)))
    server = ServerInfo(installation.version, installation.origin, ground.tier.value)
    return Audit(
        found.migrations.layout,
        found.migrations.directory,
        found.migrations.head,
        server,
        migrations,
        (*laid(before.sql), *stood_in(installation), *lacking(installation, history, before), *_notes(migrations)),
        earlier,
        time.monotonic() - began,
    )


def _name(asked: Asked, found: Found) -> str:
    """The same for one history at whatever commit."""
    return f"{Path(asked.repository or asked.path).resolve()}\0{found.migrations.directory}"


def _notes(migrations: Sequence[AuditedMigration]) -> tuple[str, ...]:
    return told(tuple(dict.fromkeys(note for one in migrations for note in one.notes)))
