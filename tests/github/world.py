"""The whole stand-in, as a story is told with it: start it, let people act, ask what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Blueprint

from tests.github.acts_code import Code
from tests.github.acts_issues import Issues
from tests.github.acts_talk import Talk
from tests.github.faults import Effect, Fault, Faults, Gate, Meanwhile
from tests.github.hooks import Hooks
from tests.github.questions import Questions
from tests.github.server import Server
from tests.github.state import State, User

_APP_ID = 4711
_SLUG = "migration-bot"
_SECRET = "It's a Secret to Everybody"
_KEY_BITS = 2048
_MANIFEST = Path(__file__).parents[2] / "app.yml"


class World(Code, Talk, Issues, Questions):
    """The app is registered as app.yml has it. root: an empty folder for the repositories. port: 0 for any. pages: what
    else to serve."""

    def __init__(self, root: Path, port: int = 0, pages: Blueprint | None = None) -> None:
        self._server = Server(port, pages)
        self.url = self._server.url
        self.hooks = Hooks(_SECRET, _APP_ID, self.url.removeprefix("http://"))
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        plain = serialization.NoEncryption()
        formats = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL)
        self.private_key = self.key.private_bytes(*formats, plain).decode()
        manifest = yaml.safe_load(_MANIFEST.read_text())
        self.state = State(
            url=self.url,
            root=root,
            app_id=_APP_ID,
            slug=_SLUG,
            public_key=_public(self.key),
            owner=User(1, "migration-bot-makers", "Organization"),
            bot=User(2, f"{_SLUG}[bot]", "Bot"),
            hooks=self.hooks,
            faults=Faults(),
            permissions=manifest["default_permissions"],
            events=tuple(manifest["default_events"]),
        )
        self.state.users |= {one.login.lower(): one for one in (self.state.owner, self.state.bot)}

    def __enter__(self) -> Self:
        self._server.start(self.state)
        self.hooks.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hooks.stop()
        self._server.stop()

    @property
    def webhook_url(self) -> str | None:
        """Where the app listens; None while nobody does, and deliveries fail."""
        return self.hooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.hooks.url = url

    def app_settings(self) -> dict[str, str]:
        """The environment of the bot."""
        return {
            "MIGRATION_BOT_GITHUB_APP_ID": str(_APP_ID),
            "MIGRATION_BOT_GITHUB_PRIVATE_KEY": self.private_key,
            "MIGRATION_BOT_WEBHOOK_SECRETS": self.hooks.secret,
            "MIGRATION_BOT_GITHUB_URL": self.url,
        }

    def fail(self, method: str, path: str, effect: Effect, *, times: int = 1, after: int = 0) -> None:
        """What the next requests meet (see tests.github.faults). method: * for any. path: a pattern to search for in
        /repos/…, without /api/v3. after: how many that match go by before."""
        self.state.faults.add(Fault(method, re.compile(path), effect, times, after))

    def meanwhile(self, method: str, path: str, act: Callable[[], object], *, after: int = 0) -> None:
        """Something happens just before a request is looked at."""
        self.fail(method, path, Meanwhile(act), after=after)

    def pause(self, method: str, path: str, *, after: int = 0) -> Gate:
        """Holds the next such request until the gate is opened."""
        gate = Gate()
        self.meanwhile(method, path, gate.stand, after=after)
        return gate


def _public(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
