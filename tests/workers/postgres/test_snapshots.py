"""Kept data directories: found by the longest prefix, started from, bounded, safe for several processes at once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers.errors import CannotAnalyse
from workers.postgres.cluster import Limits, Role, start_cluster
from workers.postgres.sandbox import available_tiers
from workers.postgres.servers import Installation
from workers.postgres.snapshots import SPARED_S, Snapshots
from workers.postgres.template import template_key

KIB = 1024


def data(folder: Path, kibibytes: int) -> Path:
    """A stand-in for a data directory; its size is what counts."""
    folder.mkdir(mode=0o700)
    (folder / "PG_VERSION").write_bytes(b"x" * kibibytes * KIB)
    return folder


def aged(snapshots: Snapshots, key: str, seconds: float) -> None:
    """Makes the last use of a key so much older."""
    found = snapshots.find([key])
    assert found is not None
    used = time.time() - seconds
    os.utime(found[1], (used, used))


def kept(snapshots: Snapshots, *keys: str) -> list[str]:
    return [key for key in keys if snapshots.find([key])]


def test_nothing_is_found_where_nothing_was_kept(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "never made")
    assert snapshots.find([]) is None
    assert snapshots.find(["a", "b"]) is None
    assert snapshots.size_bytes() == 0
    assert not (tmp_path / "never made").exists()


def test_the_longest_prefix_is_found(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "cache")
    source = data(tmp_path / "data", 4)
    for key in ("one", "three"):
        snapshots.keep(key, source)
    found = [snapshots.find(keys) for keys in (["one"], ["one", "two"], ["one", "two", "three", "four"], ["zero"])]
    assert [hit and hit[0] for hit in found] == [0, 0, 2, None]
    assert found[2] is not None
    assert (found[2][1] / "PG_VERSION").stat().st_size == 4 * KIB


def test_what_is_kept_is_a_copy_for_us_alone(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "cache")
    source = data(tmp_path / "data", 4)
    snapshots.keep("key", source)
    (source / "PG_VERSION").write_text("changed")
    found = snapshots.find(["key"])
    assert found is not None
    assert (found[1] / "PG_VERSION").stat().st_size == 4 * KIB
    assert stat.S_IMODE(found[1].stat().st_mode) == stat.S_IMODE(found[1].parent.stat().st_mode) == 0o700
    assert found[1].stat().st_uid == os.geteuid()


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "cache", max_bytes=150 * KIB)
    source = data(tmp_path / "data", 40)
    for key in ("a", "b", "c"):
        snapshots.keep(key, source)
    for key, seconds in (("a", 3000), ("b", 2000), ("c", 1000)):
        aged(snapshots, key, seconds)
    assert snapshots.find(["a"]) is not None  # used again: now b is the oldest
    snapshots.keep("d", source)
    assert kept(snapshots, "a", "b", "c", "d") == ["a", "c", "d"]
    assert snapshots.size_bytes() <= 150 * KIB


def test_what_may_be_in_use_is_spared(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "cache", max_bytes=0)
    source = data(tmp_path / "data", 4)
    snapshots.keep("a", source)
    snapshots.keep("b", source)
    aged(snapshots, "a", SPARED_S + 1)
    snapshots.keep("c", source)
    assert kept(snapshots, "a", "b", "c") == ["b", "c"]


def test_a_key_is_kept_once(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "cache")
    snapshots.keep("a", data(tmp_path / "small", 4))
    before = snapshots.size_bytes()
    snapshots.keep("a", data(tmp_path / "large", 400))
    assert snapshots.size_bytes() == before


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "cache")
    with pytest.raises(CannotAnalyse, match="copying"):
        snapshots.keep("a", tmp_path / "nowhere")
    assert list((tmp_path / "cache" / "snapshots").iterdir()) == []


def test_what_a_killed_process_left_is_removed_after_an_hour(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "cache")
    source = data(tmp_path / "data", 4)
    snapshots.keep("a", source)
    folder = tmp_path / "cache" / "snapshots"
    for name, seconds in ((".unfinished-old", 4000), (".unfinished-new", 10)):
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - seconds,) * 2)
    snapshots.keep("b", source)
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [".unfinished-new"]


def test_several_processes_keep_and_evict_at_once(tmp_path: Path) -> None:
    data(tmp_path / "data", 40)
    code = (
        "import sys; from pathlib import Path; from workers.postgres import snapshots; snapshots.SPARED_S = 0\n"
        "kept = snapshots.Snapshots(Path(sys.argv[1]), 100 * 1024)\n"
        "for n in range(30):\n"
        "    kept.keep(f'key {n % 5}', Path(sys.argv[2])); kept.find([f'key {n % 3}'])\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "cache"), str(tmp_path / "data")]
    children = [subprocess.Popen(words, cwd=Path(__file__).parents[3]) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    left = list((tmp_path / "cache" / "snapshots").iterdir())
    assert [path for path in left if path.name.startswith(".")] == []
    assert {(path / "PG_VERSION").stat().st_size for path in left} == {40 * KIB}


@pytest.mark.parametrize("tier", available_tiers())
def test_a_cluster_starts_from_what_another_one_kept(
    installation: Installation, tier: object, cache: Path, tmp_path: Path
) -> None:
    snapshots = Snapshots(tmp_path)
    tier = next(t for t in available_tiers() if t is tier)
    key = template_key(installation, tier)
    with start_cluster(installation, tier, Limits(), cache) as first:
        with first.connect(Role.MIGRATION) as connection:
            connection.execute("CREATE UNLOGGED TABLE t AS SELECT 1 AS i")
        first.freeze()
        snapshots.keep(key, first.data)
        first.thaw()
        with start_cluster(installation, tier, Limits(), cache):  # takes another slot, and so another user
            found = snapshots.find([key])
            assert found is not None
            with (
                start_cluster(installation, tier, Limits(), cache, found[1]) as second,
                second.connect(Role.MIGRATION) as connection,
            ):
                assert connection.execute("SELECT i FROM t").fetchone() == (1,)
