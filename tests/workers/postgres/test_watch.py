"""When a statement has had enough: of time, step by step; of disk, measured seldom but never late."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.postgres import watch
from workers.postgres.folders import folder_bytes
from workers.postgres.watch import Deadline, DiskGauge, Step

MIB = 1 << 20


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, 1000.0 + seconds)


def test_each_step_is_said_once_and_in_its_time(clock: Callable[[float], None]) -> None:
    deadline = Deadline(500, _started_s=1000.0)
    said = []
    for seconds in (0, 0.4, 0.5, 0.6, 1.4, 1.5, 1.6, 2.9, 3.0, 9.0):
        clock(seconds)
        said.append(deadline.due())
    assert said == [None, None, Step.CANCEL, None, None, Step.TERMINATE, None, None, Step.KILL, None]


def test_a_late_look_takes_the_step_that_is_due(clock: Callable[[float], None]) -> None:
    deadline = Deadline(500, _started_s=1000.0)
    clock(60)
    assert [deadline.due(), deadline.due()] == [Step.KILL, None]


def test_a_folder_occupies_what_its_files_occupy(tmp_path: Path) -> None:
    assert folder_bytes(tmp_path) == 0
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").write_bytes(b"x" * MIB)
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    (tmp_path / "link").symlink_to("/")
    assert MIB <= folder_bytes(tmp_path) < MIB + 64 * 1024
    assert folder_bytes(tmp_path / "nowhere") == 0


def test_the_gauge_measures_when_the_file_system_has_shrunk_enough(
    tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    free, measured = [100 * MIB], list[Path]()

    def measure(folder: Path) -> int:
        measured.append(folder)
        return 100 * MIB - free[0]

    monkeypatch.setattr(watch, "_free", lambda folder: free[0])
    monkeypatch.setattr(watch, "folder_bytes", measure)
    gauge = DiskGauge(tmp_path, 10 * MIB)
    seen = []
    for seconds, free_mib in ((0, 100), (0.1, 95), (0.2, 91), (0.3, 89), (0.4, 92), (2.5, 91)):
        clock(seconds)
        free[0] = free_mib * MIB
        seen.append((gauge.exceeded(), len(measured)))
    assert seen == [(False, 1), (False, 1), (False, 1), (True, 2), (False, 2), (False, 3)]
