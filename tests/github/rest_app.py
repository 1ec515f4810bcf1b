"""REST: the app, its installations and their tokens, its deliveries, the limits."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import Blueprint, request

from tests.github import shapes
from tests.github.answers import body, limits, link, paged, per_page, state
from tests.github.credentials import Token, as_app, as_installation, token
from tests.github.hooks import Delivery
from tests.github.refusals import find
from tests.github.state import Installation, Json, Refused, now, stamp

routes = Blueprint("app", __name__, url_prefix="/api/v3")
_TOKEN_LIFE = timedelta(hours=1)
_MOST_REPOSITORIES = 500
# https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
_RETENTION = timedelta(days=3)


@routes.get("/app")
@as_app
def the_app() -> Json:
    return {**shapes.app(state()), "installations_count": len(state().installations)}


@routes.get("/app/installations")
@as_app
def installations() -> Any:
    found = sorted(state().installations.values(), key=lambda one: one.id)
    return paged(found, lambda one: shapes.installation(state(), one))


@routes.get("/app/installations/<int:number>")
@as_app
def installation(number: int) -> Json:
    return shapes.installation(state(), find(state().installations, number))


@routes.get("/repos/<owner>/<name>/installation")
@as_app
def installation_of(owner: str, name: str) -> Json:
    repo = state().named(f"{owner}/{name}")
    found = [one for one in state().installations.values() if repo and repo.id in one.repos]
    if not found:
        raise Refused(404, "Not Found")
    return shapes.installation(state(), found[0])


@routes.post("/app/installations/<int:number>/access_tokens")
@as_app
def access_token(number: int) -> Any:
    one = find(state().installations, number)
    if one.suspended_at:
        raise Refused(403, "This installation has been suspended")
    wanted = body()
    repos = _wanted_repositories(one, wanted)
    permissions = wanted.get("permissions") or dict(one.permissions)
    for name, level in permissions.items():
        if one.permissions.get(name) not in (level, "write"):
            raise Refused(422, "The permissions requested are not granted to this installation.")
    # Stateless tokens are long and full of dots (https://docs.github.com/en/rest/apps/apps).
    value = f"ghs_{state().app_id}_{secrets.token_urlsafe(60)}.{secrets.token_urlsafe(120)}.{secrets.token_urlsafe(80)}"
    made = Token(value, one, repos, permissions, now() + _TOKEN_LIFE)
    state().tokens[value] = made
    selected = {"repositories": [shapes.repository(state(), state().repos[repo]) for repo in sorted(repos)]}
    return {
        "token": value,
        "expires_at": stamp(made.expires_at),
        "permissions": permissions,
        "repository_selection": "selected",
        **(selected if repos != one.repos else {}),
    }, 201


@routes.delete("/installation/token")
@as_installation
def revoke() -> Any:
    del state().tokens[token().value]
    return "", 204


@routes.get("/installation/repositories")
@as_installation
def repositories() -> Any:
    visible = sorted(token().repos & token().installation.repos)
    return paged(visible, lambda repo: shapes.repository(state(), state().repos[repo]), "repositories")


@routes.get("/rate_limit")
@as_installation
def rate_limit() -> Json:
    mine = limits(token().installation)
    return {"resources": {"core": mine, "search": mine, "graphql": mine}, "rate": mine}


@routes.get("/app/hook/deliveries")
@as_app
def deliveries() -> Any:
    """Newest first, by cursor. `failure` means 400 to 599; what nobody answered is in neither."""
    wanted = request.args.get("status")
    after = int(request.args.get("cursor", "v1_0").removeprefix("v1_") or 0)
    bounds = {"success": range(200, 400), "failure": range(400, 600)}
    found = [one for one in reversed(_kept()) if wanted is None or one.status_code in bounds[wanted]]
    rest = [one for one in found if not after or one.id < after]
    page, more = rest[: per_page()], rest[per_page() :]
    headers = link({"next": {"cursor": f"v1_{page[-1].id}"}}) if more else {}
    return [_item(one) for one in page], 200, headers


@routes.get("/app/hook/deliveries/<int:number>")
@as_app
def delivery(number: int) -> Json:
    one = _delivery(number)
    return {
        **_item(one),
        "url": state().hooks.url or "",
        "request": {"headers": one.headers, "payload": one.payload},
        "response": {"headers": one.answer_headers, "payload": one.answer},
    }


@routes.post("/app/hook/deliveries/<int:number>/attempts")
@as_app
def attempt(number: int) -> Any:
    state().hooks.again(_delivery(number))
    return {}, 202


def _kept() -> list[Delivery]:
    return sorted(
        (one for one in state().hooks.deliveries if now() - one.delivered_at < _RETENTION), key=lambda one: one.id
    )


def _delivery(number: int) -> Delivery:
    found = next((one for one in _kept() if one.id == number), None)
    if found is None:
        raise Refused(404, "Not Found")
    return found


def _item(one: Delivery) -> Json:
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": stamp(one.delivered_at),
        "redelivery": one.redelivery,
        "duration": one.duration_s,
        "status": one.status,
        "status_code": one.status_code,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation_id,
        "repository_id": one.repository_id,
        "throttled_at": None,
    }


def _wanted_repositories(one: Installation, wanted: Json) -> frozenset[int]:
    ids = wanted.get("repository_ids") or []
    names = wanted.get("repositories") or []
    if len(ids) + len(names) > _MOST_REPOSITORIES:
        raise Refused(422, f"No more than {_MOST_REPOSITORIES} repositories")
    by_name = {state().repos[repo].name: repo for repo in one.repos}
    chosen = {*ids, *(by_name.get(name, 0) for name in names)}
    if not chosen <= one.repos:
        raise Refused(422, "There is at least one repository that does not exist or is not accessible to the parent.")
    return frozenset(chosen or one.repos)
