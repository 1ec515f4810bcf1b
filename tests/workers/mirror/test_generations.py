"""What can happen to a mirror on disk: killed writers, damage, growth, several processes; never under a reader."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.repositories import plain
from tests.workers.mirror.conftest import TOKEN, Origin, noise
from workers.errors import FetchFailed
from workers.mirror import Mirror, MirrorLimits
from workers.mirror.generations import Generations


def fetched(mirror: Mirror, *commits: str) -> str:
    """The name of the copy that the commits are read from."""
    with mirror.opened(TOKEN) as copy:
        copy.fetch(commits)
        for commit in commits:
            copy.repository.contents(file.blob for file in copy.repository.files(commit))
        return copy.directory.name


def copies(mirror: Mirror) -> list[str]:
    return sorted(path.name for path in mirror.folder.iterdir())


def test_one_copy_is_enough(origin: Origin) -> None:
    first = origin.repo.commit({"a": "1"})
    second = origin.repo.commit({"a": "2"})
    assert [fetched(origin.mirror, first), fetched(origin.mirror, second)] == ["1", "1"]
    assert copies(origin.mirror) == ["1", "lock"]
    assert (origin.mirror.folder.stat().st_mode & 0o777) == 0o700


def test_what_a_killed_git_left_is_taken_away(origin: Origin) -> None:
    fetched(origin.mirror, origin.repo.commit({"a": "1"}))
    directory = origin.mirror.folder / "1"
    litter = [directory / "shallow.lock", directory / "objects/pack/tmp_pack_1a2b3c", directory / "config.lock"]
    for place in litter:
        place.write_text("half")
    unfinished = origin.mirror.folder / ".unfinished-1"
    unfinished.mkdir()
    assert fetched(origin.mirror, origin.repo.commit({"a": "2"})) == "1"
    assert not any(place.exists() for place in (*litter, unfinished))


def _cut_pack(directory: Path) -> None:
    (pack,) = directory.glob("objects/pack/*.pack")
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[:100])


def _no_index(directory: Path) -> None:
    (index,) = directory.glob("objects/pack/*.idx")
    index.unlink()


def _no_head(directory: Path) -> None:
    (directory / "HEAD").unlink()


def _empty_ref(directory: Path) -> None:
    (ref,) = directory.glob("refs/commits/*")
    ref.write_text("")


@pytest.mark.parametrize("damage", [_cut_pack, _no_index, _no_head, _empty_ref])
def test_a_damaged_copy_is_made_anew(origin: Origin, damage: Callable[[Path], None]) -> None:
    commit = origin.repo.commit({"noise": noise(10_000)})
    fetched(origin.mirror, commit)
    damage(origin.mirror.folder / "1")
    with pytest.raises(FetchFailed, match="is made anew") as failed:
        fetched(origin.mirror, commit)
    assert failed.value.retryable
    assert fetched(origin.mirror, commit) == "2"
    assert copies(origin.mirror) == ["2", "lock"]


def test_damage_that_reading_finds(origin: Origin) -> None:
    commit = origin.repo.commit(plain(_1_a="SELECT 1;"))
    with origin.mirror.opened(TOKEN) as copy:
        copy.fetch((commit,))
        for path in copy.directory.glob("objects/pack/*"):
            path.unlink()
        with pytest.raises(FetchFailed, match="is made anew"):
            copy.whole(lambda: copy.repository.files(commit))
    assert fetched(origin.mirror, commit) == "2"


def test_outgrown_while_somebody_reads(origin: Origin) -> None:
    first = origin.repo.commit({"noise": noise(300_000, 1)})
    second = origin.repo.commit({"noise": noise(300_000, 2)})
    mirror = origin.limited(size_bytes=250_000)
    with mirror.opened(TOKEN) as reader:
        reader.fetch((first,))
        assert fetched(mirror, second) == "1"  # beyond its size for once, rather than nothing to review
        assert fetched(mirror, second) == "2"
        assert copies(mirror) == ["1", "2", "lock"]
        assert [file.path for file in reader.repository.files(first)] == ["noise"]
    assert fetched(mirror, second) == "2"
    assert copies(mirror) == ["2", "lock"]


def test_many_packs_are_made_one(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.mirror.generations._PACKS", 1)
    commits = [origin.repo.commit({"a": str(number)}) for number in range(3)]
    assert [fetched(origin.mirror, commit) for commit in commits] == ["1", "1", "2"]


def test_two_processes_fetch_at_once(origin: Origin) -> None:
    commits = [origin.repo.commit({"noise": noise(50_000, number)}) for number in range(4)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(fetched, origin.mirror, *order) for order in (commits, commits[::-1])]
        assert [job.result() for job in jobs] == ["1", "1"]
    assert copies(origin.mirror) == ["1", "lock"]


def test_waiting_for_another_writer_ends(tmp_path: Path) -> None:
    with Generations(tmp_path, MirrorLimits(1, 1_000)).writing():
        impatient = Generations(tmp_path, MirrorLimits(1, 100))
        with pytest.raises(FetchFailed, match="others are still fetching") as failed, impatient.writing():
            pass
    assert failed.value.retryable
    with impatient.writing():
        pass


def test_no_git(origin: Origin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchFailed, match="nothing can be kept in"), origin.mirror.opened(TOKEN):
        pass


_FETCH = """
import sys
from pathlib import Path
from workers.mirror import Mirror, MirrorLimits

folder, url, token, commit = sys.argv[1:]
with Mirror(Path(folder), url, MirrorLimits(1 << 30, 60_000)).opened(token) as copy:
    copy.fetch((commit,))
"""


def test_a_killed_process_leaves_the_lock_to_its_git(origin: Origin) -> None:
    commit = origin.repo.commit({"a": "1"})
    origin.server.open.clear()
    arguments = (str(origin.mirror.folder), origin.mirror.url, TOKEN, commit)
    process = subprocess.Popen((sys.executable, "-c", _FETCH, *arguments))
    assert origin.server.waiting.wait(30)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pytest.raises(FetchFailed, match="others are still fetching"), origin.limited(time_ms=100).opened(TOKEN):
        pass
    origin.server.open.set()
    assert fetched(origin.mirror, commit) == "1"
