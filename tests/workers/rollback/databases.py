"""A fresh database, and the servers that the long runs use besides the usual one."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

from workers.postgres.cluster import Cluster
from workers.postgres.servers import choose, find_installations


@contextlib.contextmanager
def fresh_database(cluster: Cluster) -> Iterator[str]:
    name = f"rollback_{uuid.uuid4().hex}"
    cluster.create_database(name)
    try:
        yield name
    finally:
        cluster.drop_database(name)


def other_majors() -> list[int]:
    """The versions on this machine that are not the one chosen when nobody asks."""
    installations = find_installations()
    usual = choose(installations, None, frozenset()).major
    return sorted({each.major for each in installations} - {usual})
