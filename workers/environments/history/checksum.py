"""Whether a migration's text is the one that a row of a history table was written for."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable

_LENGTH = 64
_LINE_END = re.compile(r"\r\n?|\n")


def checksum(text: str) -> str:
    """SHA-256 in hexadecimal, as Prisma and Drizzle compute it: over the decoded text as UTF-8, whatever its line
    ends."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha384(text: str) -> str:
    """In hexadecimal, as sqlx computes it."""
    return hashlib.sha384(text.encode()).hexdigest()


def sha1(text: str) -> str:
    """In hexadecimal, as Sqitch computes it of a deploy script."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def crc32(text: str) -> str:
    """Flyway's, of the lines without their ends, as a signed number of 32 bits."""
    found = zlib.crc32("".join(_LINE_END.split(text.removeprefix("\ufeff"))).encode())
    return str(found - (1 << 32) if found >> 31 else found)


def matches(text: str, stored: str) -> bool:
    """Whether it is Prisma's checksum of this text. Rows of old engines have digits missing: they wrote the bytes below
    16 without the zero (prisma-engines issue 1887)."""
    return any_line_ends(text, stored, checksum if len(stored) in (0, _LENGTH) else _unpadded)


def any_line_ends(text: str, stored: str, form: Callable[[str], str]) -> bool:
    """Whatever git makes of line ends is the same text."""
    return stored == form(text) or stored in (
        form(text.replace("\r\n", "\n")),
        form(text.replace("\n", "\r\n")),
    )


def _unpadded(text: str) -> str:
    return "".join(f"{byte:x}" for byte in hashlib.sha256(text.encode()).digest())
