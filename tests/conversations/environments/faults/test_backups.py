"""The backup that comes first cannot be taken: then nothing is changed."""

from __future__ import annotations

import os
import subprocess

import pytest
import redis

from bot.metrics import samples
from tests.conversations.environments.faults.scene import Scene
from tests.conversations.environments.faults.story import DONE, NOTE, NOTHING
from tests.conversations.faults.story import api
from tests.github.faults import server_error

pytestmark = pytest.mark.campaign  # .ci/run has the time for it


def test_the_target_is_no_folder(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    site.backups.write_text("")
    said, answer = site.exchange("ann", pull, "/migrate safe")
    assert "the backup folder" in answer
    assert "cannot be used: Not a directory" in answer
    assert "Nothing was changed." in answer
    assert site.story(said, "safe") == NOTHING
    with redis.Redis.from_url(site.town.redis.url) as connection:
        counted = {one.name: one.value for one in samples(connection) if site.shop.repo.full_name in one.labels}
    assert counted["failed_backups"] == 1
    site.backups.unlink()
    said, answer = site.exchange("ann", pull, "/migrate safe")
    assert "💾 Backup" in answer
    assert site.story(said, "safe") == DONE


def test_the_target_is_full(site: Scene) -> None:
    site.backups.mkdir()
    small = ("mount", "-t", "tmpfs", "-o", "size=64k", "none", str(site.backups))
    if os.geteuid() or subprocess.run(small, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        with site.connect("staging") as connection:
            connection.execute("INSERT INTO orders (total) SELECT hashint4(i) FROM generate_series(1, 50000) AS i")
        pull = site.shop.open(m2_note=NOTE)
        said, answer = site.exchange("ann", pull, "/migrate safe")
    finally:
        subprocess.run(("umount", str(site.backups)), check=True)
    assert "is full: the new backup is not kept, older ones are as they were. Nothing was changed." in answer
    assert site.story(said, "safe") == NOTHING
    said, answer = site.exchange("ann", pull, "/migrate safe")
    assert site.story(said, "safe") == DONE


def test_one_backup_is_enough_for_all_attempts_to_begin(site: Scene) -> None:
    pull = site.shop.open(m2_note=NOTE)
    site.town.github.fail("POST", api(site.shop, "deployments$"), server_error(), times=3)
    said, answer = site.exchange("ann", pull, "/migrate safe")
    (dump,) = [one.name for one in site.backups.rglob("*.dump")]
    assert f"💾 Backup `{dump}`" in answer
    assert site.story(said, "safe") == DONE
