"""A declared schema, schema.prisma or a dump, is not what the migrations build."""

from __future__ import annotations

from workers.model import Level
from workers.rules.rule import Documented

# Found by workers.drift, with a server; here for its name, its level and its page.
RULE = Documented(
    "schema-not-as-declared",
    Level.RISKY,
    "A declared schema, schema.prisma or a dump, is not what the migrations build.",
    needs_server=True,
)
