"""The rules' names, and what somebody means who writes another."""

from __future__ import annotations

import difflib

from workers.errors import InputError
from workers.policy import Policy
from workers.rules import RULES

NAMES = frozenset(rule.name for rule in RULES)


def meant(name: str) -> str:
    """Behind a sentence on a rule that there is none of: the one that is most like it; empty where none is."""
    close = difflib.get_close_matches(name, sorted(NAMES), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def check_policy(policy: Policy) -> None:
    """Raises InputError when the policy speaks of a rule that there is none of."""
    spoken_of = [(setting.line, setting.name) for setting in policy.rules]
    spoken_of += [(item.line, item.name) for item in policy.checklist.rules]
    for line, name in sorted(spoken_of):
        if name not in NAMES:
            raise InputError(f"{policy.path}:{line}: there is no rule {name}{meant(name) or '.'}")
