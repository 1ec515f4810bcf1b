from pathlib import Path

import pytest

from bot.errors import BadSetting
from bot.settings import GitHubSettings, Settings, read_settings

_PEM = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"
_APP = {
    "MIGRATION_BOT_GITHUB_APP_ID": "12",
    "MIGRATION_BOT_GITHUB_PRIVATE_KEY": _PEM,
    "MIGRATION_BOT_WEBHOOK_SECRETS": "new, old",
}


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
        "MIGRATION_BOT_MIRROR_MB": "50",
        "MIGRATION_BOT_MIRROR_SECONDS": "9",
        "REDIS_URL": "redis://r:1/2",
        "MIGRATION_BOT_METRICS_TOKEN": "let me see\n",
        **_APP,
        "MIGRATION_BOT_GITHUB_URL": "https://git.acme.example/",
        "MIGRATION_BOT_WRITE_GAP_MS": "7",
        "MIGRATION_BOT_RESERVE": "3",
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
        mirror_mb=50,
        mirror_ms=9_000,
        redis_url="redis://r:1/2",
        metrics_token="let me see",
        github=GitHubSettings(12, _PEM, ("new", "old"), "https://git.acme.example", 7, 3),
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


def test_the_key_may_be_a_file_or_one_line(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text(_PEM)
    for key in (str(tmp_path / "app.pem"), _PEM.replace("\n", "\\n")):
        settings = read_settings({**_APP, "MIGRATION_BOT_GITHUB_PRIVATE_KEY": key})
        assert settings.github is not None
        assert settings.github.private_key == _PEM


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("WEBHOOK_SECRETS", "", "MIGRATION_BOT_WEBHOOK_SECRETS is not set, and the GitHub App needs it"),
        ("GITHUB_PRIVATE_KEY", "", "MIGRATION_BOT_GITHUB_PRIVATE_KEY is not set, and the GitHub App needs it"),
        (
            "GITHUB_PRIVATE_KEY",
            "/no/such.pem",
            "MIGRATION_BOT_GITHUB_PRIVATE_KEY: neither a PEM key nor a file to read: No such file or directory",
        ),
        (
            "GITHUB_URL",
            "github.com",
            "MIGRATION_BOT_GITHUB_URL=github.com: expected an address such as https://github.com",
        ),
    ],
)
def test_an_app_that_is_half_set_up(name: str, value: str, message: str) -> None:
    with pytest.raises(BadSetting) as error:
        read_settings({**_APP, f"MIGRATION_BOT_{name}": value})
    assert str(error.value) == message


def test_no_secret_is_printed() -> None:
    told = repr(read_settings({**_APP, "REDIS_URL": "redis://:hunter2@r/0", "MIGRATION_BOT_METRICS_TOKEN": "hunter2"}))
    assert "hunter2" not in told
    assert "PRIVATE" not in told
    assert "old" not in told


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://git.acme.example", "https://git.acme.example/api/v3"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v3"),
    ],
)
def test_where_the_api_is(url: str, api: str) -> None:
    assert GitHubSettings(1, "", (), url).api_url == api
