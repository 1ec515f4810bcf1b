"""What GitHub gave to one job and the next can use: in Redis, where only the App's own key opens it."""

from __future__ import annotations

import base64
import hashlib
import zlib

import redis
from cryptography.fernet import Fernet, InvalidToken

from bot.store import PREFIX, reaching

_LIMIT_BYTES = 512 << 10  # of one sealed value; a longer one is asked of GitHub again
_SALT = b"migration-bot vault 1:"


class Vault:
    """Each job is a process of its own, and what it keeps to itself is gone with it. private_key: the App's. Raises
    Retryable, in every method, when Redis cannot be reached."""

    def __init__(self, connection: redis.Redis, private_key: str) -> None:
        digest = hashlib.sha256(_SALT + private_key.encode()).digest()
        self._redis, self._seal = connection, Fernet(base64.urlsafe_b64encode(digest))

    def find(self, name: str) -> bytes | None:
        """What is kept under a name. None as well for what another key has sealed."""
        with reaching():
            sealed = self._redis.get(_key(name))
        try:
            return zlib.decompress(self._seal.decrypt(sealed)) if isinstance(sealed, bytes) else None
        except InvalidToken:
            return None

    def keep(self, name: str, value: bytes, lasts_s: int) -> None:
        """Keeps a value for so many seconds, in the place of the one before."""
        sealed = self._seal.encrypt(zlib.compress(value))
        if len(sealed) > _LIMIT_BYTES or lasts_s < 1:
            self.drop(name)
            return
        with reaching():
            self._redis.set(_key(name), sealed, ex=lasts_s)

    def drop(self, name: str) -> None:
        """Forgets it."""
        with reaching():
            self._redis.delete(_key(name))


def _key(name: str) -> str:
    """A name may hold what nobody is to read in Redis."""
    return f"{PREFIX}vault:{hashlib.sha256(name.encode()).hexdigest()}"
