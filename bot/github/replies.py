"""What GitHub answered, and which error of ours a refusal is; no token and no payload gets into its sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from requests.utils import parse_header_links

from bot.errors import Conflict, Forbidden, NotFound, Permanent, Retryable

_REFUSALS: Mapping[int, type[Permanent]] = {
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    422: Conflict,
}
_MESSAGE_CHARS = 200
# Stateless tokens are long and have dots (POST /app/installations/{installation_id}/access_tokens); ey… is a JWT.
_TOKEN = re.compile(r"\b(?:gh[a-z]_|github_pat_|ey[A-Za-z0-9_-]+\.)[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """what: method and path of the request, for messages. headers: names in lower case."""

    what: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The parsed body; None when there is none. Raises Retryable for half an answer."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            pass
        raise Retryable(f"{self.what}: {self.status}, and a body that is not JSON")

    def next_url(self) -> str:
        """Of the page that follows, "" when none does."""
        links = parse_header_links(self.headers.get("link", ""))
        return next((link["url"] for link in links if link.get("rel") == "next"), "")

    def message(self) -> str:
        """GitHub's own words in one short line."""
        try:
            told = json.loads(self.body)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            return ""
        errors = told.get("errors")
        parts = (told.get("message"), *map(_detail, errors if isinstance(errors, list) else (errors,)))
        line = " ".join(" · ".join(str(part) for part in parts if part).split())
        return _TOKEN.sub("[token]", line)[:_MESSAGE_CHARS]


def checked(reply: Reply) -> Reply:
    """The reply itself. Raises the error of ours that a refusal is: its type says whether waiting helps."""
    if reply.status < 400:
        return reply
    told = f"{reply.what}: {reply.status} {reply.message()}".rstrip()
    if reply.status >= 500 or reply.status == 408:
        raise Retryable(told)
    raise _REFUSALS.get(reply.status, Permanent)(told + _missing(reply))


def lacks_permission(reply: Reply) -> bool:
    """Whether the token has no permission for this; one made later may have it."""
    return reply.status == 403 and reply.message().startswith("Resource not accessible")


def _missing(reply: Reply) -> str:
    """The permission that would help; GitHub names every set of them that would do
    (https://github.blog/changelog/2023-08-10-x-accepted-github-permissions-header-for-fine-grained-permission-actors).
    """
    if not lacks_permission(reply):
        return ""
    sets = reply.headers.get("x-accepted-github-permissions", "").split(";")
    wanted = " or ".join(one.strip() for one in sets if one.strip())
    return f"; the App needs the permission {wanted or 'for this'}, and the installation's owner has to accept it"


def _detail(error: object) -> str:
    """One entry of `errors`: a text, or an object whose `value` would repeat what we sent."""
    if not isinstance(error, dict):
        return str(error or "")
    return str(error.get("message") or " ".join(str(error[key]) for key in ("field", "code") if error.get(key)))
