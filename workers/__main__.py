"""The program `migration-bot`: builds the settings and hands over to the command line."""

from __future__ import annotations

import gc
import os
import sys

from bot.errors import BadSetting
from bot.settings import read_settings
from workers.cli import run
from workers.postgres.cluster import Limits, default_cache
from workers.postgres.sandbox import Tier
from workers.review import Machine


def main() -> int:
    """Returns the exit code."""
    try:
        settings = read_settings(os.environ)
    except BadSetting as error:
        print(f"migration-bot: {error}", file=sys.stderr)
        return 2
    limits = Limits(
        statement_ms=settings.statement_ms,
        total_ms=settings.total_ms,
        memory_bytes=settings.memory_mb << 20,
        disk_bytes=settings.disk_mb << 20,
    )
    machine = Machine(
        cache=settings.cache or default_cache(),
        limits=limits,
        snapshots_bytes=settings.snapshots_mb << 20,
        require=Tier(settings.sandbox_require),
        postgres=(settings.postgres,) if settings.postgres else (),
    )
    gc.freeze()  # what the imports made stays: to look at it again and again is a tenth of a short run
    return run(sys.argv[1:], machine)


if __name__ == "__main__":
    sys.exit(main())
