"""A suppression that gives no reason, names no rule, or has nothing to allow."""

from __future__ import annotations

from workers.model import Level
from workers.rules.rule import Documented

# Found by workers.suppressions while it reads the comments; here for its name, its level and its page.
RULE = Documented(
    "suppression", Level.RISKY, "A suppression that gives no reason, names no rule, or has nothing to allow."
)
