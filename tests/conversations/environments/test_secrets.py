"""No password gets out: not into logs, GitHub, Redis, files or the list of processes, whether it goes well or fails."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conversations.conftest import COLUMN
from tests.conversations.environments.configured import MISTAKEN
from tests.conversations.environments.conftest import Estate
from tests.live_server import PASSWORD
from tests.neon.world import KEY
from tests.town import Town

_SECRETS = tuple(secret.encode() for secret in (PASSWORD, MISTAKEN, KEY))
_PAUSE_S = 0.005


@pytest.mark.campaign
def test_no_password_gets_out(estate: Estate, cache: Path) -> None:
    site = estate.site("astray")
    began = time.time()
    with _watched() as seen:
        pull = site.shop.open(m2_note=COLUMN)
        assert "2 migrations applied" in site.say("ann", pull, "/migrate staging")
        assert "it is backed up" in site.say("ann", pull, "/migrate backup staging")
        assert "password authentication failed" in site.say("ann", pull, "/migrate mistaken")
        assert "cannot be reached" in site.say("ann", pull, "/migrate nowhere")
        assert "has no TLS" in site.say("ann", pull, "/migrate open")
        for environment in ("staging", "mistaken", "nowhere", "open"):
            site.say("ann", pull, f"/migrate status {environment}")
        with site.connect("staging") as connection:
            connection.execute("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = 'm2_note'")
        assert "m2_note" in site.say("ann", pull, "/migrate staging")
        site.say("ann", pull, "/migrate unlock staging")
        site.town.github.merge("ann", pull)
        site.town.settle()
    assert [one for one in seen if b"pg_dump" in one], "the list of processes was not seen in time"
    wheres = {
        "processes": b"\n".join(seen),
        "logs": site.town.log.read_bytes(),
        "GitHub": "\n".join(one.body for one in site.town.github.requests()).encode(),
        **dict(_in_redis(site.town)),
        **{str(path): path.read_bytes() for path in _files(began, cache, site.backups)},
    }
    there = {where.partition(" ")[0] for where, text in wheres.items() if b"m2_note" in text}
    assert (there >= {"GitHub", "Redis"}, b"operate" in wheres["logs"]) == (True, True)
    assert [where for where in wheres if where.endswith(".dump")]
    assert [(where, secret) for where, text in wheres.items() for secret in _SECRETS if secret in text] == []


# ---------------------------------------------------------------- the list of processes


@contextlib.contextmanager
def _watched() -> Iterator[set[bytes]]:
    """The command lines and titles of all that runs below this process while the block does."""
    seen: set[bytes] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_PAUSE_S):
            seen.update(_below(os.getpid()))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _below(process: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        threads = Path(f"/proc/{process}/task").iterdir()
        for child in {int(one) for thread in threads for one in (thread / "children").read_text().split()}:
            yield Path(f"/proc/{child}/cmdline").read_bytes() + Path(f"/proc/{child}/comm").read_bytes()
            yield from _below(child)


# ---------------------------------------------------------------- what is kept


def _in_redis(place: Town) -> Iterator[tuple[str, bytes]]:
    """Every key with all that it holds, unpacked where it is packed."""
    with redis.Redis.from_url(place.redis.url) as connection:
        for key in connection.scan_iter():
            for value in _values(connection, key):
                yield f"Redis {key!r} {zlib.crc32(value)}", key + b"\n" + value + b"\n" + _unpacked(value)


def _values(connection: redis.Redis, key: bytes) -> Iterator[bytes]:
    kind: Any = connection.type(key)
    found: Any = _READ[kind](connection, key)
    yield from found


_READ: Mapping[bytes, Callable[[Any, bytes], Iterable[bytes]]] = {
    b"string": lambda connection, key: [connection.get(key) or b""],
    b"hash": lambda connection, key: itertools.chain(*connection.hgetall(key).items()),
    b"list": lambda connection, key: connection.lrange(key, 0, -1),
    b"set": lambda connection, key: connection.smembers(key),
    b"zset": lambda connection, key: connection.zrange(key, 0, -1),
    b"stream": lambda connection, key: [repr(connection.xrange(key)).encode()],
    b"none": lambda connection, key: (),
}


def _unpacked(value: bytes) -> bytes:
    with contextlib.suppress(zlib.error):
        return zlib.decompress(value)
    return b""


def _files(since: float, *folders: Path) -> Iterator[Path]:
    """Those that were written meanwhile."""
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime >= since:
                    yield path
