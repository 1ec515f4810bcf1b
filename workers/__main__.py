"""The program `migration-bot`: builds the settings and hands over to the command line."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from bot.errors import BadSetting
from bot.settings import Settings, read_settings
from workers.cli import run

if TYPE_CHECKING:
    from workers.review import Machine


def main() -> int:
    """Returns the exit code."""
    try:
        settings = read_settings(os.environ)
    except BadSetting as error:
        print(f"migration-bot: {error}", file=sys.stderr)
        return 2
    gc.freeze()  # what the imports made stays: to look at it again and again is a tenth of a short run
    gc.set_threshold(100_000, 20, 50)  # and nearly all that is made in one lasts to its end
    return run(sys.argv[1:], lambda: _machine(settings))


def _machine(settings: Settings) -> Machine:
    from workers.machine import machine_of  # here, with all that a server takes: lint needs none

    return machine_of(settings)


if __name__ == "__main__":
    sys.exit(main())
