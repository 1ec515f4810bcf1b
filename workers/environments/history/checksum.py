"""Whether a migration's text is the one that a row of Prisma's history table was written for."""

from __future__ import annotations

import hashlib

_LENGTH = 64


def checksum(text: str) -> str:
    """SHA-256 in hexadecimal, as Prisma computes it: over the decoded text as UTF-8, whatever its line ends."""
    return hashlib.sha256(text.encode()).hexdigest()


def matches(text: str, stored: str) -> bool:
    """Whatever git makes of line ends is the same text. Rows of old engines have digits missing: they wrote the bytes
    below 16 without the zero (prisma-engines issue 1887)."""
    form = checksum if len(stored) in (0, _LENGTH) else _unpadded
    return stored in (form(text), form(text.replace("\r\n", "\n")), form(text.replace("\n", "\r\n")))


def _unpadded(text: str) -> str:
    return "".join(f"{byte:x}" for byte in hashlib.sha256(text.encode()).digest())
