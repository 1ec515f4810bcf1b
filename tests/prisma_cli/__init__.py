"""The real Prisma CLI, unmodified, for tests that agree with it."""

from tests.prisma_cli.cli import Completed, PrismaCli, available

__all__ = ["Completed", "PrismaCli", "available"]
