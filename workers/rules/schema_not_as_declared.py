"""schema.prisma declares another schema than the migrations build."""

from __future__ import annotations

from workers.model import Level
from workers.rules.rule import Documented

# Found by workers.drift, with a server and Prisma's engine; here for its name, its level and its page.
RULE = Documented(
    "schema-not-as-declared",
    Level.RISKY,
    "schema.prisma declares another schema than the migrations build.",
    needs_server=True,
)
