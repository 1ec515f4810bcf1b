"""Asks Neon's API: waits where it is busy, and sends nothing again that it may have done; no key gets into a sentence.

The facts are of https://neon.com/docs/reference/api/key-concepts and https://api-docs.neon.tech/reference."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests
from pydantic import TypeAdapter, ValidationError
from requests.auth import AuthBase

from workers.environments.model import NeonProject, Progress, Watch
from workers.errors import Cancelled, Refused, Unreachable

T = TypeVar("T")

_TIMEOUTS_S = (10, 60)  # to connect; between two bytes
_TICK_S = 0.5  # how often a wait looks whether somebody wants it to end
_LONGEST_PAUSE_S = 60.0  # however long Retry-After says
_MESSAGE_CHARS = 200

# Nothing was done: 423 while another operation of the project runs and 503 are always safe to send again, whatever the
# method; 429 is a limit (https://api-docs.neon.tech/reference/createprojectbranch, "General Error").
_NOT_DONE = frozenset({423, 429, 503})
_REFUSALS = {
    401: "the API key is not accepted",
    403: "the API key may not do this",
    404: "there is none such, or the API key may not see it",
}


class NotThere(Refused):
    """Neon knows no such project or branch."""


class Lost(Exception):
    """The answer to a request that changes something was lost: it may have been done or not."""


class _Busy(Exception):
    """A try that came to nothing. after_s: how long Neon wants us to wait. done: it may have been done all the same."""

    def __init__(self, why: str, *, done: bool, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.done, self.after_s = done, after_s


class Unwatched:
    """Nobody looks on, and nobody can stop it: for what has to be put in order at the end."""

    def tell(self, progress: Progress) -> None:
        pass

    def cancelled(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Pace:
    """pauses_s: before each new try of a request. polls_s: between two looks at an operation; the last one repeats.
    longest_s: of all waiting together."""

    pauses_s: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30)
    polls_s: tuple[float, ...] = (0.1, 0.2, 0.4, 0.8, 1.5)
    longest_s: float = 300.0
    sleep: Callable[[float], None] = time.sleep


PACE = Pace()


class Patience:
    """What is left of the time that may be waited."""

    def __init__(self, watch: Watch, pace: Pace) -> None:
        self.pace = pace
        self._watch, self._left_s = watch, pace.longest_s

    def wait(self, pause_s: float, why: str) -> None:
        """Raises Cancelled, and Unreachable with `why` when all the time is used up."""
        if pause_s > self._left_s:
            raise Unreachable(f"{why}, for more than {self.pace.longest_s:g} s")
        self._left_s -= pause_s
        while pause_s > 0:
            if self._watch.cancelled():
                raise Cancelled("stopped while waiting for Neon")
            self.pace.sleep(min(pause_s, _TICK_S))
            pause_s -= _TICK_S


@dataclass(frozen=True, slots=True)
class Bearer(AuthBase):
    """As requests' own `auth` it also keeps ~/.netrc out."""

    key: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.key}"
        return request


@dataclass(frozen=True, slots=True)
class Request:
    """path: below the API's address. once: it changes something, and sent twice it would do so twice."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    once: bool = False

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Client:
    """Not for several threads."""

    session: requests.Session
    project: NeonProject
    patience: Patience

    def send(self, request: Request, shape: type[T]) -> T:
        """Neon's answer. Raises Refused, Unreachable, Cancelled while waiting; Lost only for what may be sent once."""
        for pause_s in (*self.patience.pace.pauses_s, None):
            try:
                return self._try(request, shape)
            except _Busy as busy:
                told, done, after_s = str(busy), busy.done, busy.after_s
            if done and request.once:
                raise Lost(told)
            if pause_s is not None:
                jittered_s = pause_s * random.uniform(0.5, 1)  # noqa: S311  so that two who wait do not meet again
                self.patience.wait(min(max(after_s, jittered_s), _LONGEST_PAUSE_S), told)
        raise Unreachable(f"{told}, {len(self.patience.pace.pauses_s) + 1} times")

    def _try(self, request: Request, shape: type[T]) -> T:
        try:
            response = self.session.request(
                request.method,
                self.project.api_url + request.path,
                params=request.params,
                json=request.json,
                auth=Bearer(self.project.api_key),
                headers={"Accept": "application/json", "User-Agent": "migration-bot"},
                timeout=_TIMEOUTS_S,
                allow_redirects=False,  # the key goes nowhere else
            )
        except requests.RequestException as error:
            told = f"Neon did not answer {request.what} ({type(error).__name__})"
        else:
            self._check(request, response)
            return _read(shape, _json(response), request.what)
        raise _Busy(told, done=True)

    def _check(self, request: Request, response: requests.Response) -> None:
        status = response.status_code
        if status < 300:
            return
        message = _message(response).replace(self.project.api_key, "[key]")
        told = f"Neon answered {request.what} with {status}" + (f": {message}" if message else "")
        if status in _NOT_DONE:
            raise _Busy(told, done=False, after_s=_number(response.headers.get("Retry-After", "")))
        if status >= 500 or status == 408:
            raise _Busy(told, done=True)
        if status < 400:
            raise Unreachable(told)
        reason = _REFUSALS.get(status)
        raise (NotThere if status == 404 else Refused)(f"{told} ({reason})" if reason else told)


def _read(shape: type[T], value: object, what: str) -> T:
    """An answer as `shape`. Raises Unreachable, which names the fields that are missing, never a value."""
    key: Any = shape  # mypy does not take a class of which it knows nothing for hashable
    try:
        found: T = _adapter(key).validate_python(value)
        return found
    except ValidationError as error:
        places = {".".join(map(str, found["loc"])) for found in error.errors(include_url=False, include_input=False)}
    raise Unreachable(f"Neon's answer to {what} has no usable {', '.join(sorted(places - {''})) or shape.__name__}")


@functools.cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _json(response: requests.Response) -> object:
    """Nothing, where there is no JSON: DELETE may answer without any (204)."""
    try:
        return response.json()
    except requests.JSONDecodeError:
        return {}


def _message(response: requests.Response) -> str:
    """Neon's own words in one short line."""
    told = _json(response)
    message = told.get("message") if isinstance(told, dict) else None
    return " ".join(message.split())[:_MESSAGE_CHARS] if isinstance(message, str) else ""


def _number(header: str) -> float:
    """Of Retry-After, in seconds; Neon does not promise the header."""
    return float(header) if header.isdecimal() else 0.0
