"""Sends a request to GitHub within its limits: connections kept, redirects on one host, and no write sent twice."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from bot.errors import Permanent, RateLimited, Retryable
from bot.github.etags import Etags
from bot.github.limits import Limits
from bot.github.replies import Reply

_HEADERS = {
    "Accept": "application/vnd.github+json",
    "User-Agent": "migration-bot",  # GitHub refuses requests without one
    # The newest that enterprise servers know as well; github.com serves it until 2028-03 at least
    # (https://github.blog/changelog/2026-03-12-rest-api-version-2026-03-10-is-now-available).
    "X-GitHub-Api-Version": "2022-11-28",
}
_TIMEOUTS_S = (5, 30)  # to connect; between two bytes
_MOVED = (301, 302, 307, 308)
_MOST_MOVES = 3


@dataclass(frozen=True, slots=True)
class Request:
    """url: below the API's address, or whole as GitHub gave it. write: changes something, so that it waits for its
    turn and is not sent again when its reply is lost."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    json: object = field(default=None, repr=False)
    write: bool = False
    etag: str = ""

    @property
    def what(self) -> str:
        """For messages: without the query, which may hold what was asked for."""
        return f"{self.method} {urlsplit(self.url).path}"


@dataclass(frozen=True, slots=True)
class Bearer(AuthBase):
    """Who asks: a token, and whose limits it counts for. As requests' own `auth` it also keeps ~/.netrc out."""

    token: str = field(repr=False)
    installation: int
    urgent: bool

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Transport:
    """One for a process. pauses_s: before each new try of a read that failed on the way or with a 5xx."""

    def __init__(self, api_url: str, limits: Limits, etags: Etags, pauses_s: Sequence[float] = (0.5, 2)) -> None:
        self._api_url, self._limits, self._etags, self._pauses_s = api_url, limits, etags, tuple(pauses_s)

    def send(self, request: Request, bearer: Bearer) -> Reply:
        """GitHub's reply, below 500. Raises RateLimited, also without sending; Retryable when there is no reply, and
        then a write may have been done or not; Permanent when GitHub sends us elsewhere."""
        for pause_s in () if request.write else self._pauses_s:
            try:
                return self._try(request, bearer)
            except RateLimited:
                raise
            except Retryable:
                time.sleep(pause_s)
        return self._try(request, bearer)

    def _try(self, request: Request, bearer: Bearer) -> Reply:
        self._limits.admit(bearer.installation, write=request.write, urgent=bearer.urgent)
        key = (bearer.token, request.url, *map(str, request.params))
        kept = self._etags.find(key) if request.method == "GET" else None
        try:
            reply = self._exchange(replace(request, etag=kept.headers["etag"] if kept else ""), bearer)
        except Retryable:
            self._limits.miss(bearer.installation)
            raise
        self._limits.learn(bearer.installation, reply)
        if reply.status >= 500:
            raise Retryable(f"{reply.what}: {reply.status} {reply.message()}".rstrip())
        if kept and reply.status == 304:
            return kept
        if request.method == "GET" and reply.status == 200:
            self._etags.keep(key, reply)
        return reply

    def _exchange(self, request: Request, bearer: Bearer) -> Reply:
        """Follows a rename with the same method and body, which requests itself would not do for a POST
        (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects)."""
        request = replace(request, url=self._inside(request.url, request))
        for _ in range(_MOST_MOVES + 1):
            response = _request(request, bearer)
            if response.status_code not in _MOVED:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Reply(request.what, response.status_code, headers, response.content)
            url = self._inside(urljoin(request.url, response.headers.get("Location", "")), request)
            request = replace(request, url=url, params=() if urlsplit(url).query else request.params)
        raise Permanent(f"{request.what}: redirected more than {_MOST_MOVES} times")

    def _inside(self, url: str, request: Request) -> str:
        """A whole address, which is GitHub's: the token goes nowhere else."""
        whole = self._api_url + url if url.startswith("/") else url
        if not whole.lower().startswith(self._api_url.lower() + "/"):
            raise Permanent(f"{request.what}: GitHub sends us to {urlsplit(whole).netloc}")
        return whole


def _request(request: Request, bearer: Bearer) -> requests.Response:
    try:
        return _session(os.getpid()).request(
            request.method,
            request.url,
            params=request.params,
            json=request.json,
            auth=bearer,
            headers={"If-None-Match": request.etag} if request.etag else {},
            timeout=_TIMEOUTS_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        done = ", so it may have been done or not" if request.write else ""
        told = f"{request.what}: no reply ({type(error).__name__}){done}"
    raise Retryable(told)


@functools.lru_cache(maxsize=1)
def _session(_process: int) -> requests.Session:
    """One for each process: a connection that two processes share after a fork mixes up their replies."""
    session = requests.Session()
    session.headers.update(_HEADERS)
    adapter = HTTPAdapter(pool_maxsize=10)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
