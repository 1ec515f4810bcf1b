"""The values of the environments' file: what each may be, said in words that hold none of it."""

from __future__ import annotations

import re
from datetime import datetime, time
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from workers.environments.address import read_url
from workers.environments.poolers import is_local
from workers.environments.windows import DAYS
from workers.errors import InputError

LONGEST_S = 7 * 86_400
_LAST_YEAR = 2999


def readable_url(value: str) -> str:
    """A database's. Raises ValueError, as all here, for pydantic."""
    try:
        read_url(value)
    except InputError as error:
        raise ValueError(f"is not understood: {error}") from None
    return value


def folder(value: str) -> str:
    """A path from the repository's root, as git spells it."""
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("should be a folder inside the repository")
    return "" if str(path) == "." else str(path)


def days(value: object) -> tuple[int, ...]:
    """Mon-Thu, or ["Mon", "Wed-Fri"]; 0 for Monday."""
    words = value if isinstance(value, list) else [value]
    found = {day for word in words for day in _span(word)}
    if not found:
        raise ValueError(_NO_DAYS)
    return tuple(sorted(found))


_NO_DAYS = 'should be days such as "Mon-Thu" or ["Mon", "Wed"]'


def _span(word: object) -> tuple[int, ...]:
    """Of Mon, or of Mon-Thu; Sat-Mon goes over the week's end."""
    first, _, last = word.partition("-") if isinstance(word, str) else ("", "", "")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(_NO_DAYS)
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return tuple((begin + more) % 7 for more in range((end - begin) % 7 + 1))


def clock(value: object) -> time:
    """09:00, as a text or as TOML's own time."""
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError('should be a time of the day such as "09:00"')
    return time.fromisoformat(value)


def known_zone(value: str) -> str:
    """An IANA name."""
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the database, out of the database
        raise ValueError('should be a zone of the IANA database such as "Europe/Paris"') from None
    return value


def in_this_age(value: datetime) -> datetime:
    """With years left to count on with."""
    if value.year > _LAST_YEAR:
        raise ValueError(f"should be before the year {_LAST_YEAR + 1}")
    return value


def place(value: str) -> str:
    """Of dumps."""
    if not value.startswith("s3://") and not Path(value).is_absolute():
        raise ValueError("should be a folder's whole path, or s3://BUCKET/PREFIX")
    return value


def api_address(value: str) -> str:
    """Without a slash at its end. A key that goes out unencrypted is no secret."""
    parts = urlsplit(value)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local(parts.hostname or "")):
        raise ValueError("should be an https:// address")
    return value.rstrip("/")


def ms(seconds: float) -> int:
    """Whole ones."""
    return round(1000 * seconds)
