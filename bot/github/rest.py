"""GitHub's REST interface as one identity: JSON in, JSON out, all pages, errors that say whether waiting helps."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from bot.errors import NotFound, Retryable
from bot.github.replies import Reply, checked, lacks_permission
from bot.github.transport import Bearer, Request, Transport

Param = str | int | None


class Credentials(Protocol):
    """Where a request gets its token, each time anew: a job may outlive one."""

    def bearer(self) -> Bearer: ...

    def renew(self, refused: Bearer) -> bool:
        """Forgets a token that GitHub refused; whether another one can be had."""


class Rest:
    """Paths are below `home`, or start with a slash. Every method raises what `checked` and Transport.send raise."""

    def __init__(self, transport: Transport, credentials: Credentials, home: str = "") -> None:
        self._transport, self._credentials, self._home = transport, credentials, home

    def get(self, path: str, *, patience: Sequence[float] = (), **params: Param) -> Any:
        """patience: seconds to wait before each new try of what is not found; GitHub tells of a pull request before
        all of its servers know it."""
        self._credentials.bearer()  # where we are not installed, no patience helps
        for pause_s in patience:
            with contextlib.suppress(NotFound):
                return self._get(path, params).json()
            time.sleep(pause_s)
        return self._get(path, params).json()

    def pages(self, path: str, key: str | None = None, **params: Param) -> Iterator[Any]:
        """The items of every page, fetched as they are wanted. key: where a page that is no list has them."""
        reply = self._get(path, {"per_page": 100, **params})
        while True:
            yield from _items(reply, key)
            if not reply.next_url():
                return
            reply = self.send(Request("GET", reply.next_url()))

    def post(self, path: str, json: object = None) -> Any:
        return self._write("POST", path, json)

    def patch(self, path: str, json: object = None) -> Any:
        return self._write("PATCH", path, json)

    def delete(self, path: str) -> Any:
        return self._write("DELETE", path, None)

    def send(self, request: Request) -> Reply:
        """A new token is tried once: the old one may have been revoked, or be from before a permission was accepted."""
        bearer = self._credentials.bearer()
        reply = self._transport.send(request, bearer)
        if (reply.status == 401 or lacks_permission(reply)) and self._credentials.renew(bearer):
            reply = self._transport.send(request, self._credentials.bearer())
            if reply.status == 401:  # servers may know a new token seconds later
                raise Retryable(f"{reply.what}: 401, also with a new token")
        return checked(reply)

    def _get(self, path: str, params: dict[str, Param]) -> Reply:
        told = tuple((name, str(value)) for name, value in params.items() if value is not None)
        return self.send(Request("GET", self._url(path), told))

    def _write(self, method: str, path: str, json: object) -> Any:
        return self.send(Request(method, self._url(path), json=json, write=True)).json()

    def _url(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._home}/{path}"


def _items(reply: Reply, key: str | None) -> list[Any]:
    told = reply.json()
    found = told.get(key) if key and isinstance(told, dict) else told
    if not isinstance(found, list):
        raise Retryable(f"{reply.what}: GitHub's answer has no list{f' {key}' if key else ''}")
    return found
