"""Runs at growing row counts → the band for many more rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# The same statement on the same rows took 1.0 to 1.8 times as long from one minute to the next on one machine: a band
# narrower than a factor of two would claim what nobody can know.
_NARROWEST = math.sqrt(2)
_PER_DECADE = 10**0.1  # each way: time grew with rows to the power of 0.8 to 1.2 over one decade, less over several
_STEEP = 1.25  # an exponent above it is no noise: sorting on disk, or work that grows with the square


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the statement on a table of so many rows."""

    rows: int
    ms: float
    wal_bytes: int


@dataclass(frozen=True, slots=True)
class Band:
    low_ms: float
    high_ms: float
    wal_bytes: int


def extrapolated(runs: Sequence[Run], rows: int) -> Band | None:
    """What the runs say about so many rows: a constant part and a cost for each row, both from the two largest sizes.
    The band is wider the farther it is from the largest. None for less than two sizes."""
    sizes = sorted({run.rows for run in runs})
    if len(sizes) < 2:
        return None
    fastest = [_fastest(runs, size) for size in sizes]
    small, large = fastest[-2:]
    exponent = min(_exponent(*pair) for pair in pairwise(fastest[-3:]))  # in a row: one alone may be noise
    expected_ms = _linear((small.rows, small.ms), (large.rows, large.ms), rows)
    wal_bytes = _linear((small.rows, small.wal_bytes), (large.rows, large.wal_bytes), rows)
    distance = max(0.0, math.log10(rows / large.rows))
    factor = _NARROWEST * _PER_DECADE**distance
    steep_ms = large.ms * (rows / large.rows) ** exponent if exponent > _STEEP else 0.0
    return Band(expected_ms / factor, max(expected_ms * factor, steep_ms), round(wal_bytes))


def _fastest(runs: Sequence[Run], size: int) -> Run:
    """What disturbs a run only makes it longer."""
    return min((run for run in runs if run.rows == size), key=lambda run: run.ms)


def _exponent(small: Run, large: Run) -> float:
    """Time grows with rows to the power of it."""
    return math.log(large.ms / small.ms) / math.log(large.rows / small.rows)


def _linear(small: tuple[int, float], large: tuple[int, float], rows: int) -> float:
    """On the line through both; where that falls, or begins below zero, on one through the larger that does not."""
    each = max(0.0, (large[1] - small[1]) / (large[0] - small[0]))
    constant = max(0.0, large[1] - each * large[0])
    return constant + (large[1] - constant) * rows / large[0]
