"""What all files in which runners keep their migrations can have wrong: the marks of a merge that was left undone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.model import Fault

_MARK = re.compile(r"^(?:<{7}|={7}|>{7})(?: |\r?$)", re.M)


def unmerged(path: str, text: str) -> Iterator[Fault]:
    """Where the first mark stands."""
    if found := _MARK.search(text):
        name = path.rpartition("/")[2]
        line = text.count("\n", 0, found.start()) + 1
        yield Fault(path, line, name, f"{name} has the marks of a merge conflict, which nobody has settled.")
