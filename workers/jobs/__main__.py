"""The worker processes: `python -m workers.jobs` for reviews and commands, `… operations` for environments."""

from __future__ import annotations

import os
import sys

from bot.errors import BadSetting
from bot.logs import configure
from bot.queue import OPERATIONS
from bot.settings import read_settings
from bot.worker import run_worker
from workers.jobs.tools import tools_of


def main() -> int:
    """Returns the exit code: 2 for a setting, or an argument, that cannot be meant."""
    configure()
    if sys.argv[1:] not in ([], [OPERATIONS]):
        print(f"migration-bot: expected no argument, or {OPERATIONS}", file=sys.stderr)
        return 2
    try:
        settings = read_settings(os.environ)
        tools = tools_of(settings)  # says what is missing before the first job does
    except BadSetting as error:
        print(f"migration-bot: {error}", file=sys.stderr)
        return 2
    for repository in tools.environments.repositories:
        for environment in repository.environments:
            tools.metrics.start(repository.name, environment.name)
    run_worker(settings.redis_url, operations=sys.argv[1:] == [OPERATIONS])
    return 0


if __name__ == "__main__":
    sys.exit(main())
