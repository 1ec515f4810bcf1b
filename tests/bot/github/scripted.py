"""A GitHub that says what a test tells it to, over real HTTP, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from bot.github.client import Client
from bot.model import Repo

REPO = Repo(7, "octo/shop", 5)
X = "/repos/octo/shop/x"
WHAT = "GET /api/v3/repos/octo/shop/x"
TOKENS = "/app/installations/5/access_tokens"


@dataclass(frozen=True, slots=True)
class Answer:
    """body: sent instead of json. cut: the connection is closed instead, when everything was done."""

    status: int = 200
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    json: Any
    headers: Mapping[str, str]


def token(value: str = "ghs_one", minutes: int = 60) -> Answer:
    expires_at = datetime.now(UTC) + timedelta(minutes=minutes)
    return Answer(201, {"token": value, "expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")})


class Scripted:
    """Paths are those below the API's address. The last answer to a method and a path is repeated."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._lock = threading.Lock()
        self.url = ""
        self.on("POST", TOKENS, token())

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path] = list(answers)

    def calls(self, method: str, path: str) -> list[Asked]:
        return [one for one in self.asked if (one.method, one.path) == (method, path)]

    def writes(self) -> list[tuple[str, str]]:
        """Every request that is no read, but for those that get tokens."""
        return [(one.method, one.path) for one in self.asked if one.method != "GET" and one.path != TOKENS]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        path = request.path.removeprefix("/api/v3")
        told = json.loads(request.get_data() or b"null")
        with self._lock:
            self.asked.append(Asked(request.method, path, dict(request.args), told, dict(request.headers)))
            answers = self._answers.get((request.method, path), [Answer(501, {"message": "not in the script"})])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.cut:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        body = json.dumps(answer.json).encode() if answer.body is None else answer.body
        if answer.status in (204, 304):
            body = b""
        headers = {"Content-Type": "application/json", **answer.headers}
        return Response(body, answer.status, headers)(environ, start_response)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def log(self, type: str, message: str, *args: Any) -> None: ...


@contextlib.contextmanager
def serving() -> Iterator[Scripted]:
    script = Scripted()
    server = make_server("127.0.0.1", 0, script, threaded=True, request_handler=_Quiet)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def told_by(client: Client, kind: type[Exception]) -> str:
    """The sentence of the error that reading X raises."""
    with pytest.raises(kind) as caught:
        client.get("x")
    assert type(caught.value) is kind
    return str(caught.value)
