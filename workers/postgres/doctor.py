"""What this machine offers for rehearsals, as plain facts for `migration-bot doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.postgres.folders import folder_bytes
from workers.postgres.sandbox import Tier, why_not
from workers.postgres.servers import Installation, find_installations
from workers.postgres.slots import FIRST_USER_ID, in_memory, needs_users, slots_folder


@dataclass(frozen=True, slots=True)
class TierFact:
    tier: Tier
    problem: str | None  # why it does not work here; None when it does


@dataclass(frozen=True, slots=True)
class DoctorFacts:
    """`tiers` are all of them, strongest first."""

    installations: tuple[Installation, ...]
    tiers: tuple[TierFact, ...]
    cache: Path
    cache_bytes: int
    slots: Path  # where running servers keep their data
    slots_in_memory: bool
    first_user: int | None  # the numeric users that servers run as, from this one on; None: as ourselves


def examine(cache: Path, extra: Sequence[Path] = ()) -> DoctorFacts:
    """Looks at the machine; starts no server. `extra` are folders with PostgreSQL binaries from the settings. Raises
    CannotAnalyse when the folder for running servers cannot be had."""
    return DoctorFacts(
        installations=find_installations(extra),
        tiers=tuple(TierFact(tier, why_not(tier)) for tier in Tier),
        cache=cache,
        cache_bytes=folder_bytes(cache),
        slots=slots_folder(),
        slots_in_memory=in_memory(),
        first_user=FIRST_USER_ID if needs_users() else None,
    )
