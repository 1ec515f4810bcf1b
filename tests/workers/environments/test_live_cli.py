"""`migration-bot drift` on a real repository and a real database: exit codes, formats, one sentence for bad input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import pytest

from tests.live_server import OWNER, PASSWORD, live_server
from tests.pgbouncer import running_pgbouncer
from tests.redis_server import free_port
from tests.repositories import Repo, plain
from tests.workers.environments.live_shop import BASE, SECOND, Shop, Shops
from tests.workers.environments.staging import machine
from workers.cli import CLEAN, FOUND, NOT_ANALYSED, WRONG_INPUT, run

SECRET = "p@ss/wörd?100%"  # with all that a URL writes otherwise


@pytest.fixture(scope="module")
def shops(cache: Path) -> Iterator[Shops]:
    with live_server() as server:
        yield Shops(server, cache)


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    """Tests only read it."""
    return shops.open()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path / "repo")
    repo.commit(plain(_1_base=BASE, _2_email=SECOND.text))
    return repo


class Drift(Protocol):
    def __call__(self, *arguments: str) -> tuple[int, str, str]: ...


@pytest.fixture
def drift(repo: Repo, cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Drift:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["drift", *arguments, "--repo", str(repo.folder)], lambda: machine(cache))
        out, err = capsys.readouterr()
        for secret in (PASSWORD, SECRET, quote(SECRET), quote(SECRET, safe="")):
            assert secret not in out + err
        assert "Traceback" not in out + err
        return code, out, err

    return call


def test_clean(shop: Shop, drift: Drift, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = drift(shop.url)
    assert (code, err) == (CLEAN, "")
    assert "The database is what its migrations build.\n" in out
    monkeypatch.setenv("DATABASE_URL", shop.url)
    assert drift("--format", "json")[0] == CLEAN


def test_drift(shops: Shops, repo: Repo, drift: Drift) -> None:
    shop = shops.open()
    shop.run("DROP INDEX orders_total")
    before = repo.git("rev-parse", "HEAD")
    repo.commit({".github/migrations.yml": "drift: {ignore: [orders_*]}\n"})
    assert drift(shop.url)[0] == CLEAN
    code, out, _ = drift(shop.url, "--rev", before, "--path", "migrations", "--format", "json")
    told = json.loads(out)
    assert (code, told["clean"], told["commit"]) == (FOUND, False, before)
    assert [(gap["gap"], gap["object"]) for gap in told["gaps"]] == [("missing", "index public.orders_total")]
    assert told["to_migrations"]["sql"] == ["CREATE INDEX orders_total ON public.orders USING btree (total);"]
    code, out, _ = drift(shop.url, "--rev", before, "--format", "markdown")
    assert (code, "<code>index public.orders_total</code> | missing" in out) == (FOUND, True)


@pytest.mark.campaign
def test_a_history_that_is_not_in_order(shops: Shops, drift: Drift) -> None:
    shop = shops.open()
    shop.record(SECOND.__class__("2_gone", "", "SELECT 1", SECOND.transaction))
    code, out, _ = drift(shop.url)
    assert (code, "1 migration missing: applied there, and there is no such file: 2_gone" in out) == (FOUND, True)


# ---------------------------------------------------------------- bad input


def test_no_database_is_named(drift: Drift) -> None:
    code, _, err = drift()
    assert (code, err) == (
        WRONG_INPUT,
        "migration-bot: name the database: migration-bot drift URL, or DATABASE_URL in the environment\n",
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (f"mysql://shop:{SECRET}@db/shop", "the URL of the database cannot be read"),
        (f"postgresql://shop:{SECRET}@db.example.com/shop", "the URL of the database cannot be read"),
        (SECRET, "the URL of the database cannot be read"),
        (f"postgresql://shop:{quote(SECRET, safe='')}@db.example.com", "names no database"),
        (f"postgresql://shop:{quote(SECRET, safe='')}@db/shop?pgbouncer=true", "a pooler stands before the server"),
        (f"prisma://accelerate.prisma-data.net/?api_key={quote(SECRET, safe='')}", "is Prisma Accelerate"),
    ],
)
def test_a_url_that_is_none_of_a_server(drift: Drift, url: str, sentence: str) -> None:
    code, out, err = drift(url)
    assert (code, out, err.count("\n"), sentence in err) == (WRONG_INPUT, "", 1, True)


def test_a_server_that_does_not_let_us_in(shop: Shop, drift: Drift) -> None:
    where = f"127.0.0.1:{shop.server.port}"
    encoded = quote(SECRET, safe="")
    for url, sentence in (
        (f"postgresql://{OWNER}:{encoded}@127.0.0.1:{free_port()}/shop", "Connection refused"),
        (f"postgresql://{OWNER}:{encoded}@{where}/shop_1", "password authentication failed"),
        (f"postgresql://{OWNER}:{PASSWORD}@{where}/nowhere", 'database "nowhere" does not exist'),
        (f"postgresql://{OWNER}:{PASSWORD}@nowhere.invalid/shop", "cannot be reached"),
    ):
        code, out, err = drift(url)
        assert (code, out, err.count("\n"), sentence in err) == (NOT_ANALYSED, "", 1, True)


@pytest.mark.campaign
def test_a_pooler_in_transaction_mode(shop: Shop, drift: Drift) -> None:
    with running_pgbouncer(shop.server, "transaction") as port:
        code, out, err = drift(shop.url.replace(str(shop.server.port), str(port)))
    assert (code, out, "a pooler stands before the server" in err) == (WRONG_INPUT, "", True)


@pytest.mark.campaign
def test_a_history_table_that_is_not_to_be_read(shops: Shops, drift: Drift) -> None:
    shop = shops.open()
    clerk = shop.called("clerk")
    code, out, err = drift(clerk)
    assert (code in (WRONG_INPUT, NOT_ANALYSED), out, err.count("\n")) == (True, "", 1)
    assert "migration_bot_history" in err
    shop.run("ALTER TABLE migration_bot_history RENAME checksum TO digest")
    code, out, err = drift(shop.url)
    assert (code in (WRONG_INPUT, NOT_ANALYSED), out, err.count("\n")) == (True, "", 1)
    assert "checksum" in err


@pytest.mark.campaign
def test_tables_of_which_nobody_knows(shops: Shops, drift: Drift) -> None:
    shop = shops.empty()
    code, out, _ = drift(shop.url)
    assert (code, "No history table yet: 2 migrations pending." in out) == (CLEAN, True)
    shop.run("CREATE TABLE users (id int)")
    code, out, err = drift(shop.url)
    assert (code in (WRONG_INPUT, NOT_ANALYSED), out, err.count("\n")) == (True, "", 1)
    assert "migration_bot_history" in err


def test_a_repository_without_migrations(shop: Shop, repo: Repo, drift: Drift) -> None:
    repo.commit({"migrations/1_base.sql": None, "migrations/2_email.sql": None})
    code, _, err = drift(shop.url)
    assert (code, "no migrations found" in err) == (WRONG_INPUT, True)
