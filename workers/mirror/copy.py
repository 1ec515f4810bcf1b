"""A repository's copy while it is in use: what it lacks is fetched, what it has is read without the network."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from workers.errors import FetchFailed, GitFailed, Gone, Missing
from workers.mirror.generations import Generations
from workers.mirror.server import Damaged, MirrorLimits, Server
from workers.repository import Repository

# So many of the newest commits we have are told to the server, which then sends what differs from them.
_TOLD = 16
# Of files beyond the filter a review reads the policy, some lock files, and all large migrations at once.
_ROUNDS = 16

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Mirror:
    """Copies of the repository at `url` (http or https, without credentials), in a folder of its own.

    Raises FetchFailed and its kinds, in one sentence without a secret, whenever the server is asked."""

    folder: Path
    url: str
    limits: MirrorLimits

    @contextlib.contextmanager
    def opened(self, token: str) -> Iterator[Copy]:
        """A copy to fetch into with an installation token, and to read from. What it holds stays as long as the block
        runs, whatever others do meanwhile."""
        generations = Generations(self.folder, self.limits)
        with generations.newest() as directory:
            fresh = not any(directory.glob("objects/pack/*.pack"))
            yield Copy(directory, fresh, generations, Server(self.url, self.limits, token))


@dataclass(frozen=True, slots=True)
class Copy:
    """A bare git directory. Every commit in it has all its trees and blobs, without those that the filter leaves out,
    and none of its parents. fresh: nothing was in it when we came."""

    directory: Path
    fresh: bool
    generations: Generations
    server: Server

    @property
    def repository(self) -> Repository:
        """What is there, for reading."""
        return Repository(self.directory)

    def heads(self, refs: tuple[str, ...]) -> Mapping[str, str]:
        """The commits, fetched, that the server's refs (full names) name just now; without those refs it lacks.

        One conversation tells and sends: `ls-remote` would list all refs of the server, two for each pull request."""
        places = {ref: f"refs/live/{hashlib.sha256(ref.encode()).hexdigest()}" for ref in refs}
        while places:
            try:
                known = self._fetch(lambda _: tuple(f"+{ref}:{place}" for ref, place in places.items()))
                return {ref: known[place] for ref, place in places.items()}
            except Gone as gone:
                if places.pop(gone.what, None) is None:
                    raise
        return {}

    def fetch(self, commits: tuple[str, ...]) -> None:
        """Fetches commits by their full SHAs; those that are there cost nothing. Raises Gone for one that is not to be
        had."""
        self._fetch(lambda known: tuple(f"{sha}:refs/commits/{sha}" for sha in commits if sha not in known.values()))

    def whole(self, read: Callable[[], _T]) -> _T:
        """What `read` returns. The blobs it misses, because the filter left them out, are fetched by their ids, and it
        is run again."""
        fetched: set[str] = set()
        for _ in range(_ROUNDS):
            try:
                with self._trusted():
                    return read()
            except Missing as missing:
                blobs = missing.blobs
            if fetched.issuperset(blobs):
                break
            fetched.update(blobs)
            with self._trusted(), self.generations.writing() as lock:
                self.server.fetch_blobs(self.directory, lock, blobs)
        raise FetchFailed(f"{self.server.url} does not send all files that it is asked for", retryable=True)

    def _fetch(self, wanted: Callable[[Mapping[str, str]], tuple[str, ...]]) -> Mapping[str, str]:
        """Fetches the refspecs that are wanted beside the refs we have; the refs we then have."""
        with self._trusted(), self.generations.writing() as lock:
            known = self.repository.refs()
            refspecs = wanted(known)
            if not refspecs:
                return known
            told = tuple(dict.fromkeys(known.values()))[:_TOLD]
            self.server.fetch_commits(self.directory, lock, refspecs, told)
            if self.fresh and self.generations.outgrown(self.directory):
                raise self.server.too_large()
            return self.repository.refs()

    @contextlib.contextmanager
    def _trusted(self) -> Iterator[None]:
        """When git cannot read or write here, who comes next finds an empty copy instead of this one."""
        try:
            yield
        except (GitFailed, Damaged) as damaged:
            with self.generations.writing():
                self.generations.leave(self.directory)
            raise FetchFailed(f"the copy of {self.server.url} is made anew: {damaged}", retryable=True) from damaged
