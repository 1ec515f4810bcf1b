"""Sessions of an environment's database: whom they refuse, what they are like, and what they never tell."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bot.waiting import eventually
from tests.live_server import OWNER, PASSWORD, LiveServer, live_server
from tests.pgbouncer import running_pgbouncer
from tests.redis_server import free_port
from workers.environments.connection import connect, secrets_of, without_secrets
from workers.environments.model import Environment, EnvironmentKind, NeonProject, Timeouts
from workers.errors import Refused, Unreachable

ELSEWHERE = "0.0.0.0"  # reaches this machine, and is no loopback address


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """Without TLS."""
    with live_server() as running:
        yield running


@pytest.fixture(scope="module")
def shop(server: LiveServer) -> str:
    return server.create_database("shop")


def staging(url: str, **others: Any) -> Environment:
    return Environment("acme/shop", "staging", EnvironmentKind.STAGING, url, **others)


def told(error: BaseException) -> str:
    """Everything that anybody could print of an error."""
    chain = [error]
    while cause := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(cause)
    return "\n".join(map(repr, chain)) + "".join(traceback.format_exception(error))


def refused(environment: Environment, url: str | None = None) -> str:
    with pytest.raises(Refused) as caught:
        connect(environment, "test", url)
    assert PASSWORD not in told(caught.value)
    return str(caught.value)


def unreachable(environment: Environment, url: str | None = None) -> str:
    with pytest.raises(Unreachable) as caught:
        connect(environment, "test", url)
    assert PASSWORD not in told(caught.value)
    assert caught.value.__context__ is None
    return str(caught.value)


def value(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


# ---------------------------------------------------------------- what a session is like


def test_a_session_is_in_autocommit_and_says_what_it_is_for(shop: str) -> None:
    with contextlib.closing(connect(staging(shop), "apply 20260101_a")) as connection:
        assert connection.autocommit
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert value(connection, "SHOW application_name") == "migration-bot: apply 20260101_a"
        assert value(connection, "SHOW search_path") == '"$user", public'


def test_no_default_of_role_or_database_ends_it(server: LiveServer) -> None:
    url = server.create_database("limits")
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with server.admin() as admin:
        for name in names:
            admin.execute(f"ALTER ROLE {OWNER} IN DATABASE limits SET {name} = '1s'")
    with contextlib.closing(connect(staging(url), "test")) as connection:
        assert [value(connection, f"SHOW {name}") for name in names] == ["0"] * 3


@pytest.mark.parametrize("schema", ["billing", 'Odd "one", public'])
def test_prismas_schema_is_the_whole_search_path(shop: str, schema: str) -> None:
    environment = staging(f"{shop}?schema={quote(schema)}&connection_limit=1")
    with contextlib.closing(connect(environment, "test")) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS " + psycopg.sql.Identifier(schema).as_string())
        assert value(connection, "SELECT current_schemas(false)") == [schema]


def test_both_ends_notice_a_dead_peer(shop: str) -> None:
    with contextlib.closing(connect(staging(shop), "test")) as connection:
        with socket.socket(fileno=os.dup(connection.fileno())) as ours:
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            assert [ours.getsockopt(socket.IPPROTO_TCP, one) for one in options] == [30, 10, 3, 60_000]
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert value(connection, "SHOW tcp_keepalives_idle") == "30"


_LISTENER = "workers.environments.connection._LISTENER"


def test_a_statement_ends_when_nobody_listens_any_more(
    server: LiveServer, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a process was killed: its system closes its sockets."""
    sessions = "SELECT state FROM pg_stat_activity WHERE application_name = 'migration-bot: forsaken'"
    monkeypatch.setattr(_LISTENER, {"client_connection_check_interval": "50ms"})
    with server.admin() as admin, server.admin("shop") as holder, holder.transaction():
        holder.execute("SELECT pg_advisory_xact_lock(7)")
        for statement in ("SELECT pg_sleep(600)", "SELECT pg_advisory_lock(7)"):
            forsaken = connect(staging(shop), "forsaken")
            forsaken.pgconn.send_query(statement.encode())
            forsaken.pgconn.flush()
            eventually(lambda: admin.execute(sessions).fetchall() == [("active",)])
            with socket.socket(fileno=os.dup(forsaken.fileno())) as ours:
                ours.shutdown(socket.SHUT_RDWR)
            eventually(lambda: not admin.execute(sessions).fetchall())
            forsaken.close()


@pytest.mark.parametrize("listener", [{}, {"client_connection_check_interval": "-1"}, {"no_such_setting": "5s"}])
def test_where_the_server_cannot_look_a_session_is_as_good(
    shop: str, monkeypatch: pytest.MonkeyPatch, listener: dict[str, str]
) -> None:
    """It is too old, or refuses."""
    if listener:
        monkeypatch.setattr(_LISTENER, listener)
    with contextlib.closing(connect(staging(shop), "test")) as connection:
        assert value(connection, "SHOW client_connection_check_interval") == ("0" if listener else "5s")
        assert value(connection, "SHOW tcp_keepalives_idle") == "30"


_HOSTILE = {
    "PGHOST": "/nowhere", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGUSER": "nobody", "PGPASSWORD": "wrong",
    "PGDATABASE": "nothing", "PGSERVICE": "none", "PGSERVICEFILE": "/nowhere", "PGPASSFILE": "/nowhere",
    "PGOPTIONS": "-c search_path=nowhere -c work_mem=64kB", "PGAPPNAME": "psql", "PGCONNECT_TIMEOUT": "soon",
    "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGSSLNEGOTIATION": "direct", "PGREQUIREAUTH": "none",
    "PGCHANNELBINDING": "require", "PGGSSENCMODE": "require", "PGTARGETSESSIONATTRS": "standby",
    "PGCLIENTENCODING": "LATIN1", "PGTZ": "Asia/Tokyo", "PGDATESTYLE": "SQL, DMY", "PGGEQO": "off",
    "PGLOADBALANCEHOSTS": "never", "PGREQUIREPEER": "nobody", "PGMAXPROTOCOLVERSION": "1.0",
}  # fmt: skip


def test_no_variable_of_libpq_has_influence(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def settings() -> list[tuple[Any, ...]]:
        with contextlib.closing(connect(staging(shop), "test")) as connection:
            return connection.execute("SELECT name, setting, source FROM pg_settings ORDER BY name").fetchall()

    alone = settings()
    for name, hostile in _HOSTILE.items():
        monkeypatch.setenv(name, hostile)
    assert settings() == alone


def test_no_password_file_is_read(shop: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".pgpass"
    file.write_text(f"*:*:*:*:{PASSWORD}")
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert "no password supplied" in unreachable(staging(shop.replace(f":{PASSWORD}", "")))


# ---------------------------------------------------------------- whom it refuses


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("prisma://accelerate.prisma-data.net/?api_key={0}", "use the server's own postgresql:// address"),
        ("postgresql://u:{0}@db.example.com:6432/shop", "use postgresql://u@db.example.com:5432/shop"),
        (
            "postgresql://u:{0}@ep-cool-1-pooler.eu-central-1.aws.neon.tech/shop",
            "use postgresql://u@ep-cool-1.eu-central-1.aws.neon.tech:5432/shop",
        ),
        (
            "postgresql://postgres.abc:{0}@aws-0-eu-west-3.pooler.supabase.com:6543/postgres?pgbouncer=true",
            "use postgresql://postgres@db.abc.supabase.co:5432/postgres",
        ),
    ],
)
def test_what_is_known_for_a_pooler_is_refused_with_the_address_behind_it(url: str, fix: str) -> None:
    environment = staging(url.format(PASSWORD))
    sentence = refused(environment)
    assert sentence.startswith("staging at ")
    assert sentence.endswith(fix)
    assert without_secrets(sentence, environment) == sentence


def test_a_pooler_in_session_mode_is_accepted_and_its_sessions_last(server: LiveServer, shop: str) -> None:
    with running_pgbouncer(server, "session") as port:
        through = shop.replace(f":{server.port}/", f":{port}/")
        with contextlib.closing(connect(staging(f"{through}?schema=public"), "test")) as connection:
            assert connection.pgconn.backend_pid != value(connection, "SELECT pg_backend_pid()")
            connection.execute("SELECT pg_advisory_lock(72707369)")
            with contextlib.closing(connect(staging(through), "test")) as other:
                assert value(other, "SELECT pg_try_advisory_lock(72707369)") is False
            assert value(connection, "SHOW search_path") == '"public"'


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("setting", ["server_round_robin = 0", "server_round_robin = 1", "default_pool_size = 1"])
@pytest.mark.parametrize("idle", [0, 2])
def test_a_pooler_that_shares_processes_is_refused(
    server: LiveServer, shop: str, mode: str, setting: str, idle: int
) -> None:
    with running_pgbouncer(server, mode, setting) as port:
        through = shop.replace(f":{server.port}/", f":{port}/")
        _warm(through, idle)
        sentence = refused(staging(through))
    assert sentence.startswith(f"staging at 127.0.0.1:{port}: a pooler stands before the server")


def _warm(url: str, idle: int) -> None:
    """Leaves so many processes of the server idle in the pool, if it may have them."""
    sessions = [psycopg.connect(url, autocommit=True) for _ in range(idle)]
    for session in sessions:
        session.pgconn.send_query(b"SELECT pg_sleep(0.05)")
    for session in sessions:
        while session.pgconn.get_result():
            pass
        session.close()


def test_who_is_refused_leaves_nothing_in_the_pool(server: LiveServer, shop: str) -> None:
    with running_pgbouncer(server, "transaction", "default_pool_size = 1") as port:
        through = shop.replace(f":{server.port}/", f":{port}/")
        refused(staging(f"{through}?schema=private"))
        with contextlib.closing(psycopg.connect(through, autocommit=True)) as application:
            query = (
                "SELECT name FROM pg_settings WHERE source = 'session' AND name <> 'application_name'"  # PgBouncer's
            )
            assert application.execute(query).fetchall() == []


def test_a_pooler_without_a_second_session_does_not_hold_us_up(server: LiveServer, shop: str) -> None:
    with running_pgbouncer(server, "session", "default_pool_size = 1") as port:
        environment = staging(shop.replace(f":{server.port}/", f":{port}/"), timeouts=Timeouts(connect_ms=300))
        sentence = unreachable(environment)
    assert sentence.endswith("a session began, and a query in it had no answer in 0.3 s")


def test_a_standby_is_refused_and_the_primary_found_among_hosts(server: LiveServer, shop: str) -> None:
    with live_server() as standby:
        standby.stop()
        (standby.folder / "data" / "standby.signal").touch()
        standby.start()
        assert "this is a standby" in refused(staging(standby.url(OWNER, "postgres")))
        both = shop.replace("127.0.0.1", f"127.0.0.1:{standby.port},127.0.0.1")
        with contextlib.closing(connect(staging(both), "test")) as connection:
            assert connection.info.port == server.port


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its key is beside it."""
    path = tmp_path_factory.mktemp("tls") / "server.crt"
    subprocess.run(
        (
            *("openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=shop"),
            *("-addext", f"subjectAltName=IP:{ELSEWHERE}", "-out", path, "-keyout", path.with_suffix(".key")),
        ),
        check=True, capture_output=True,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def encrypted(certificate: Path) -> Iterator[str]:
    """The URL, not of loopback, of a database on a server with TLS."""
    with live_server() as running:
        if running.installation.embedded:
            pytest.skip("this machine's PostgreSQL has no TLS")
        data = running.folder / "data"
        for file in (certificate, certificate.with_suffix(".key")):
            (data / file.name).write_bytes(file.read_bytes())
            (data / file.name).chmod(0o600)
            os.chown(data / file.name, data.stat().st_uid, data.stat().st_gid)
        with running.admin() as admin:
            admin.execute("ALTER SYSTEM SET ssl = on")
        running.restart()
        yield running.create_database("shop").replace("127.0.0.1", ELSEWHERE)


@pytest.mark.parametrize("said", ["", "?sslmode=prefer", "?sslmode=allow", "?sslmode=require", "?ssl=true"])
def test_what_leaves_the_machine_is_encrypted(encrypted: str, said: str) -> None:
    with contextlib.closing(connect(staging(encrypted + said), "test")) as connection:
        assert value(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True


def test_an_environment_may_go_without(encrypted: str, shop: str) -> None:
    for url, ssl in ((encrypted + "?sslmode=disable", False), (encrypted, True)):
        with contextlib.closing(connect(staging(url, tls=False), "test")) as connection:
            assert value(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is ssl
    with contextlib.closing(connect(staging(shop.replace("127.0.0.1", ELSEWHERE), tls=False), "test")) as connection:
        assert not connection.pgconn.ssl_in_use


def test_a_url_that_forbids_it_is_refused(encrypted: str) -> None:
    assert refused(staging(encrypted + "?sslmode=disable")) == (
        "staging: its URL leaves this machine with sslmode=disable; use sslmode=require"
    )


def test_a_server_without_it_is_refused(server: LiveServer, shop: str) -> None:
    assert refused(staging(shop.replace("127.0.0.1", ELSEWHERE))) == (
        f"staging at 0.0.0.0:{server.port}: the server has no TLS; turn it on there, or allow staging to go without"
    )


@pytest.mark.parametrize("said", ["sslmode=verify-full&sslrootcert={}", "sslaccept=strict&sslcert={}"])
def test_a_certificate_is_verified_where_the_url_asks(encrypted: str, certificate: Path, said: str) -> None:
    with contextlib.closing(connect(staging(f"{encrypted}?{said.format(certificate)}"), "test")) as connection:
        assert connection.pgconn.ssl_in_use
    local = encrypted.replace(ELSEWHERE, "127.0.0.1")  # which the certificate does not name
    assert "does not match" in unreachable(staging(f"{local}?{said.format(certificate)}"))


# ---------------------------------------------------------------- who does not answer


def test_each_way_not_to_be_reached_has_a_sentence_with_the_place_and_no_secret(server: LiveServer, shop: str) -> None:
    nobody = free_port()
    assert unreachable(staging(f"postgresql://u:{PASSWORD}@127.0.0.1:{nobody}/shop")).startswith(
        f"staging at 127.0.0.1:{nobody} cannot be reached: "
    )
    wrong = unreachable(staging(shop.replace(PASSWORD, f"wrong-{PASSWORD}")))
    assert wrong.endswith('password authentication failed for user "shop_owner"')
    assert 'database "shop_none" does not exist' in unreachable(staging(f"{shop}_none"))
    packed = server.create_database("packed")
    with server.admin() as admin:
        admin.execute("ALTER DATABASE packed CONNECTION LIMIT 0")
    assert 'too many connections for database "packed"' in unreachable(staging(packed))


def test_a_servers_words_hold_no_secret_and_are_one_line(shop: str) -> None:
    """A database may be called as anybody likes."""
    odd = shop + quote(f"\u202e{PASSWORD} y")
    assert 'database "shop *** y" does not exist' in unreachable(staging(odd))
    assert 'database "shop *** y" does not exist' in unreachable(staging("postgresql://u@h/d"), odd)


def test_a_url_that_cannot_be_read_is_refused_without_it(shop: str) -> None:
    assert refused(staging(shop.replace("@", "@@"))).startswith("staging: the URL of the database cannot be read")


# ---------------------------------------------------------------- what must never be printed


def test_an_environment_without_secrets_changes_no_text() -> None:
    environment = staging("postgresql://owner@localhost/shop")
    assert secrets_of(environment) == ()
    assert without_secrets("use postgresql://owner@localhost:5432/shop", environment) == (
        "use postgresql://owner@localhost:5432/shop"
    )


def test_each_secret_is_hidden_in_each_form() -> None:
    environment = staging(
        "postgresql://u:a%2fb%20c@h/d",
        pooled_url="prisma://h/?api_key=eyJhbGci",
        copy_url="postgresql://u:un@readable@h/d",
        neon=NeonProject("p", "main", "napi_key"),
    )
    text = "a/b c, a%2Fb%20c, a%2fb%20c, a%2Fb+c, eyJhbGci, un@readable, napi_key"
    assert without_secrets(text, environment) == "***, ***, ***, ***, ***, ***, ***"
    for url in (environment.url, environment.pooled_url, environment.copy_url):
        assert without_secrets(f"cannot open {url}", environment) == "cannot open ***"
    assert without_secrets("of postgresql://other:hush@h/d", environment) == "of postgresql://other:***@h/d"
    for secret in (*secrets_of(environment), "hush"):
        assert secret not in repr(environment)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_a_password_is_found_however_it_was_written(text: str) -> None:
    password = f"hush{text}hush"
    environment = staging(f"postgresql://u:{quote(password, safe='')}@h/d")
    for form in (password, repr(password), quote(password), quote(password, safe=""), environment.url):
        assert "hush" not in without_secrets(f"it is {form}.", environment)
