"""Bounds of servers that many tests share."""

from __future__ import annotations

from workers.postgres.limits import Limits

# They live as long as a run does, while a review's server has ten minutes.
SHARED = Limits(total_ms=4 * 3_600_000)
