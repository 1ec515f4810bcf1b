"""Who asks, and may they: the app's JWT, installation tokens, permissions, repositories that moved."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

import jwt
from flask import g, redirect, request

from tests.github.answers import PREFIX, path, state
from tests.github.shapes import CLIENT_ID
from tests.github.state import Installation, Refused, Repo, now

_LONGEST_JWT_S = 600
_CLOCK_SKEW_S = 5
_BAD_CREDENTIALS = "Bad credentials"

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    installation: Installation
    repos: frozenset[int]
    permissions: dict[str, str]
    expires_at: datetime


def as_app(view: View) -> View:
    """The route is for the app itself, with its JWT."""

    @functools.wraps(view)
    def inner(**values: Any) -> Any:
        _check_app(_bearer())
        with state().lock:
            return view(**values)

    return cast(View, inner)


def as_installation(view: View) -> View:
    """The route is for an installation, whatever it may do."""

    @functools.wraps(view)
    def inner(**values: Any) -> Any:
        with state().lock:
            g.token = check_token(_bearer())
            _check_budget(g.token)
            return view(**values)

    return cast(View, inner)


def needs(*either: str) -> Callable[[View], View]:
    """The route is about a repository, which the view gets in the place of its name or id; and for an installation with
    one of these permissions, each "NAME:read" or "NAME:write"."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def inner(owner: str = "", name: str = "", repo_id: int = 0, **values: Any) -> Any:
            found = state().repos.get(repo_id) if repo_id else state().named(f"{owner}/{name}")
            moved = state().formerly(f"{owner}/{name}")
            if found is None and moved and _covers(token(), moved):
                return _redirect(moved, f"{owner}/{name}")
            if found is None or not _covers(token(), found):
                raise Refused(404, "Not Found")
            _check_permission(token(), either)
            if found.archived and request.method != "GET":
                raise Refused(403, "Repository was archived so is read-only.")
            return view(repo=found, **values)

        return cast(View, as_installation(inner))

    return decorate


def token() -> Token:
    return cast(Token, g.token)


def check_token(value: str) -> Token:
    """Raises Refused for one that is unknown, expired, revoked or of a suspended installation."""
    found = state().tokens.get(value)
    if found is None or found.expires_at <= now():
        raise Refused(401, _BAD_CREDENTIALS)
    if found.installation.suspended_at:
        raise Refused(403, "This installation has been suspended")
    return found


def git_access(full_name: str) -> Repo | str:
    """The repository that git may read with the token it sends as a password, or what it is called now."""
    sent = request.authorization
    if not sent or sent.type != "basic" or sent.username != "x-access-token":
        raise Refused(401, _BAD_CREDENTIALS)
    granted = check_token(sent.password or "")
    found, moved = state().named(full_name), state().formerly(full_name)
    repo = found or moved
    if repo is None or not _covers(granted, repo):
        raise Refused(404, "Repository not found.")
    _check_permission(granted, ("contents:read",))
    return found or repo.full_name


def _bearer() -> str:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() not in ("bearer", "token") or not value:
        raise Refused(401, "Requires authentication")
    return value


def _check_app(value: str) -> None:
    """https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app"""
    try:
        claims = jwt.decode(
            value,
            state().public_key,
            algorithms=["RS256"],
            leeway=_CLOCK_SKEW_S,
            options={"require": ["iat", "exp", "iss"], "verify_iat": False, "verify_iss": False},
        )
    except jwt.ExpiredSignatureError:
        raise Refused(401, "'Expiration time' claim ('exp') must be a numeric value in the future") from None
    except jwt.InvalidTokenError:
        raise Refused(401, "A JSON web token could not be decoded") from None
    if claims["iat"] > time.time() + _CLOCK_SKEW_S:
        raise Refused(401, "'Issued at' claim ('iat') must be an Integer representing a time in the past")
    if claims["exp"] > time.time() + _LONGEST_JWT_S + _CLOCK_SKEW_S:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    if str(claims["iss"]) not in (str(state().app_id), CLIENT_ID):
        raise Refused(404, "Integration not found")


def _check_budget(one: Token) -> None:
    installation = one.installation
    if installation.used >= installation.limit and now() <= installation.resets_at and path() != "/rate_limit":
        raise Refused(403, f"API rate limit exceeded for installation ID {installation.id}.")


def _covers(one: Token, repo: Repo) -> bool:
    return repo.id in one.repos and repo.id in one.installation.repos


def _check_permission(one: Token, either: tuple[str, ...]) -> None:
    for wanted in either:
        name, _, level = wanted.partition(":")
        has = one.permissions.get(name)
        if has == "write" or (has and level == "read"):
            return
    raise Refused(403, "Resource not accessible by integration")


def _redirect(moved: Repo, old_name: str) -> Any:
    """301, or 307 for what is not to become a GET
    (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects)."""
    rest = path().removeprefix(f"/repos/{old_name}")
    return redirect(f"{state().url}{PREFIX}/repositories/{moved.id}{rest}", 301 if request.method == "GET" else 307)
