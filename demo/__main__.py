"""bin/demo: starts everything and waits until it is ended, or plays the story by itself."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from demo import browser, shop, terminal
from demo.story import Story
from demo.town import Town, Trouble, running_town

_PICTURE_SIZE = (1200, 1280)
_HOW = """
  {url}

is a stand-in for GitHub with a page for each pull request; the bot's web, its
worker and Redis run behind it. Try:

  - tick boxes in pull request #1, and watch the required check turn green
  - be somebody else (at the top), push another commit, comment /migrate help
  - Merge when ready

Ctrl-C ends it and cleans up."""


def main() -> int:
    """Returns the exit code: 1 where something did not come out as it should."""
    wanted = _arguments()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)
    try:
        if wanted.terminal:
            return terminal.play(keep=not wanted.once)
        with running_town(wanted.port) as town:
            if wanted.picture:
                Story(town).half_way()
                _take(town, wanted.picture)
            elif wanted.once:
                Story(town).play()
            else:
                _stay(town)
    except Trouble as trouble:
        print(f"\nbin/demo: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("bin/demo", description="The whole bot on this machine, with a GitHub to play on.")
    parser.add_argument("--once", action="store_true", help="play the story of one pull request, and exit")
    parser.add_argument("--terminal", action="store_true", help="only the review, on the command line")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="take a screenshot in the middle of the story")
    parser.add_argument("--port", type=int, default=0, help="of the pages, any free one unless told")
    return parser.parse_args()


def _take(town: Town, to: Path) -> None:
    """docs/demo.png was made with it."""
    with browser.browsing(_PICTURE_SIZE) as tab:
        tab.open(f"{town.github.url}/{shop.NAME}/pull/1")
        to.write_bytes(tab.picture())


def _stay(town: Town) -> None:
    for branch in (shop.LOYALTY, shop.WISHES):
        town.open_pull(branch)
    print(_HOW.format(url=town.github.url), flush=True)
    try:
        while True:
            for part in town.parts:
                part.check()
            time.sleep(1)
    except KeyboardInterrupt:
        print("\nThe worker finishes what it is at, then all is gone.", flush=True)


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
