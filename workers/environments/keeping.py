"""Takes a backup of an environment by its own method, and lets old ones go."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from workers.environments.backups import prune_dumps, take_dump
from workers.environments.backups.backup import Backup
from workers.environments.backups.neon import prune_branches, take_branch
from workers.environments.model import BackupMethod, Environment, Watch
from workers.errors import Refused, Unreachable
from workers.review import Machine

_LOG = logging.getLogger(__name__)


def back_up(environment: Environment, label: str, machine: Machine, watch: Watch) -> Backup | None:
    """None where no method is configured. label: names the pull request: pr12. Raises Refused, Unreachable,
    Cancelled."""
    match environment.backup.method:
        case BackupMethod.DUMP:
            return take_dump(environment, label, machine, watch)
        case BackupMethod.NEON:
            return take_branch(environment, label, watch)
        case BackupMethod.NONE:
            return None


def prune(environment: Environment) -> tuple[str, ...]:
    """What was removed, or why nothing was, sentences: a backup too many is no reason to fail."""
    try:
        match environment.backup.method:
            case BackupMethod.DUMP:
                return prune_dumps(environment, datetime.now(UTC))
            case BackupMethod.NEON:
                return prune_branches(environment, datetime.now(UTC))
            case BackupMethod.NONE:
                return ()
    except (Refused, Unreachable) as error:
        _LOG.warning("%s: old backups stay: %s", environment.name, error)
        return (f"Old backups were not removed: {error}.",)
