"""Lists an environment's dumps, and removes those that retention no longer asks for."""

from __future__ import annotations

import logging
from datetime import datetime

from workers.environments.backups.kept import MANIFEST, Kept, kept_of
from workers.environments.backups.retention import keep
from workers.environments.backups.stores import Contents, store_of
from workers.environments.model import Environment

_LOG = logging.getLogger(__name__)


def dumps(environment: Environment) -> tuple[Kept, ...]:
    """Newest first. Asks no database. Raises Refused and Unreachable."""
    return _listed(store_of(environment).contents())


def _listed(contents: Contents) -> tuple[Kept, ...]:
    found = (
        kept_of(name, size_bytes, contents.manifests.get(name + MANIFEST))
        for name, size_bytes in contents.sizes.items()
    )
    return tuple(sorted((one for one in found if one), key=lambda one: (one.taken_at, one.name), reverse=True))


def prune_dumps(environment: Environment, now: datetime) -> tuple[str, ...]:
    """Removes what `retention.keep` does not name, and what a process left that died while it made one; a sentence for
    each. now: aware. Raises Refused and Unreachable."""
    store = store_of(environment)
    store.sweep()
    kept = _listed(store.contents())
    stays = keep(kept, environment.backup.retention, now)
    told = []
    for one in kept:
        if one.name not in stays:
            store.delete(one.name + MANIFEST)  # first: without it the dump is good for nothing
            store.delete(one.name)
            why = "newer ones stay" if one.good else "it was not whole"
            told.append(f"The backup {one.name} ({one.bytes} bytes) was removed: {why}.")
            _LOG.info("%s: %s", environment.name, told[-1])
    return tuple(told)
