"""The part of the PostgreSQL protocol that runs SQL, read in bounded memory whatever the server sends.

libpq keeps every message whole: one value of 200 MB costs its caller twice that. Here rows are skipped as they arrive.
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT_BYTES = 256 << 10  # of any one message; what is longer is cut
CHUNK_BYTES = 64 << 10  # read and written at once

_PROTOCOL, _CANCEL_REQUEST = 3 << 16, (1234 << 16) + 5678
_HEADER = struct.Struct("!BI")
_ROW = b"D"[0]
_ROWS = (_ROW, b"d"[0])  # of queries, of COPY TO stdout


@dataclass(frozen=True, slots=True)
class Message:
    """kind is the protocol's letter: C command complete, E error, N notice, Z ready, G copy in …"""

    kind: str
    body: bytes


class MessageTooLong(Exception):
    """A message that had to be kept whole is longer than the reader keeps."""


class Reader:
    """Cuts the stream from the server into messages. Rows are skipped unless they are `wanted`."""

    def __init__(self, kept_bytes: int = KEPT_BYTES, *, wanted: bool = False) -> None:
        self._kept_bytes = kept_bytes
        self._wanted = wanted
        self._rest = b""
        self._skip = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes. Raises MessageTooLong for a wanted row beyond kept_bytes."""
        data = self._rest + data
        at, end, header, wanted = 0, len(data), _HEADER.unpack_from, self._wanted
        skip = self._skip
        while True:
            if skip:
                step = min(skip, end - at)
                at, skip = at + step, skip - step
            if end - at < 5 or skip:
                break
            kind, length = header(data, at)
            if not wanted and kind in _ROWS:
                skip = length + 1
                continue
            kept = min(length + 1, self._kept_bytes)
            if kept <= length and kind == _ROW:
                raise MessageTooLong
            if end - at < kept:
                break
            yield Message(chr(kind), data[at + 5 : at + kept])
            at, skip = at + kept, length + 1 - kept
        self._rest, self._skip = data[at:], skip


# ---------------------------------------------------------------- what we send


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


SYNC = _message(b"S", b"")
TERMINATE = _message(b"X", b"")
COPY_DONE = _message(b"c", b"")


def start_up(user: str, database: str) -> bytes:
    """Asks for protocol 3.0 and UTF-8."""
    words = ["user", user, "database", database, "client_encoding", "UTF8", "application_name", "migration-bot"]
    body = struct.pack("!I", _PROTOCOL) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def cancel_request(pid: int, key: int) -> bytes:
    """What a new connection sends instead of a start-up to cancel another one's statement."""
    return struct.pack("!IIII", 16, _CANCEL_REQUEST, pid, key)


def simple_query(sql: bytes) -> bytes:
    """One message, any number of statements, one implicit transaction."""
    return _message(b"Q", sql + b"\0")


def extended_query(sql: bytes, parameters: Sequence[bytes | None] = (), types: Sequence[int] = ()) -> bytes:
    """Parse, Bind, Describe, Execute, Sync: one statement; the server refuses two (42601). All values as text."""
    parse = b"\0" + sql + b"\0" + struct.pack(f"!H{len(types)}I", len(types), *types)
    values = b"".join(
        struct.pack("!i", -1) if value is None else struct.pack("!I", len(value)) + value for value in parameters
    )
    bind = b"\0\0" + struct.pack("!HH", 0, len(parameters)) + values + struct.pack("!H", 0)
    return b"".join(
        (_message(b"P", parse), _message(b"B", bind), _message(b"D", b"P\0"), _message(b"E", b"\0\0\0\0\0"), SYNC)
    )


def copy_rows(data: str) -> Iterator[bytes]:
    """The block behind COPY … FROM stdin, in bounded pieces."""
    for start in range(0, len(data), CHUNK_BYTES):
        yield _message(b"d", data[start : start + CHUNK_BYTES].encode("utf8", "replace"))


def copy_fail(reason: str) -> bytes:
    """Refuses to send what COPY … FROM stdin asks for."""
    return _message(b"f", reason.encode() + b"\0")


# ---------------------------------------------------------------- what we read


def fields(body: bytes) -> dict[str, str]:
    """The fields of an error or a notice, by their letters: S severity, C SQLSTATE, M message, P position …
    https://www.postgresql.org/docs/current/protocol-error-fields.html"""
    parts = [part.decode("utf8", "replace") for part in body.split(b"\0")]
    return {part[0]: part[1:] for part in parts if part}


def columns(body: bytes) -> tuple[int, ...]:
    """The type OIDs of a row description."""
    types, at = [], 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        at = body.index(b"\0", at) + 1
        types.append(struct.unpack_from("!I", body, at + 6)[0])
        at += 18
    return tuple(types)


def values(body: bytes) -> tuple[bytes | None, ...]:
    """The values of a row, as text."""
    found: list[bytes | None] = []
    at = 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        (length,) = struct.unpack_from("!i", body, at)
        found.append(None if length < 0 else body[at + 4 : at + 4 + length])
        at += 4 + max(length, 0)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Backend:
    """A started connection, and what cancelling it takes."""

    socket: socket.socket
    pid: int
    key: int


class Refused(Exception):
    """The server does not let us in, in its own words."""


def open_backend(path: Path, user: str, database: str, timeout_s: float) -> Backend:
    """Connects to a Unix socket of a server that trusts us. Raises OSError (also for the timeout) or Refused."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.settimeout(timeout_s)
        opened.connect(str(path))
        opened.sendall(start_up(user, database))
        reader, pid, key = Reader(), 0, 0
        while data := opened.recv(CHUNK_BYTES):
            for message in reader.feed(data):
                if message.kind == "K":
                    pid, key = struct.unpack("!II", message.body)
                elif message.kind == "E":
                    raise Refused(fields(message.body).get("M", ""))
                elif message.kind == "Z":
                    return Backend(opened, pid, key)
        raise Refused("the server closed the connection")
    except BaseException:
        opened.close()
        raise
