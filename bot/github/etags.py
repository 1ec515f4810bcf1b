"""Keeps replies that GitHub may confirm with 304, which costs nothing of the hourly limit."""

from __future__ import annotations

import threading
from collections import OrderedDict

from bot.github.replies import Reply

Key = tuple[str, ...]


class Etags:
    """Least recently used go first. In the process, as its tokens are: GitHub makes a new ETag for each token
    (https://github.com/eclipse-csi/otterdog/issues/201), so no other process could use these."""

    def __init__(self, limit_bytes: int = 16 << 20) -> None:
        self._limit_bytes, self._bytes = limit_bytes, 0
        self._replies: OrderedDict[Key, Reply] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Key) -> Reply | None:
        """The reply kept under a key, which starts with the token it was given to."""
        with self._lock:
            if key in self._replies:
                self._replies.move_to_end(key)
            return self._replies.get(key)

    def keep(self, key: Key, reply: Reply) -> None:
        """Keeps a reply that has an ETag and leaves room for others."""
        with self._lock:
            self._drop(self._replies.pop(key, None))
            if "etag" not in reply.headers or len(reply.body) > self._limit_bytes // 8:
                return
            self._replies[key] = reply
            self._bytes += len(reply.body)
            while self._bytes > self._limit_bytes:
                self._drop(self._replies.popitem(last=False)[1])

    def _drop(self, reply: Reply | None) -> None:
        self._bytes -= len(reply.body) if reply else 0
