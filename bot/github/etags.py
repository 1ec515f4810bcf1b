"""Keeps replies that GitHub may confirm with 304, which costs nothing of the hourly limit."""

from __future__ import annotations

import json

from bot.github.replies import Reply
from bot.github.vault import Vault

_LASTS_S = 3600  # as long as the token that a reply was given to
_HEADERS = ("etag", "link")


class Etags:
    """Replies by what was asked, and with which token: GitHub makes a new ETag for each token
    (https://github.com/eclipse-csi/otterdog/issues/201)."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def find(self, asked: tuple[str, ...]) -> Reply | None:
        """asked: starts with the token."""
        found = self._vault.find(_name(asked))
        return Reply(**{**told, "body": told["body"].encode()}) if found and (told := json.loads(found)) else None

    def keep(self, asked: tuple[str, ...], reply: Reply) -> None:
        """Keeps a reply that has an ETag, and forgets the one before."""
        if "etag" not in reply.headers:
            self._vault.drop(_name(asked))
            return
        headers = {name: reply.headers[name] for name in _HEADERS if name in reply.headers}
        told = {"what": reply.what, "status": reply.status, "headers": headers, "body": reply.body.decode()}
        self._vault.keep(_name(asked), json.dumps(told).encode(), _LASTS_S)


def _name(asked: tuple[str, ...]) -> str:
    return json.dumps(("reply", *asked))
