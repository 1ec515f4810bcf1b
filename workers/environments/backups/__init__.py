"""Backups of an environment before it is changed: dumped, proven to come back, kept as long as configured."""

from workers.environments.backups.dump import take_dump
from workers.environments.backups.prune import dumps, prune_dumps

__all__ = ["dumps", "prune_dumps", "take_dump"]
