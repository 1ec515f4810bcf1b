"""What no single setting of the environments' file shows: names, what comes after what, whose database is whose."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from workers.environments.address import read_url
from workers.environments.model import Environment
from workers.environments.poolers import Place, Provider, behind, is_local
from workers.environments.toml_lines import Keys

_Repositories = Mapping[str, tuple[Environment, ...]]


class Wrong(NamedTuple):
    """why: what stands after the setting in a sentence."""

    keys: Keys
    why: str


def wrongs(repositories: _Repositories) -> Iterator[Wrong]:
    """By owner/name. The first of them counts: the later ones may follow from it."""
    yield from _names(repositories)
    for repository, environments in repositories.items():
        yield from _order(repository, environments)
    yield from _shared(repositories)
    yield from _copies(repositories)


def _keys(environment: Environment, *setting: str) -> Keys:
    return ("repositories", environment.repository, "environments", environment.name, *setting)


# ---------------------------------------------------------------- names

_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/(?!\.\.?$)[A-Za-z0-9._-]+")
_NAME = re.compile("[a-z][a-z0-9-]{0,29}")
# The first word of a command: what is one, what may become one, and what nobody shall think that it is obeyed.
TAKEN = frozenset((
    *("help", "status", "recheck", "ack", "unack", "rollback", "plan", "preflight", "backup", "cancel", "unlock"),
    *("resolve", "drift", "deploy", "because"),
    *("reset", "push", "drop", "truncate", "wipe", "force-reset"),
))  # fmt: skip


def _names(repositories: _Repositories) -> Iterator[Wrong]:
    seen: set[str] = set()
    for repository in repositories:
        if not _REPOSITORY.fullmatch(repository):
            yield Wrong(("repositories", repository), "should be owner/name, in quotes")
        if repository.lower() in seen:
            yield Wrong(("repositories", repository), "is there twice, for GitHub's names have no case")
        seen.add(repository.lower())
    for environment in _all(repositories):
        if not _NAME.fullmatch(environment.name):
            yield Wrong(_keys(environment), "should have a name of at most 30 of a-z, 0-9 and -")
        if environment.name in TAKEN:
            yield Wrong(_keys(environment), "has the name of a command")


def _all(repositories: _Repositories) -> Iterator[Environment]:
    for environments in repositories.values():
        yield from environments


def _order(repository: str, environments: tuple[Environment, ...]) -> Iterator[Wrong]:
    """What comes first is known, and is not to come last as well."""
    firsts = {one.name: one.rules.after for one in environments}
    for one in environments:
        for first in one.rules.after:
            if first not in firsts:
                yield Wrong(_keys(one, "after"), f"names {first}, which is no environment of {repository}")
    try:
        graphlib.TopologicalSorter(firsts).prepare()
    except graphlib.CycleError as error:
        ring = error.args[1]
        last = next(one for one in environments if one.name == ring[-1])
        yield Wrong(_keys(last, "after"), f"goes round in a circle: {' before '.join(ring)}")


# ---------------------------------------------------------------- databases

_Database = tuple[str, int, str]
_SUPABASE_SHARED = ".pooler.supabase.com"
_SUPABASE_TRANSACTIONS = 6543
_PRISMA_SHARED = "db.prisma.io"


def _shared(repositories: _Repositories) -> Iterator[Wrong]:
    owners: dict[_Database, Environment] = {}
    for environment in _all(repositories):
        for database in _databases(environment.url):
            owner = owners.setdefault(database, environment)
            if owner.repository != environment.repository:
                why = f"is the database of {owner.repository}, which no other repository may reach"
                yield Wrong(_keys(environment, "url"), why)


def _copies(repositories: _Repositories) -> Iterator[Wrong]:
    """What is tried out is tried out on a copy: of no environment, even in the same repository."""
    owners = {database: one for one in _all(repositories) for database in _databases(one.url)}
    for environment in _all(repositories):
        for database in _databases(environment.copy_url):
            if owner := owners.get(database):
                yield Wrong(_keys(environment, "copy_url"), f"is the database of {owner.name} itself, and no copy")


def _databases(url: str | None) -> Iterator[_Database]:
    """What it leads to, through a pooler or straight. Of two names of one machine nothing is known here."""
    address = read_url(url) if url else None
    if address is None or address.provider is Provider.ACCELERATE:
        return
    for place in address.places:
        host = place.host.lower().rstrip(".")
        asked = Place(host, _SUPABASE_TRANSACTIONS) if host.endswith(_SUPABASE_SHARED) else place
        server = behind(asked, address.user)
        host, port = server.place if server else (host, place.port)
        database = f"{address.user}/{address.database}" if host == _PRISMA_SHARED else address.database
        yield "localhost" if is_local(host) else host, port, database
