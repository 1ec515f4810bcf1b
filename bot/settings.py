"""The bot's own settings, from environment variables; built at entry points, never at import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Settings:
    """cache: where templates and snapshots are kept, None for the default of the machine. sandbox_require: the weakest
    tier that will do: bubblewrap, landlock or rlimits. postgres: a folder of server binaries to consider as well.
    statement_ms, total_ms: how long one statement and a whole review may take. memory_mb, disk_mb: of the server.
    snapshots_mb: the size that kept histories may reach together."""

    cache: Path | None = None
    sandbox_require: str = "rlimits"
    postgres: Path | None = None
    statement_ms: int = 30_000
    total_ms: int = 600_000
    memory_mb: int = 1024
    disk_mb: int = 2048
    snapshots_mb: int = 2048


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
    )


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
