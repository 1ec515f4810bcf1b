"""Runs git against a server: the token in that process's environment only, time and size bounded, failures typed."""

from __future__ import annotations

import base64
import os
import re
import resource
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from workers.errors import FetchFailed, Gone, MirrorTooLarge

_REMOTE = "github"  # a name for this call only: no remote is ever written down
_FILTER = "blob:limit=1m"

# Of our own environment git gets what finding programs and the way out need: no GIT_*, and none of our secrets.
_PROXIES = ("HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
_PASSED_ON = ("PATH", "TMPDIR", *_PROXIES)
_STDERR_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class MirrorLimits:
    """Of one repository: the size of its mirror, and how long one call, or waiting for another's, may take."""

    size_bytes: int = 2 << 30
    time_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Server:
    """A repository at an http or https URL without credentials, and an installation token that may read it."""

    url: str
    limits: MirrorLimits
    token: str = field(repr=False)

    def fetch_commits(self, directory: Path, lock: int, refspecs: tuple[str, ...], told: tuple[str, ...]) -> None:
        """Fetches commits with their trees and all blobs up to 1 MB, but not their parents.

        lock: a descriptor that git inherits, so that the lock lasts as long as any of git's processes, even if ours is
        killed. told: commits that are there, so that only what differs from them is sent. Raises FetchFailed, Gone and
        MirrorTooLarge; Damaged when the directory may be the cause."""
        tips = (f"--negotiation-tip={sha}" for sha in told)
        self._run(directory, lock, refspecs, ("fetch", "--depth=1", f"--filter={_FILTER}", *tips))

    def fetch_blobs(self, directory: Path, lock: int, blobs: tuple[str, ...]) -> None:
        """Fetches blobs by their ids, as git does with what it misses; raises like fetch_commits. No commit is told,
        as the server would take the blobs in it for known."""
        self._run(directory, lock, blobs, ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--filter=blob:none"))

    def too_large(self) -> MirrorTooLarge:
        """In the words of the setting."""
        return MirrorTooLarge(f"{self.url} needs more than the {self.limits.size_bytes >> 20} MB a mirror may have")

    def _run(self, directory: Path, lock: int, lines: tuple[str, ...], arguments: tuple[str, ...]) -> None:
        command = ("git", "--git-dir", str(directory), *arguments, *_FETCH)
        with tempfile.TemporaryFile() as wanted, tempfile.TemporaryFile() as errors:
            wanted.write("".join(f"{line}\n" for line in lines).encode())
            wanted.seek(0)
            process = subprocess.Popen(
                command,
                stdin=wanted,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=_environment(self, directory),
                start_new_session=True,
                pass_fds=(lock,),
            )
            status = self._wait(process)
            if status:
                raise self._failure(status, _text(errors))

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Whatever ends the wait early, such as a job's own time limit, ends git and its children, too."""
        try:
            # Not in a preexec_fn, as we may have threads. Its children, who write, inherit the limit.
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (self.limits.size_bytes, self.limits.size_bytes))
            return process.wait(self.limits.time_ms / 1000)
        except subprocess.TimeoutExpired:
            why = f"{self.url} takes longer than {self.limits.time_ms / 1000:g} s"
            raise FetchFailed(why, retryable=True) from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _failure(self, status: int, said: str) -> FetchFailed:
        for pattern, made in _FAILURES:
            if match := pattern.search(said):
                return made(self, match[match.lastindex or 0])
        words = next((line for line in said.splitlines() if line.startswith(("fatal:", "error:"))), f"status {status}")
        for secret in (self.token, _basic(self.token)):
            words = words.replace(secret, "***")
        return Damaged(f"{self.url} cannot be fetched: {words}", retryable=True)


class Damaged(FetchFailed):
    """Neither the server nor the network is known to say this: the directory on our disk may be the cause."""


# ---------------------------------------------------------------- how git is called


_FETCH = (
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    "--stdin",
    _REMOTE,
)


def _environment(server: Server, directory: Path) -> dict[str, str]:
    """Settings come from here alone (https://git-scm.com/docs/git-config#ENVIRONMENT)."""
    scheme = urlsplit(server.url).scheme
    settings = {
        # The remote is known to this process only. With a promisor among its settings the mirror would fetch a missing
        # blob whenever one is read: GIT_NO_LAZY_FETCH is from git 2.45.
        f"remote.{_REMOTE}.url": server.url,
        f"remote.{_REMOTE}.promisor": "true",
        f"remote.{_REMOTE}.partialCloneFilter": _FILTER,
        f"http.{server.url}.extraHeader": f"Authorization: Basic {_basic(server.token)}",
        # git sends the header wherever it was redirected to; a renamed repository has its new name in every payload.
        "http.followRedirects": "false",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": "60",
        "protocol.allow": "never",
        f"protocol.{scheme}.allow": "always",
        "credential.helper": "",
        "core.hooksPath": os.devnull,
        "core.bigFileThreshold": "16m",  # larger ones pass through index-pack in pieces, not in memory
    }
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {
        "LC_ALL": "C",
        "HOME": str(directory),  # curl would read ~/.netrc
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for index, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return environment


def _basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


# ---------------------------------------------------------------- what it says when it fails


def _text(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read(_STDERR_BYTES).decode("utf-8", "replace")


def _too_large(server: Server, _: str) -> FetchFailed:
    return server.too_large()


def _gone(server: Server, what: str) -> FetchFailed:
    return Gone(f"{server.url} has no {what}", what)


def _refused(server: Server, words: str) -> FetchFailed:
    return FetchFailed(f"{server.url} cannot be read with the App's token: {words}", retryable=False)


def _unknown(server: Server, words: str) -> FetchFailed:
    """It was made for this call, or a minute ago: revoked since, or not yet known to all of GitHub's servers."""
    return FetchFailed(f"{server.url} does not know the App's token: {words}", retryable=True)


def _moved(server: Server, words: str) -> FetchFailed:
    return FetchFailed(f"{server.url} has moved: {words}", retryable=False)


def _unreachable(server: Server, words: str) -> FetchFailed:
    return FetchFailed(f"{server.url} does not answer as it should: {words}", retryable=True)


def _full(server: Server, words: str) -> FetchFailed:
    return FetchFailed(f"{server.url} cannot be kept on this machine: {words}", retryable=True)


# The first that matches speaks; its last group, or all that matched, is what is told.
_FAILURES: tuple[tuple[re.Pattern[str], Callable[[Server, str], FetchFailed]], ...] = (
    (re.compile(rf"died of signal {signal.SIGXFSZ.value}\b|File too large"), _too_large),
    (re.compile(r"not our ref (\w+)|couldn't find remote ref (\S+)|unadvertised object (\w+)"), _gone),
    (re.compile(r"No space left on device|Disk quota exceeded|[Oo]ut of memory|Cannot allocate memory"), _full),
    (re.compile(r"returned error: 401|could not read Username|Authentication failed"), _unknown),
    (re.compile(r"returned error: 40[34]|repository .* not found"), _refused),
    (re.compile(r"returned error: 30\d"), _moved),
    (
        re.compile(
            r"returned error: \d+|Could not resolve|Couldn't connect|Failed to connect|Connection \w+"
            r"|Operation too slow|Empty reply|RPC failed|hung up|early EOF|unexpected disconnect|SSL"
        ),
        _unreachable,
    ),
    (re.compile(r"unable to access"), _unreachable),  # last, as the cause follows these words
)
