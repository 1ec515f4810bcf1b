"""Proves who we are: the App's own short JWT, and installation tokens that open one repository for an hour."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.errors import BadSetting, Conflict, NotFound
from bot.github.reading import at, read
from bot.github.rest import Rest
from bot.github.transport import Bearer, Request
from bot.github.vault import Vault
from bot.model import Repo

# https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
_BACK_S, _AHEAD_S = 60, 540  # for clocks that differ; GitHub takes 600 s ahead
_FRESH_S = 300
_LOOKING = {"metadata": "read", "pull_requests": "read"}
APP = 0  # the installation that requests with the JWT count for


def app_jwt(app_id: int, private_key: str, now_s: float) -> str:
    """A token of the App itself. Raises BadSetting when the key is none."""
    claims = {"iat": int(now_s) - _BACK_S, "exp": int(now_s) + _AHEAD_S, "iss": str(app_id)}
    return jwt.encode(claims, signing_key(private_key), "RS256")


@functools.lru_cache(maxsize=1)
def signing_key(pem: str) -> RSAPrivateKey:
    """Kept, as cryptography takes 40 ms to check a key. Raises BadSetting when it is none."""
    with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = load_pem_private_key(pem.encode(), None)
        if isinstance(key, RSAPrivateKey):
            return key
    raise BadSetting("MIGRATION_BOT_GITHUB_PRIVATE_KEY: not an RSA private key in PEM")


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """The App itself."""

    app_id: int
    private_key: str = field(repr=False)

    def bearer(self) -> Bearer:
        return Bearer(app_jwt(self.app_id, self.private_key, time.time()), APP, urgent=True)

    def renew(self, refused: Bearer) -> bool:
        """Another JWT would be as wrong: the key, the App's id or the clock is."""
        return False


@dataclass(frozen=True, slots=True)
class Token:
    """installation: the one it is of, which may be another than the repository was known with."""

    value: Annotated[str, at("token")] = field(repr=False)
    expires_at: datetime
    installation: int = APP


class Tokens:
    """rest: GitHub as the App itself. vault: where one job's token waits for the next."""

    def __init__(self, rest: Rest, vault: Vault) -> None:
        self._rest, self._vault = rest, vault

    def token(self, scope: Scope) -> Token:
        """A token that is good for five minutes at least. Raises NotFound where the App is not installed."""
        kept = self._kept(scope)
        if kept is None or _left_s(kept) < _FRESH_S:
            kept = self._new(scope)
            told = {"token": kept.value, "expires_at": kept.expires_at.isoformat(), "installation": kept.installation}
            self._vault.keep(_name(scope), json.dumps(told).encode(), int(_left_s(kept)))
        return kept

    def drop(self, scope: Scope, value: str) -> None:
        """Forgets a token that GitHub refused, unless another took its place already."""
        kept = self._kept(scope)
        if kept and kept.value == value:
            self._vault.drop(_name(scope))

    def _kept(self, scope: Scope) -> Token | None:
        found = self._vault.find(_name(scope))
        return read(Token, json.loads(found), "a kept token") if found else None

    def _new(self, scope: Scope) -> Token:
        """An App that is installed again has another installation; a repository that moved to another owner may."""
        try:
            return self._mint(scope.installation, scope)
        except (NotFound, Conflict):
            installation = installation_of(self._rest, scope.repo) if scope.repo else scope.installation
            if installation == scope.installation:
                raise
            return self._mint(installation, scope)

    def _mint(self, installation: int, scope: Scope) -> Token:
        """Not a write: whether an unused token was made twice does not matter."""
        path = f"/app/installations/{installation}/access_tokens"
        wanted = {"repository_ids": [scope.repo.id]} if scope.repo else {"permissions": _LOOKING}
        told = read(Token, self._rest.send(Request("POST", path, json=wanted)).json(), f"POST {path}")
        return Token(told.value, told.expires_at, installation)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token opens: one repository; or, without one, the names and pull requests of all of an installation's,
    for looking at."""

    installation: int
    repo: Repo | None


@dataclass(frozen=True, slots=True)
class InstallationCredentials:
    """The App as an installation of it."""

    tokens: Tokens
    scope: Scope
    urgent: bool

    def bearer(self) -> Bearer:
        token = self.tokens.token(self.scope)
        return Bearer(token.value, token.installation, self.urgent)

    def renew(self, refused: Bearer) -> bool:
        self.tokens.drop(self.scope, refused.token)
        return True


def _left_s(token: Token) -> float:
    return token.expires_at.timestamp() - time.time()


def _name(scope: Scope) -> str:
    return f"token {scope.installation} {scope.repo.id if scope.repo else 'all'}"


def installation_of(rest: Rest, repo: Repo) -> int:
    """The installation that has a repository now. Raises NotFound where there is none."""
    path = f"/repos/{repo.name}/installation"
    return read(_Id, rest.get(path), f"GET {path}").id


@dataclass(frozen=True, slots=True)
class _Id:
    id: int
