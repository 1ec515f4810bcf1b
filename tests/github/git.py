"""Smart HTTP: `git http-backend` reads the real bare repositories, for whoever has a token of theirs."""

from __future__ import annotations

import subprocess
from typing import Any

from flask import Blueprint, Response, redirect, request

from tests.github.answers import state
from tests.github.bare import ENVIRONMENT
from tests.github.credentials import git_access
from tests.github.state import Refused, Repo

routes = Blueprint("smart_http", __name__)
_SERVICE = "git-upload-pack"
# CGI's names for what git's own client sends (https://git-scm.com/docs/git-http-backend).
_HEADERS = {"HTTP_CONTENT_ENCODING": "Content-Encoding", "GIT_PROTOCOL": "Git-Protocol"}


@routes.get("/<owner>/<name>.git/info/refs")
def refs(owner: str, name: str) -> Any:
    return _serve(f"{owner}/{name}", "info/refs")


@routes.post(f"/<owner>/<name>.git/{_SERVICE}")
def upload_pack(owner: str, name: str) -> Any:
    return _serve(f"{owner}/{name}", _SERVICE)


def _serve(full_name: str, path: str) -> Any:
    try:
        with state().lock:
            repo = git_access(full_name)
    except Refused as error:
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if error.status == 401 else {}
        return Response(error.message, error.status, headers, content_type="text/plain")
    if isinstance(repo, str):
        return redirect(f"{state().url}/{repo}.git/{path}?{request.query_string.decode()}", 301)
    return _backend(repo, path)


def _backend(repo: Repo, path: str) -> Response:
    sent = request.get_data()
    environment = {
        **ENVIRONMENT,
        "GIT_PROJECT_ROOT": str(repo.directory.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repo.directory.name}/{path}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.content_type or "",
        "CONTENT_LENGTH": str(len(sent)),
        "REMOTE_USER": "x-access-token",
        **{name: request.headers[header] for name, header in _HEADERS.items() if header in request.headers},
    }
    done = subprocess.run(("git", "http-backend"), input=sent, env=environment, check=True, capture_output=True)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
    status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
    return Response(content, status, [(name, value) for name, value in headers if name != "Status"])
