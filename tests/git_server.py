"""A real git server over HTTP for tests: `git http-backend` behind werkzeug, with Basic auth as GitHub has it."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

# What GitHub's servers allow a client: any object by its id, and partial clones.
_SETTINGS = {"http.uploadpack": "true", "uploadpack.allowFilter": "true", "uploadpack.allowAnySHA1InWant": "true"}


@dataclass
class GitServer:
    """Serves the git directories in `repositories` (owner/name → directory) to those who hold one of `tokens`.

    seen: each request's method and path. sent_bytes: of all answers' bodies. fault: an HTTP status to answer instead.
    elsewhere: a URL to redirect to. open: while it is clear, every request waits; waiting: set when one came. base: the
    URL's part before the name.
    """

    repositories: dict[str, Path] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    settings: dict[str, str] = field(default_factory=lambda: dict(_SETTINGS))
    seen: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    fault: int | None = None
    elsewhere: str | None = None
    open: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)
    base: str = ""

    def __post_init__(self) -> None:
        self.open.set()

    def url(self, name: str) -> str:
        """Where a repository is fetched from."""
        return f"{self.base}/{name}.git"

    def answer(self, request: Request) -> Response:
        """One request of the smart protocol (https://git-scm.com/docs/http-protocol)."""
        self.seen.append(f"{request.method} {request.full_path}")
        self.waiting.set()
        self.open.wait()
        if self.elsewhere:
            return Response(status=302, headers={"Location": self.elsewhere + request.full_path})
        if self.fault:
            return Response("not now", status=self.fault)
        if not self._admits(request):
            return Response("who?", status=401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'})
        name, _, rest = request.path.lstrip("/").partition(".git/")
        directory = self.repositories.get(name)
        if directory is None:
            return Response("Repository not found.", status=404)
        return self._counted(_backend(request, f"{directory}/{rest}", self.settings))

    def _admits(self, request: Request) -> bool:
        if not self.tokens:
            return True
        wanted = {f"Basic {base64.b64encode(f'x-access-token:{token}'.encode()).decode()}" for token in self.tokens}
        return request.headers.get("Authorization") in wanted

    def _counted(self, response: Response) -> Response:
        def counted(chunks: Iterable[bytes]) -> Iterator[bytes]:
            for chunk in chunks:
                self.sent_bytes += len(chunk)
                yield chunk

        response.response = counted(response.iter_encoded())
        return response


def _backend(request: Request, path: str, settings: dict[str, str]) -> Response:
    """`git http-backend` is a CGI program (https://git-scm.com/docs/git-http-backend)."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "PATH_TRANSLATED": path,
        "REMOTE_USER": "x-access-token",
    }
    for index, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    with tempfile.TemporaryFile() as body:
        body.write(request.get_data())
        body.seek(0)
        process = subprocess.Popen(
            ("git", "http-backend"), stdin=body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
    assert process.stdout is not None
    headers = dict(_headers(process.stdout))
    status = headers.pop("Status", "200 OK")
    return Response(_rest(process), status=status, headers=headers, direct_passthrough=True)


def _headers(output: IO[bytes]) -> Iterator[tuple[str, str]]:
    while line := output.readline().strip():
        name, _, value = line.decode().partition(":")
        yield name, value.strip()


def _rest(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert process.stdout is not None
    with process:
        while chunk := process.stdout.read1(1 << 16):  # type: ignore[attr-defined]
            yield chunk


@contextlib.contextmanager
def running_git_server() -> Iterator[GitServer]:
    """A server on a port of loopback that ends with the block."""
    git = GitServer()
    server = make_server("127.0.0.1", 0, Request.application(git.answer), threaded=True)
    git.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield git
    finally:
        git.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
