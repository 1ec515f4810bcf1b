"""The App on GitHub, and one repository of it as its installation sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from redis import Redis

from bot.github.etags import Etags
from bot.github.limits import Limits
from bot.github.reading import Text, at, read
from bot.github.rest import Rest
from bot.github.tokens import AppCredentials, InstallationCredentials, Scope, Tokens, installation_of, signing_key
from bot.github.transport import Transport
from bot.github.vault import Vault
from bot.model import Repo
from bot.settings import GitHubSettings


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of GitHub's to deliver an event. Attempts at one event share the GUID."""

    id: int
    guid: str
    delivered_at: datetime
    status: str
    event: str
    action: Text = ""

    @property
    def arrived(self) -> bool:
        """Not by status_code: a connection that failed may have none of 400 to 599."""
        return self.status == "OK"


class App:
    """One for a process, which keeps its connections. redis: what all processes know of limits, tokens and replies.
    pauses_s: before each new try of a read that failed. Raises, in all methods, what Rest raises."""

    def __init__(self, settings: GitHubSettings, redis: Redis, pauses_s: Sequence[float] = (0.5, 2)) -> None:
        self.id = settings.app_id
        limits = Limits(redis, settings.write_gap_ms, settings.reserve)
        signing_key(settings.private_key)  # says what is wrong with it now, and is there for all jobs of the worker
        vault = Vault(redis, settings.private_key)
        self._transport = Transport(settings.api_url, limits, Etags(vault), pauses_s)
        self._rest = Rest(self._transport, AppCredentials(settings.app_id, settings.private_key))
        self._tokens = Tokens(self._rest, vault)
        self._slug = ""

    def client(self, repo: Repo, urgent: bool = False) -> Client:
        """One repository. urgent: a person waits for it, so it may use the requests kept for that."""
        credentials = InstallationCredentials(self._tokens, Scope(repo.installation, repo), urgent)
        return Client(self, self._transport, credentials, repo)

    def installations(self) -> tuple[int, ...]:
        """Those that are not suspended and let us write checks; without that, no work could come to its end."""
        found = (read(_Installation, told, "installation") for told in self._rest.pages("/app/installations"))
        return tuple(one.id for one in found if one.suspended_at is None and one.checks == "write")

    def clients(
        self, installation: int, changed: bool = False, also: Callable[[Repo], bool] = lambda _: False
    ) -> tuple[Client, ...]:
        """For looking at the pull requests of an installation's repositories, all with one token: the repositories
        where anything is open, but for archived ones, where nothing can be written. changed: the installation has
        others now, which a token from before may not show. also: which ones are wanted where nothing is open, too."""
        credentials = InstallationCredentials(self._tokens, Scope(installation, None), urgent=False)
        if changed:
            credentials.renew(credentials.bearer())
        told = Rest(self._transport, credentials).pages("/installation/repositories", "repositories")
        found = (read(_Repository, one, "repository") for one in told)
        repos = ((Repo(one.id, one.full_name, installation), one.open_issues) for one in found if not one.archived)
        wanted = (repo for repo, opened in repos if opened or also(repo))
        return tuple(Client(self, self._transport, credentials, repo) for repo in wanted)

    def deliveries(self, since: datetime) -> Iterator[Attempt]:
        """The attempts at delivering since a moment, the newest first."""
        for told in self._rest.pages("/app/hook/deliveries"):
            attempt = read(Attempt, told, "delivery")
            if attempt.delivered_at < since:
                return
            yield attempt

    def redeliver(self, attempt: int) -> None:
        """Asks for an event again; it comes with the GUID it had."""
        self._rest.post(f"/app/hook/deliveries/{attempt}/attempts")

    def slug(self) -> str:
        """The App's name in addresses; its login is this with [bot] behind it."""
        if not self._slug:
            self._slug = read(_Slug, self._rest.get("/app"), "GET /app").slug
        return self._slug

    def installation_of(self, repo: Repo) -> int:
        """The installation that has a repository now. Raises NotFound where there is none."""
        return installation_of(self._rest, repo)


class Client(Rest):
    """Paths are below the repository's own, or start with a slash."""

    def __init__(self, app: App, transport: Transport, credentials: InstallationCredentials, repo: Repo) -> None:
        super().__init__(transport, credentials, f"/repos/{repo.name}")
        self.app, self.repo = app, repo
        self._installation = credentials

    @property
    def app_id(self) -> int:
        return self.app.id

    def token(self) -> str:
        """For git; good for five minutes at least."""
        return self._installation.bearer().token


@dataclass(frozen=True, slots=True)
class _Installation:
    """checks: read, write or nothing."""

    id: int
    suspended_at: datetime | None = None
    checks: Annotated[str, at("permissions", "checks")] = ""


@dataclass(frozen=True, slots=True)
class _Repository:
    """open_issues: how many; GitHub counts open pull requests among them."""

    id: int
    full_name: str
    archived: bool = False
    open_issues: Annotated[int, at("open_issues_count")] = 1


@dataclass(frozen=True, slots=True)
class _Slug:
    slug: str
