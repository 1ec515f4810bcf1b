"""The stand-in Neon as an HTTP server on loopback: refuses wrong keys, counts requests, fails when told to."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from typing import cast

from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.serving import make_server

from tests.github.faults import Answer, Cut
from tests.live_server import LiveServer
from tests.neon.world import KEY, Project, Refusal
from workers.environments.model import NeonProject

_PREFIX = "/api/v2"
_BELOW = f"{_PREFIX}/projects/shop"


class Server:
    """project: what stands behind it."""

    def __init__(self, project: Project) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        app = Flask("neon", static_folder=None)
        app.extensions["neon"] = project
        app.before_request(_before)
        app.after_request(_after)
        app.register_error_handler(Refusal, _refuse)
        app.register_error_handler(404, lambda _: _refuse(Refusal(404, "project not found")))
        for method, path, view in _ROUTES:
            app.add_url_rule(_BELOW + path, f"{method} {path}", view, methods=(method,))
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}{_PREFIX}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="neon", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def configured(self, branch: str = "main", key: str = KEY) -> NeonProject:
        return NeonProject("shop", branch, key, self.url)


@contextlib.contextmanager
def neon(server: LiveServer, database: str) -> Iterator[tuple[Server, Project]]:
    """A project whose default branch, main, has the data of `database`."""
    project = Project(server, database)
    project.found("main", database, default=True, compute=True)
    api = Server(project)
    try:
        yield api, project
    finally:
        api.stop()


def _project() -> Project:
    return cast(Project, current_app.extensions["neon"])


def _before() -> Response | None:
    g.cut = False
    _project().lock.acquire()
    for effect in _project().faults.met(request.method, request.path.removeprefix(_BELOW)):
        if isinstance(effect, Answer):
            answer = _refuse(Refusal(effect.status, effect.message))
            answer.headers.update(effect.headers)
            return Response(effect.raw, effect.status, effect.headers) if effect.raw is not None else answer
        if isinstance(effect, Cut):
            g.cut = True
            if not effect.done:
                return Response(status=500)
        else:
            effect.act()
    if request.headers.get("Authorization") != f"Bearer {KEY}":
        raise Refusal(401, "authorization: key not found")
    _project().tick()
    return None


def _after(answer: Response) -> Response:
    request.get_data()  # closing on unread bytes would reset the connection before the answer is seen
    status = 0 if g.cut else answer.status_code
    _project().requests.append((request.method, request.path.removeprefix(_BELOW), status))
    _project().lock.release()
    if g.cut:
        cast(socket.socket, request.environ["werkzeug.socket"]).shutdown(socket.SHUT_RDWR)
    return answer


def _refuse(refusal: Refusal) -> Response:
    answer = jsonify({"request_id": "0", "code": "", "message": refusal.message})
    answer.status_code = refusal.status
    return answer


# ---------------------------------------------------------------- https://api-docs.neon.tech/reference


def _list() -> Response:
    """Newest first; a page has `limit`, and a cursor while there may be more."""
    sought, cursor = request.args.get("search", ""), int(request.args.get("cursor", 0))
    limit = request.args.get("limit", 100, type=int)
    found = [branch for branch in _project().branches.values() if sought in branch.name or sought in branch.id]
    found.sort(key=lambda branch: branch.created_at, reverse=True)
    page = [branch.json() for branch in found[cursor : cursor + limit]]
    more = {"pagination": {"next": str(cursor + limit), "sort_by": "updated_at"}} if page else {}
    return jsonify({"branches": page, "annotations": {}, **more})


def _create() -> tuple[Response, int]:
    branch, started = _project().create(request.get_json())
    told = {"branch": branch.json(), "operations": [one.json() for one in started], "endpoints": [], "roles": []}
    return jsonify(told), 201


def _get(id: str) -> Response:
    return jsonify({"branch": _project().branch(id).json()})


def _delete(id: str) -> Response:
    branch = _project().branch(id)
    return jsonify({"branch": branch.json(), "operations": [one.json() for one in _project().delete(branch)]})


def _operation(id: str) -> Response:
    for operation in _project().operations:
        if operation.id == id:
            return jsonify({"operation": operation.json()})
    raise Refusal(404, "operation not found")


def _operations() -> Response:
    return jsonify({"operations": [one.json() for one in reversed(_project().operations)]})


def _uri() -> Response:
    return jsonify({"uri": _project().uri(request.args)})


_ROUTES = (
    ("GET", "/branches", _list),
    ("POST", "/branches", _create),
    ("GET", "/branches/<id>", _get),
    ("DELETE", "/branches/<id>", _delete),
    ("GET", "/operations", _operations),
    ("GET", "/operations/<id>", _operation),
    ("GET", "/connection_uri", _uri),
)
