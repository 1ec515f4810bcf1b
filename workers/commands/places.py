"""Tells by its name whether something runs on a developer's machine, where it is deployed, or neither for sure."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable


class Place(enum.Enum):
    """Where a command runs. ANYWHERE: wherever somebody runs it, so that nothing keeps it from production."""

    LOCAL = "local"
    ANYWHERE = "anywhere"
    DEPLOY = "deploy"


_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LOCAL = frozenset(
    (
        *("dev", "develop", "development", "devcontainer", "local", "localhost", "sandbox", "playground"),
        *("test", "tests", "testing", "e2e", "spec", "specs", "integration", "playwright", "cypress", "vitest", "jest"),
        *(
            "example",
            "examples",
            "demo",
            "fixture",
            "fixtures",
            "mock",
            "tmp",
            "temp",
            "bench",
            "benchmark",
            "preview",
            "ci",
            "dx",
        ),
    )
)
_DEPLOY = frozenset(
    (
        *("deploy", "deployment", "release", "publish", "ship", "rollout", "prod", "production", "live"),
        *("start", "serve", "build", "install", "prepare", "entrypoint", "boot", "heroku", "vercel", "railway"),
    )
)
PRODUCTION = frozenset(("prod", "production", "live"))
_HOSTS = r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|host\.docker\.internal|db|postgres|database)"
_LOCAL_URL = re.compile(rf"postgres(?:ql)?(?:\+\w+)?://(?:[^@/\s]*@)?{_HOSTS}(?=[:/?]|$)")
_OTHER = re.compile(r"\b(?:clickhouse|mysql|mariadb|sqlite|mongodb|cassandra|spanner|mssql)\b")
_LOCAL_HOST = re.compile(rf"{_HOSTS}")


def of_names(names: Iterable[str], deploying: frozenset[str] = _DEPLOY) -> Place:
    """By the words of a script's, a job's or a file's name. In doubt, a developer's machine: start:dev."""
    words = {word for name in names for word in _words(name)}
    if words & _LOCAL:
        return Place.LOCAL
    return Place.DEPLOY if words & deploying else Place.ANYWHERE


def of_folder(path: str) -> Place:
    """By the folders a file is in, which can only tell that it is nobody's production."""
    return Place.LOCAL if of_names(path.split("/")[:-1]) is Place.LOCAL else Place.ANYWHERE


def first_sure(*places: Place) -> Place:
    """Local if anything says so, else deployed if anything says so."""
    return next((sure for sure in (Place.LOCAL, Place.DEPLOY) if sure in places), Place.ANYWHERE)


def is_local_database(value: str) -> bool:
    """A connection string, or its default, that names this machine or the container next to it."""
    return _LOCAL_URL.search(value) is not None


def is_other_database(value: str) -> bool:
    """It speaks of a database that is not PostgreSQL."""
    return _OTHER.search(value) is not None


def is_local_host(value: str) -> bool:
    """The same of a host's name alone."""
    return _LOCAL_HOST.fullmatch(value) is not None


def _words(name: str) -> Iterable[str]:
    """resetDb, reset-db and db:reset have the words reset and db; predeploy and postdeploy have deploy."""
    for word in (*_WORD.findall(name), *re.split(r"[^A-Za-z0-9]+", name)):
        yield from (word.lower(), word.lower().removeprefix("pre"), word.lower().removeprefix("post"))
