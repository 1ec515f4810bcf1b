"""The bot's own settings, from environment variables; built at entry points, never at import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import BadSetting


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """The App as it is registered. private_key: PEM. webhook_secrets: each is good, so that one can be replaced while
    deliveries signed with the old one are on their way. url: what a browser opens. write_gap_ms: between two writes of
    an installation, https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api. reserve:
    requests of an hour that only people's commands may use."""

    app_id: int
    private_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    url: str = "https://github.com"
    write_gap_ms: int = 1000
    reserve: int = 500

    @property
    def api_url(self) -> str:
        """Where the REST API is: github.com, a data-residency host of ghe.com, or an enterprise server
        (https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/about-github-enterprise-cloud-with-data-residency).
        """
        parts = urlsplit(self.url)
        if parts.hostname == "github.com" or (parts.hostname or "").endswith(".ghe.com"):
            return f"{parts.scheme}://api.{parts.netloc}"
        return f"{self.url}/api/v3"


@dataclass(frozen=True, slots=True)
class Settings:
    """cache: where templates and snapshots are kept, None for the default of the machine. sandbox_require: the weakest
    tier that will do: bubblewrap, landlock or rlimits. postgres: a folder of server binaries to consider as well.
    statement_ms, total_ms: how long one statement and a whole review may take. memory_mb, disk_mb: of the server.
    snapshots_mb: the size that kept histories may reach together. mirror_mb, mirror_ms: the size of one repository's
    mirror, and how long one fetch may take. environments: the file that says where migrations may go, None for nowhere.
    metrics_token: who sends it may read the metrics, "" for nobody. github: None where the App is not set up, as on the
    command line."""

    cache: Path | None = None
    sandbox_require: str = "rlimits"
    postgres: Path | None = None
    statement_ms: int = 30_000
    total_ms: int = 600_000
    memory_mb: int = 1024
    disk_mb: int = 2048
    snapshots_mb: int = 2048
    mirror_mb: int = 2048
    mirror_ms: int = 120_000
    environments: Path | None = None
    redis_url: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    metrics_token: str = field(default="", repr=False)
    github: GitHubSettings | None = None


_TIERS = ("bubblewrap", "landlock", "rlimits")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """From MIGRATION_BOT_* variables. Raises BadSetting, which names the variable and its value."""
    default = Settings()
    return Settings(
        cache=_path(environment, "CACHE"),
        sandbox_require=_one_of(environment, "SANDBOX_REQUIRE", _TIERS, default.sandbox_require),
        postgres=_path(environment, "POSTGRES"),
        statement_ms=1000 * _number(environment, "STATEMENT_SECONDS", default.statement_ms // 1000),
        total_ms=1000 * _number(environment, "TOTAL_SECONDS", default.total_ms // 1000),
        memory_mb=_number(environment, "MEMORY_MB", default.memory_mb),
        disk_mb=_number(environment, "DISK_MB", default.disk_mb),
        snapshots_mb=_number(environment, "SNAPSHOTS_MB", default.snapshots_mb),
        mirror_mb=_number(environment, "MIRROR_MB", default.mirror_mb),
        mirror_ms=1000 * _number(environment, "MIRROR_SECONDS", default.mirror_ms // 1000),
        environments=_path(environment, "ENVIRONMENTS"),
        redis_url=environment.get("REDIS_URL") or default.redis_url,
        metrics_token=environment.get(_PREFIX + "METRICS_TOKEN", "").strip(),
        github=_github(environment),
    )


def _github(environment: Mapping[str, str]) -> GitHubSettings | None:
    """All of it, or nothing."""
    if not environment.get(_PREFIX + "GITHUB_APP_ID"):
        return None
    default = GitHubSettings(0, "", ())
    return GitHubSettings(
        app_id=_number(environment, "GITHUB_APP_ID", 0),
        private_key=_key(_required(environment, "GITHUB_PRIVATE_KEY")),
        webhook_secrets=_words(_required(environment, "WEBHOOK_SECRETS")),
        url=_url(environment, "GITHUB_URL", default.url),
        write_gap_ms=_number(environment, "WRITE_GAP_MS", default.write_gap_ms),
        reserve=_number(environment, "RESERVE", default.reserve),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(_PREFIX + name, "").strip()
    if not value:
        raise BadSetting(f"{_PREFIX}{name} is not set, and the GitHub App needs it")
    return value


def _key(value: str) -> str:
    """The PEM text itself, or of the file that is named; a platform may have made one line of it."""
    if "-----BEGIN" in value:
        return value.replace("\\n", "\n")
    try:
        text = Path(value).expanduser().read_text("ascii", "replace")
    except OSError as error:
        raise BadSetting(
            f"{_PREFIX}GITHUB_PRIVATE_KEY: neither a PEM key nor a file to read: {error.strerror}"
        ) from None
    if "-----BEGIN" not in text:
        raise BadSetting(f"{_PREFIX}GITHUB_PRIVATE_KEY: {value} holds no PEM key")
    return text


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _url(environment: Mapping[str, str], name: str, default: str) -> str:
    value = (environment.get(_PREFIX + name) or default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadSetting(f"{_PREFIX}{name}={value}: expected an address such as https://github.com")
    return value


_PREFIX = "MIGRATION_BOT_"


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(_PREFIX + name)
    return Path(value).expanduser() if value else None


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(_PREFIX + name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) < 1:
        raise BadSetting(f"{_PREFIX}{name}={value}: expected a whole number from 1")
    return int(value)


def _one_of(environment: Mapping[str, str], name: str, words: tuple[str, ...], default: str) -> str:
    value = environment.get(_PREFIX + name) or default
    if value not in words:
        raise BadSetting(f"{_PREFIX}{name}={value}: expected one of {', '.join(words)}")
    return value
