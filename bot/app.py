"""The web process: takes deliveries from GitHub, hands their work to the queue, and answers at once."""

from __future__ import annotations

import hmac
import logging
import os
import time
from dataclasses import dataclass

import redis
from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge, Unauthorized

from bot import logs
from bot.errors import BadDelivery, BadSetting, Retryable
from bot.exposition import CONTENT_TYPE, exposition
from bot.model import Repo
from bot.queue import Accepted, Queue, key
from bot.routing import route
from bot.settings import GitHubSettings, Settings, read_settings
from bot.store import connect
from bot.webhook import BODY_LIMIT_BYTES, parse

_PAGE = """migration-bot reviews PostgreSQL migrations in pull requests.

It is a GitHub App: this address takes its webhooks, /webhook, and says whether it is well, /healthz.
In a pull request, comment `/migrate help`.
"""

_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> Flask:
    """For gunicorn: `bot.app:create_app()`. Without settings it is an entry point: they come from the environment, and
    logs go to stderr. Raises BadSetting."""
    if settings is None:
        logs.configure()
        settings = read_settings(os.environ)
    if settings.github is None:
        raise BadSetting("MIGRATION_BOT_GITHUB_APP_ID is not set, and nothing can be received without it")
    client = connect(settings.redis_url)
    receiver = _Receiver(settings.github, Queue(client))
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT_BYTES + 1  # one more, so that as many as allowed can be told to end
    app.add_url_rule("/webhook", view_func=receiver.receive, endpoint="webhook", methods=["POST"])
    app.add_url_rule("/healthz", view_func=lambda: _health(client), endpoint="health")
    app.add_url_rule("/metrics", view_func=lambda: _metrics(client, settings.metrics_token), endpoint="metrics")
    app.add_url_rule("/", view_func=lambda: (_PAGE, {"Content-Type": "text/plain; charset=utf-8"}), endpoint="page")
    app.register_error_handler(HTTPException, _refused)
    return app


@dataclass(frozen=True, slots=True)
class _Receiver:
    github: GitHubSettings
    queue: Queue

    def receive(self) -> ResponseReturnValue:
        """202 for work that waits in Redis, 200 when there is none. 503 when Redis does not answer, before the ten
        seconds that GitHub waits: the delivery counts as failed then, and is asked for again
        (https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks)."""
        began = time.perf_counter()
        told: dict[str, str | float | None] = {}
        try:
            accepted = self._accept(told)
            answer, status = {"accepted": accepted or "nothing"}, 200 if accepted in (None, Accepted.DONE) else 202
        except BadDelivery as error:
            answer, status = {"error": str(error)}, error.status
        except (Retryable, redis.RedisError) as error:
            told["why"] = str(error)
            answer, status = {"error": "the queue does not answer"}, 503
        level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
        _log.log(level, logs.line("delivery", **told, **answer, status=status, ms=(time.perf_counter() - began) * 1000))
        # What a 401 asks for: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
        return answer, status, {"WWW-Authenticate": "X-Hub-Signature-256"} if status == 401 else {}

    def _accept(self, told: dict[str, str | float | None]) -> Accepted | None:
        """Adds what becomes known to what the log will tell: of a request that is not GitHub's, nothing."""
        delivery = parse(dict(request.headers), _body(), self.github.webhook_secrets)
        told |= {"guid": delivery.guid, "event": delivery.event, "action": delivery.action or None}
        work = route(delivery, self.github.app_id)
        if work is None:
            return None
        repo: Repo | None = getattr(work, "repo", None)
        told |= {"repo": repo.id if repo else None, "number": getattr(work, "number", None), "work": key(work)}
        return self.queue.accept(delivery.guid, work)


def _body() -> bytes:
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BadDelivery(413, f"more than {BODY_LIMIT_BYTES} bytes") from None


def _health(client: redis.Redis) -> ResponseReturnValue:
    try:
        client.ping()
    except redis.RedisError:
        return {"redis": "down"}, 503
    return {"redis": "ok"}, 200


def _metrics(client: redis.Redis, token: str) -> ResponseReturnValue:
    """Only for who sends the token. Where none is set there is no such page: behind a proxy everybody comes from
    loopback, so that says nothing."""
    if not token:
        raise NotFound
    sent = request.headers.get("Authorization", "").encode("latin-1")
    if not hmac.compare_digest(sent, f"Bearer {token}".encode()):
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    try:
        return exposition(client), {"Content-Type": CONTENT_TYPE}
    except redis.RedisError:
        return {"redis": "down"}, 503


def _refused(error: HTTPException) -> ResponseReturnValue:
    """404, 405 … in the form of our own answers, with the headers that belong to them."""
    headers = [pair for pair in error.get_headers() if pair[0] != "Content-Type"]
    return {"error": error.name}, error.code or 500, headers
