"""What every answer of the API goes through: faults, limits, ETags, pages, GitHub's words for no, the log."""

from __future__ import annotations

import hashlib
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException

from tests.github.faults import Answer, Cut
from tests.github.state import Installation, Json, Refused, Request, State, now

PREFIX = "/api/v3"
_DOCUMENTATION = "https://docs.github.com/rest"
# https://docs.github.com/en/rest/about-the-rest-api/api-versions
_VERSIONS = ("2022-11-28", "2026-03-10")
_MOST_PER_PAGE = 100


def state() -> State:
    return cast(State, current_app.extensions["github"])


def path() -> str:
    """Of the request, as api.github.com would have it."""
    return request.path.removeprefix(PREFIX)


def body() -> Json:
    """Raises Refused for what is no JSON object."""
    sent = request.get_json(silent=True, force=True) if request.data else {}
    if not isinstance(sent, dict):
        raise Refused(400, "Problems parsing JSON")
    return sent


def paged(items: Sequence[Any], shape: Callable[[Any], Json], key: str = "") -> Response:
    """One page, with Link headers; key: where an answer is an object with a total count."""
    size = per_page()
    page = max(request.args.get("page", 1, type=int), 1)
    last = max(-(-len(items) // size), 1)
    rows = [shape(item) for item in items[(page - 1) * size : page * size]]
    answer = jsonify({"total_count": len(items), key: rows} if key else rows)
    wanted = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    links = {rel: n for rel, n in wanted.items() if 1 <= n <= last and n != page}
    answer.headers.update(link({rel: {"page": str(n), "per_page": str(size)} for rel, n in links.items()}))
    return answer


def per_page() -> int:
    return min(max(request.args.get("per_page", 30, type=int), 1), _MOST_PER_PAGE)


def link(relations: dict[str, dict[str, str]]) -> dict[str, str]:
    """The Link header for other parameters of the same address."""
    parts = []
    for rel, changes in relations.items():
        query = "&".join(f"{key}={value}" for key, value in {**request.args.to_dict(), **changes}.items())
        parts.append(f'<{state().url}{request.path}?{query}>; rel="{rel}"')
    return {"Link": ", ".join(parts)} if parts else {}


def limits(installation: Installation) -> dict[str, int]:
    return {
        "limit": installation.limit,
        "remaining": installation.limit - installation.used,
        "reset": int(installation.resets_at.timestamp()),
        "used": installation.used,
    }


def install(app: Flask) -> None:
    """Puts everything above around the routes of the app."""
    app.before_request(_before)
    app.after_request(_after)
    app.register_error_handler(Refused, _refuse)
    app.register_error_handler(HTTPException, _refuse_route)


def _before() -> Response | None:
    g.started, g.cut = time.time(), False
    for effect in state().faults.met(request.method, path()):
        if isinstance(effect, Answer):
            return _fault(effect)
        if isinstance(effect, Cut):
            g.cut = True
            if not effect.done:
                return Response(status=500)
        else:
            effect.act()
    version = request.headers.get("X-GitHub-Api-Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise Refused(400, f"{version} is not a supported version")
    return None


def _after(answer: Response) -> Response:
    if request.path.startswith(PREFIX):
        _dress(answer)
    status = 0 if g.cut else answer.status_code
    # All of it is read in any case: closing on unread bytes would reset the connection before the answer is seen.
    sent = request.get_data()
    text, query = sent.decode() if request.is_json else "", request.query_string.decode()
    state().requests.append(Request(g.started, request.method, path(), _asker(), status, query, text))
    if g.cut:
        # The client's connection dies before a byte of the answer is sent.
        cast(socket.socket, request.environ["werkzeug.socket"]).shutdown(socket.SHUT_RDWR)
    return answer


def _dress(answer: Response) -> None:
    answer.headers["X-GitHub-Request-Id"] = uuid.uuid4().hex[:20].upper()
    answer.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
    answer.headers["X-GitHub-Enterprise-Version"] = "3.20.0"
    if request.method == "GET" and answer.status_code == 200:
        answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest(), weak=True)
        answer.headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
        answer.make_conditional(request)
    installation = _installation()
    if installation:
        if "token" in g:
            _count(installation, answer)
        for name, value in limits(installation).items():
            answer.headers.setdefault(f"x-ratelimit-{name}", str(value))
        answer.headers.setdefault("x-ratelimit-resource", "core")


def _count(installation: Installation, answer: Response) -> None:
    """A 304 costs nothing (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api)."""
    if now() > installation.resets_at:
        installation.used, installation.resets_at = 0, now() + timedelta(hours=1)
    if answer.status_code != 304 and path() != "/rate_limit":
        installation.used = min(installation.used + 1, installation.limit)


def _installation() -> Installation | None:
    """Whose token was sent, be it good or not."""
    sent = request.headers.get("Authorization", "").partition(" ")[2]
    basic = request.authorization.password if request.authorization else None
    known = state().tokens.get(sent) or state().tokens.get(basic or "")
    return known.installation if known else None


def _asker() -> str:
    """For the log."""
    installation = _installation()
    if installation:
        return f"installation {installation.id}"
    return "app" if " ey" in request.headers.get("Authorization", "") else "nobody"


def _refuse(error: Refused) -> Response:
    said: Json = {"message": error.message, "documentation_url": _DOCUMENTATION, "status": str(error.status)}
    if error.errors:
        said["errors"] = list(error.errors)
    answer = jsonify(said)
    answer.status_code = error.status
    return answer


def _refuse_route(error: HTTPException) -> Response:
    return _refuse(Refused(error.code or 500, str(error.name)))


def _fault(effect: Answer) -> Response:
    if effect.raw is not None:
        return Response(effect.raw, effect.status, effect.headers)
    answer = _refuse(Refused(effect.status, effect.message))
    answer.headers.update(effect.headers)
    return answer
