"""Log lines: one line each, key=value, and nothing in them that looks like a secret."""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import re
import time
from collections.abc import Iterator

_GONE = "[secret]"
_PLAIN = re.compile(r"[\w.:/@+-]+", re.ASCII)
# Tokens have no fixed length: those of installations become ghs_APPID_JWT, with dots in them
# (https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app).
_SECRETS = (
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL), _GONE),
    (re.compile(r"\b(?:gh[a-z]_|github_pat_)[\w.-]+", re.ASCII), _GONE),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII), _GONE),
    (re.compile(r"(\bauthorization\b[\"']*\s*[:=,]\s*[\"']*)(?:\w+ +)?[^\s\"',]+", re.IGNORECASE), rf"\1{_GONE}"),
    (re.compile(r"\b(basic|bearer|token)( +)[\w.~+/=-]{16,}", re.IGNORECASE | re.ASCII), rf"\1\2{_GONE}"),
    # What a person typed as a password may have any sign in it, up to the last @.
    (
        re.compile(r"(\b(?:postgres|postgresql|prisma(?:\+postgres)?|rediss?)://)[^\s\"']*@", re.IGNORECASE),
        rf"\1{_GONE}@",
    ),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@\"']*@", re.IGNORECASE), rf"\1{_GONE}@"),
    (re.compile(r"((?:password|passwd|api_?key|secret_access_key)=[\"']?)[^\s\"',;&]+", re.IGNORECASE), rf"\1{_GONE}"),
    (re.compile(r"\b(?:napi_\w+|AKIA[0-9A-Z]{16})\b", re.ASCII), _GONE),
)
# What the lines of this job are about.
_WORK: contextvars.ContextVar[str] = contextvars.ContextVar("work", default="")


def line(what: str, **fields: str | float | None) -> str:
    """What happened, and with what; a field of None is left out."""
    return " ".join((what, *(f"{name}={_value(value)}" for name, value in fields.items() if value is not None)))


def scrub(text: str) -> str:
    """Without anything that looks like a token, a key, an Authorization header or a password in an address."""
    for form, instead in _SECRETS:
        text = form.sub(instead, text)
    return text


@contextlib.contextmanager
def about(work: str) -> Iterator[None]:
    """Each line that this thread logs in the block says which work it is about: its key in the queue."""
    before = _WORK.set(work)
    try:
        yield
    finally:
        _WORK.reset(before)


class OneLine(logging.Formatter):
    """The time in UTC, the level, the logger, the work and the message; of an error its traceback, as one quoted
    value."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        at = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{record.msecs:03.0f}Z"
        work = f" work={_value(_WORK.get())}" if _WORK.get() else ""
        text = f"{at} {record.levelname.lower()} {record.name}{work} {record.getMessage()}"
        if record.exc_info:
            text = line(text, error=scrub(self.formatException(record.exc_info)))
        return scrub(text).replace("\r", "\\r").replace("\n", "\\n")


def configure(level: int = logging.INFO) -> None:
    """For entry points: everything that is logged in this process goes to stderr, in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _value(value: str | float) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
