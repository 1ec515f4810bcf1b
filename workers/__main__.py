"""The program `migration-bot`: builds the settings and hands over to the command line."""

from __future__ import annotations

import gc
import os
import sys

from bot.errors import BadSetting
from bot.settings import read_settings
from workers.cli import run
from workers.machine import machine_of


def main() -> int:
    """Returns the exit code."""
    try:
        settings = read_settings(os.environ)
    except BadSetting as error:
        print(f"migration-bot: {error}", file=sys.stderr)
        return 2
    machine = machine_of(settings)
    gc.freeze()  # what the imports made stays: to look at it again and again is a tenth of a short run
    return run(sys.argv[1:], machine)


if __name__ == "__main__":
    sys.exit(main())
