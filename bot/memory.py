"""What is worth remembering between jobs. All of it ends, and all of it can be asked of GitHub, or reviewed, again."""

from __future__ import annotations

import logging
import zlib
from typing import Any, Final, TypeVar

import redis

from bot import wire
from bot.outcome import Outcome, Touched
from bot.store import PREFIX, reaching

_PULL_S: Final = 90 * 86_400
_OUTCOME_S: Final = 30 * 86_400
_OUTCOME_BYTES: Final = 1 << 20  # compressed; a larger one is reviewed again
_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class Memory:
    """repo: a repository's id. number: a pull request's. Every method raises Retryable when Redis cannot be reached."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    # ------------------------------------------------------------ a pull request

    def comment(self, repo: int, number: int) -> int | None:
        """The id of our comment."""
        return _number(self._recall(_pull(repo, number), "comment"))

    def keep_comment(self, repo: int, number: int, comment: int) -> None:
        self._keep(_pull(repo, number), "comment", comment)

    def run(self, repo: int, number: int) -> int | None:
        """The id of the check run that has the last record of it."""
        return _number(self._recall(_pull(repo, number), "run"))

    def keep_run(self, repo: int, number: int, run: int) -> None:
        self._keep(_pull(repo, number), "run", run)

    def concluded(self, repo: int, number: int) -> str | None:
        """The head whose check was concluded last; a full SHA."""
        return self._recall(_pull(repo, number), "concluded")

    def keep_concluded(self, repo: int, number: int, sha: str) -> None:
        self._keep(_pull(repo, number), "concluded", sha)

    def failed(self, repo: int, number: int) -> str | None:
        """The head whose check was last failed for want of a review; a full SHA."""
        return self._recall(_pull(repo, number), "failed")

    def keep_failed(self, repo: int, number: int, sha: str) -> None:
        """Failing is a conclusion as well."""
        self.keep_concluded(repo, number, sha)
        self._keep(_pull(repo, number), "failed", sha)

    def suggested(self, repo: int, number: int) -> str:
        """Which suggestions were made last, in the caller's words; "" where there were none."""
        return self._recall(_pull(repo, number), "suggested") or ""

    def keep_suggested(self, repo: int, number: int, told: str) -> None:
        self._keep(_pull(repo, number), "suggested", told)

    def announced(self, repo: int, number: int) -> str | None:
        """The head whose review was begun last; a full SHA."""
        return self._recall(_pull(repo, number), "announced")

    def keep_announced(self, repo: int, number: int, sha: str) -> None:
        self._keep(_pull(repo, number), "announced", sha)

    def swept(self, repo: int, number: int) -> str | None:
        """What the last sweep saw of it, in the sweep's own words."""
        return self._recall(_pull(repo, number), "swept")

    def keep_swept(self, repo: int, number: int, seen: str) -> None:
        self._keep(_pull(repo, number), "swept", seen)

    def keep_reviewed(self, repo: int, number: int, fingerprint: str) -> None:
        """Which outcome it came to: forget() forgets that as well."""
        self._keep(_pull(repo, number), "reviewed", fingerprint)

    def reviewed(self, repo: int, number: int) -> str | None:
        """The fingerprint of its last outcome."""
        return self._recall(_pull(repo, number), "reviewed")

    def keep_migrations(self, repo: int, number: int, fingerprint: str) -> None:
        """What they are, on what and under which policy: all that measuring them on a copy depends on."""
        self._keep(_pull(repo, number), "migrations", fingerprint)

    def migrations(self, repo: int, number: int) -> str | None:
        """The fingerprint of its migrations alone."""
        return self._recall(_pull(repo, number), "migrations")

    def on_copy(self, repo: int, number: int) -> tuple[str, str]:
        """Which migrations were measured on a copy of real data, and what is said of that, Markdown."""
        fingerprint, _, said = (self._recall(_pull(repo, number), "copy") or "").partition("\n")
        return fingerprint, said

    def keep_on_copy(self, repo: int, number: int, fingerprint: str, said: str) -> None:
        self._keep(_pull(repo, number), "copy", f"{fingerprint}\n{said}")

    def forget(self, repo: int, number: int) -> None:
        """Everything about it is asked, and reviewed, again."""
        reviewed = self.reviewed(repo, number)
        with reaching():
            self._redis.delete(_pull(repo, number), *([_outcome(reviewed)] if reviewed else []))

    # ------------------------------------------------------------ open pull requests, beside each other

    def touched(self, repo: int) -> dict[int, Touched]:
        """What each open pull request of a repository changes, by its number."""
        with reaching():
            kept: Any = self._redis.hgetall(f"{PREFIX}touched:{repo}")
        return {int(number): touched for number, text in kept.items() if (touched := _readable(Touched, text))}

    def keep_touched(self, repo: int, number: int, touched: Touched) -> None:
        self._keep(f"{PREFIX}touched:{repo}", str(number), wire.dumps(touched).decode())

    def forget_touched(self, repo: int, number: int) -> None:
        with reaching():
            self._redis.hdel(f"{PREFIX}touched:{repo}", str(number))

    # ------------------------------------------------------------ a branch

    def base(self, repo: int, branch: str) -> str | None:
        """What a branch's migrations were when its pull requests were last queued for them, in the caller's words."""
        return self._recall(f"{PREFIX}bases:{repo}", branch)

    def keep_base(self, repo: int, branch: str, history: str) -> None:
        self._keep(f"{PREFIX}bases:{repo}", branch, history)

    # ------------------------------------------------------------ an environment

    def issue(self, repo: int, environment: str) -> int | None:
        """The number of the issue about its drift."""
        return _number(self._recall(_environment(repo, environment), "issue"))

    def keep_issue(self, repo: int, environment: str, number: int) -> None:
        self._keep(_environment(repo, environment), "issue", number)

    def compared(self, repo: int, environment: str) -> tuple[int, int]:
        """When it was last compared with its migrations, and when that was last begun: seconds since 1970, 0 for
        never."""
        told = (self._recall(_environment(repo, environment), field) for field in ("compared", "begun"))
        ended, begun = (int(one or 0) for one in told)
        return ended, begun

    def keep_compared(self, repo: int, environment: str, at: float, *, ended: bool) -> None:
        """at: seconds since 1970. ended: whether it came to a result; else it begins."""
        self._keep(_environment(repo, environment), "compared" if ended else "begun", int(at))

    # ------------------------------------------------------------ outcomes

    def outcome(self, fingerprint: str) -> Outcome | None:
        """What the review came to whose inputs have this fingerprint. None as well where another version kept it."""
        with reaching():
            found: Any = self._redis.get(_outcome(fingerprint))
        try:
            return None if found is None else _readable(Outcome, zlib.decompress(found))
        except zlib.error as error:
            _LOG.warning("outcome %s is not readable: %s", fingerprint, error)
            return None

    def keep_outcome(self, fingerprint: str, outcome: Outcome) -> None:
        kept = zlib.compress(wire.dumps(outcome))
        if len(kept) <= _OUTCOME_BYTES:
            with reaching():
                self._redis.set(_outcome(fingerprint), kept, ex=_OUTCOME_S)

    # ------------------------------------------------------------ hashes that end

    def _recall(self, name: str, field: str) -> str | None:
        with reaching():
            found: Any = self._redis.hget(name, field)
        return None if found is None else found.decode()

    def _keep(self, name: str, field: str, value: str | int) -> None:
        with reaching(), self._redis.pipeline() as pipeline:
            pipeline.hset(name, field, value)
            pipeline.expire(name, _PULL_S)
            pipeline.execute()


def _readable(kind: type[_T], text: bytes) -> _T | None:
    """None where another version has written it."""
    try:
        return wire.loads(kind, text)
    except wire.Unreadable as error:
        _LOG.warning("not readable: %s", error)
        return None


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _pull(repo: int, number: int) -> str:
    return f"{PREFIX}pull:{repo}:{number}"


def _environment(repo: int, environment: str) -> str:
    return f"{PREFIX}environment:{repo}:{environment}"


def _outcome(fingerprint: str) -> str:
    return f"{PREFIX}outcome:{fingerprint}"
