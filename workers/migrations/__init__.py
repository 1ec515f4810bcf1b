"""The layouts: where a project keeps its migrations, in which order they run, and what its runner does with a file."""

from workers.migrations.layout import Layout, Project
from workers.migrations.plain import PLAIN
from workers.migrations.prisma import PRISMA

LAYOUTS: tuple[Layout, ...] = (PRISMA, PLAIN)  # the more telling first: a folder belongs to the first that claims it

__all__ = ["LAYOUTS", "Layout", "Project"]
