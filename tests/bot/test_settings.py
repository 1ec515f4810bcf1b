from pathlib import Path

import pytest

from bot.errors import BadSetting
from bot.settings import Settings, read_settings


def test_nothing_set() -> None:
    assert read_settings({"PATH": "/bin"}) == Settings()


def test_everything_set() -> None:
    environment = {
        "MIGRATION_BOT_CACHE": "/c",
        "MIGRATION_BOT_SANDBOX_REQUIRE": "landlock",
        "MIGRATION_BOT_POSTGRES": "/p/bin",
        "MIGRATION_BOT_STATEMENT_SECONDS": "5",
        "MIGRATION_BOT_TOTAL_SECONDS": "60",
        "MIGRATION_BOT_MEMORY_MB": "512",
        "MIGRATION_BOT_DISK_MB": "256",
        "MIGRATION_BOT_SNAPSHOTS_MB": "100",
    }
    assert read_settings(environment) == Settings(
        cache=Path("/c"),
        sandbox_require="landlock",
        postgres=Path("/p/bin"),
        statement_ms=5_000,
        total_ms=60_000,
        memory_mb=512,
        disk_mb=256,
        snapshots_mb=100,
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DISK_MB", "lots", "MIGRATION_BOT_DISK_MB=lots: expected a whole number from 1"),
        ("DISK_MB", "0", "MIGRATION_BOT_DISK_MB=0: expected a whole number from 1"),
        ("DISK_MB", "-5", "MIGRATION_BOT_DISK_MB=-5: expected a whole number from 1"),
        (
            "SANDBOX_REQUIRE",
            "docker",
            "MIGRATION_BOT_SANDBOX_REQUIRE=docker: expected one of bubblewrap, landlock, rlimits",
        ),
    ],
)
def test_what_cannot_be_meant(name: str, value: str, message: str) -> None:
    with pytest.raises(BadSetting) as error:
        read_settings({f"MIGRATION_BOT_{name}": value})
    assert str(error.value) == message
