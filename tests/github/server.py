"""The stand-in GitHub as an HTTP server on loopback."""

from __future__ import annotations

import logging
import threading

from flask import Blueprint, Flask
from werkzeug.serving import BaseWSGIServer, make_server

from tests.github import (
    answers,
    git,
    rest_app,
    rest_checks,
    rest_deployments,
    rest_git,
    rest_issues,
    rest_pulls,
    rest_repos,
)
from tests.github.state import State

_OF_A_REPOSITORY = tuple(
    kind.routes for kind in (rest_repos, rest_pulls, rest_issues, rest_checks, rest_deployments, rest_git)
)


def make_app() -> Flask:
    """The routes. The state comes later: it has to know the port."""
    app = Flask("github", static_folder=None)
    answers.install(app)
    for blueprint in (rest_app.routes, rest_repos.teams, git.routes):
        app.register_blueprint(blueprint)
    for blueprint in _OF_A_REPOSITORY:
        app.register_blueprint(blueprint, url_prefix="/api/v3/repos/<owner>/<name>")
        moved = f"{blueprint.name}_by_id"  # where a repository that was renamed is found
        app.register_blueprint(blueprint, url_prefix="/api/v3/repositories/<int:repo_id>", name=moved)
    return app


class Server:
    """A thread for each connection. pages: more to serve beside GitHub's API, such as the demo's."""

    def __init__(self, port: int = 0, pages: Blueprint | None = None) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.app = make_app()
        if pages:
            self.app.register_blueprint(pages)
        self._server: BaseWSGIServer = make_server("127.0.0.1", port, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self, state: State) -> None:
        self.app.extensions["github"] = state
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="github", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
