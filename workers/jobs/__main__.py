"""The worker process: `python -m workers.jobs`."""

from __future__ import annotations

import os
import sys

from bot.errors import BadSetting
from bot.logs import configure
from bot.settings import read_settings
from bot.worker import run_worker
from workers.jobs.tools import tools_of


def main() -> int:
    """Returns the exit code: 2 for a setting that cannot be meant."""
    configure()
    try:
        settings = read_settings(os.environ)
        tools_of(settings)  # says what is missing before the first job does
    except BadSetting as error:
        print(f"migration-bot: {error}", file=sys.stderr)
        return 2
    run_worker(settings.redis_url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
