"""Looks at every environment for `migration-bot doctor`: first the file, then what each one says of itself."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

from workers.environments.address import read_url
from workers.environments.config import Configured, Environments
from workers.environments.connection import without_secrets
from workers.environments.examination import PROBLEM, WARNING, Word, examination
from workers.environments.model import Environment
from workers.errors import Refused, Unreachable
from workers.review import Machine

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Findings:
    """title: what they are about."""

    title: str
    words: tuple[Word, ...]

    @property
    def usable(self) -> bool:
        return all(word.label != PROBLEM for word in self.words)


def examine_environments(environments: Environments, path: Path, machine: Machine) -> tuple[Findings, ...]:
    """The file first, then each environment; what is wrong with one hides no other. path: of the file. Changes
    nothing."""
    each = [environment for one in environments.repositories for environment in one.environments]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = tuple(pool.map(lambda environment: _examined(environment, machine), each))
    return (Findings(str(path), tuple(_of_file(environments, path))), *found)


def environment_lines(found: Sequence[Findings]) -> Iterator[str]:
    """Plain lines."""
    yield "Environments"
    for one in found:
        yield f"  {one.title}"
        for word in one.words:
            yield f"    {word.label:8} {word.text}"


def _of_file(environments: Environments, path: Path) -> Iterator[Word]:
    if environments.written_out and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Word(WARNING, f"others may read it, and {environments.written_out[0]} holds a secret: chmod 600")
    for repository in environments.repositories:
        yield from _of_repository(repository)


def _of_repository(repository: Configured) -> Iterator[Word]:
    if repository.id is None:
        yield Word(WARNING, f"{repository.name} has no id: whoever takes the name after you gets its environments")
    seen: dict[tuple[object, ...], str] = {}
    for environment in repository.environments:
        address = read_url(environment.url)
        first = seen.setdefault((address.places, address.database, address.schema), environment.name)
        if first != environment.name and address.database:
            yield Word(WARNING, f"{repository.name}: {environment.name} is the same database as {first}")


def _examined(environment: Environment, machine: Machine) -> Findings:
    words: list[Word] = []
    for part in examination(environment, machine):
        try:
            words.extend(part)  # what a part has said before it failed stays
        except (Refused, Unreachable) as error:
            words.append(Word(PROBLEM, str(error).removesuffix(".")))
        except psycopg.Error as error:
            why = without_secrets(str(error).partition("\n")[0], environment)
            words.append(Word(PROBLEM, f"the server answered with {error.sqlstate or 'no code'}: {why}"))
    words.sort(key=lambda word: word.label in (PROBLEM, WARNING))
    return Findings(f"{environment.repository} {environment.name} ({environment.kind})", tuple(words))
