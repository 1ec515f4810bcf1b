"""From runs on a few rows to a band for many."""

from __future__ import annotations

import math

import pytest

from workers.pace.fit import Band, Run, extrapolated


def runs(*measured: tuple[int, float], wal_each: int = 0) -> list[Run]:
    return [Run(rows, ms, 1000 + wal_each * rows) for rows, ms in measured]


def middle(band: Band | None) -> float:
    """A band is as wide upwards as it is downwards, in factors."""
    assert band is not None
    return math.sqrt(band.low_ms * band.high_ms)


@pytest.mark.parametrize("measured", [[], runs((2_000, 3.0)), runs((2_000, 3.0), (2_000, 2.0))])
def test_less_than_two_sizes_tell_nothing(measured: list[Run]) -> None:
    assert extrapolated(measured, 1_000_000) is None


def test_a_constant_part_does_not_grow() -> None:
    line = runs((2_000, 5 + 2.0), (8_000, 5 + 8.0), (32_000, 5 + 32.0))
    assert middle(extrapolated(line, 1_000_000)) == pytest.approx(5 + 1_000)


def test_what_does_not_grow_stays() -> None:
    assert middle(extrapolated(runs((2_000, 0.3), (8_000, 0.3), (32_000, 0.2)), 10_000_000)) == pytest.approx(0.2)


def test_the_fastest_run_of_a_size_counts() -> None:
    disturbed = runs((2_000, 2.0), (2_000, 9.0), (8_000, 40.0), (8_000, 8.0))
    assert middle(extrapolated(disturbed, 16_000)) == pytest.approx(16.0)


def test_the_larger_sizes_decide() -> None:
    """Small ones fit into caches."""
    assert middle(extrapolated(runs((2_000, 1.0), (8_000, 8.0), (32_000, 32.0)), 320_000)) == pytest.approx(320.0)


@pytest.mark.parametrize(("rows", "width"), [(32_000, 2.0), (320_000, 2 * 10**0.2), (3_200_000, 2 * 10**0.4)])
def test_a_band_is_a_factor_of_two_and_wider_with_distance(rows: int, width: float) -> None:
    band = extrapolated(runs((8_000, 8.0), (32_000, 32.0)), rows)
    assert band is not None
    assert band.high_ms / band.low_ms == pytest.approx(width)


def test_work_that_grows_with_the_square_makes_it_higher() -> None:
    band = extrapolated(runs((2_000, 4.0), (8_000, 64.0), (32_000, 1024.0)), 320_000)
    assert band is not None
    assert band.high_ms == pytest.approx(102_400)
    assert band.low_ms < 10_240


def test_one_slow_size_is_noise() -> None:
    band = extrapolated(runs((2_000, 2.0), (8_000, 8.0), (32_000, 60.0)), 320_000)
    assert band is not None
    assert band.high_ms < 60 * 10 * 2


def test_the_log_grows_with_the_rows() -> None:
    band = extrapolated(runs((8_000, 8.0), (32_000, 32.0), wal_each=200), 1_000_000)
    assert band is not None
    assert band.wal_bytes == 1_000 + 200_000_000
