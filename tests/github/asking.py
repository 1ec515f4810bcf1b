"""A plain client for the stand-in's own tests: one request, one answer, nothing hidden."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import jwt
import requests

from tests.github.state import Repo
from tests.github.world import World


@dataclass
class Asking:
    """Paths are api.github.com's. As the app until `become` an installation."""

    github: World
    headers: dict[str, str] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.headers["Authorization"] = f"Bearer {self.jwt()}"

    def jwt(self, **claims: object) -> str:
        now = int(time.time())
        whole = {"iat": now - 60, "exp": now + 540, "iss": str(self.github.state.app_id), **claims}
        return jwt.encode(whole, self.github.key, "RS256")

    def become(self, repo: Repo, **wanted: Any) -> str:
        """The installation that has the repository. wanted: repository_ids, permissions. The token."""
        path = f"/app/installations/{self.github.installation(repo).id}/access_tokens"
        given = Asking(self.github).ask("POST", path, wanted)
        assert given.status_code == 201, given.text
        self.headers["Authorization"] = f"Bearer {given.json()['token']}"
        return str(given.json()["token"])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        url = path if path.startswith("http") else f"{self.github.url}/api/v3{path}"
        every = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.session.request(method, url, json=body, headers=every, timeout=30)

    def get(self, path: str, **headers: str) -> Any:
        answer = self.ask("GET", path, **headers)
        assert answer.ok, answer.text
        return answer.json()
