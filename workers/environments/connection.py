"""Sessions of an environment's database: direct, encrypted, and the same whatever the machine's settings are."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg
from psycopg import pq

from workers.environments.address import Address, read_url
from workers.environments.model import Environment
from workers.errors import InputError, Refused, Unreachable


def connect(
    environment: Environment, purpose: str, url: str | None = None, *, reads: bool = False
) -> psycopg.Connection[Any]:
    """A session in autocommit, without time limits; its search path is ?schema= of the URL, else what the server says.
    url: of a copy; None for the environment's own. reads: it does nothing else, for which a standby will do. Behind a
    proxy, as Neon's, connection.info has another pid than the server: ask pg_backend_pid(). Raises Refused for a
    pooler, a standby and missing TLS, else Unreachable, and tells no secret."""
    address = _address(environment, environment.url if url is None else url)
    where = f"{environment.name} at {', '.join(map(str, address.places))}"
    if address.pooled:
        direct = address.direct or "the server's own postgresql:// address"
        raise Refused(f"{where}: {address.pooled}, where a session's locks and settings do not last; use {direct}")
    parameters = _all_parameters(environment, address, purpose)
    _forget_variables()
    try:
        return _opened(parameters, address, where, environment.timeouts.connect_ms / 1000, reads=reads)
    except psycopg.Error as error:
        words = _plain(_masked(str(error), (*_forms(address.secrets), *secrets_of(environment))))
    if _NO_TLS in words:  # raised outside the block, so that psycopg's error is no part of the chain
        raise Refused(f"{where}: the server has no TLS; turn it on there, or allow {environment.name} to go without")
    raise Unreachable(f"{where} cannot be reached: {words}")


def _address(environment: Environment, url: str) -> Address:
    try:
        return read_url(url)
    except InputError as error:
        raise Refused(f"{environment.name}: {error}") from None


# ---------------------------------------------------------------- what libpq is told

_NO_TLS = "server does not support SSL"  # libpq's own words: there is no SQLSTATE before a session
_NO_FILE = f"{os.devnull}/none"  # instead of ~/.pgpass
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_KEEPALIVES = {"idle": "30", "interval": "10", "count": "3"}  # in seconds: who is gone is noticed within a minute
# Read besides those of its parameters, whatever it is told: https://www.postgresql.org/docs/current/libpq-envars.html
_VARIABLES = ("PGDATESTYLE", "PGTZ", "PGGEQO", "PGREQUIRESSL")


def libpq_parameters(environment: Environment, address: Address) -> dict[str, str]:
    """What URL and environment say of a connection, with the password: for psycopg, and for PostgreSQL's programs, to
    which it goes as variables. Raises Refused where the URL forbids the TLS that the environment asks for."""
    said = dict(address.parameters)
    mode = said.get("sslmode", "prefer")
    if environment.tls and not address.local and mode not in _ENCRYPTED:
        if mode == "disable":
            raise Refused(f"{environment.name}: its URL leaves this machine with sslmode=disable; use sslmode=require")
        mode = "require"
    return {
        "connect_timeout": str(-(-environment.timeouts.connect_ms // 1000)),
        **said,
        "sslmode": mode,
        "host": ",".join(place.host for place in address.places),
        "port": ",".join(str(place.port) for place in address.places),
        "user": address.user,
        "password": address.password,
        "dbname": address.database,
    }


def _all_parameters(environment: Environment, address: Address, purpose: str) -> dict[str, Any]:
    return {
        **libpq_parameters(environment, address),
        **{f"keepalives_{name}": value for name, value in _KEEPALIVES.items()},
        "tcp_user_timeout": "60000",
        "passfile": _NO_FILE,
        "gssencmode": "disable",
        "client_encoding": "utf8",
        "application_name": f"{APPLICATION}{purpose}",
    }


def _forget_variables() -> None:
    """In this process: libpq takes from them what it is not told, and a URL says all of where to go."""
    of_parameters = (one.envvar.decode() for one in pq.Conninfo.get_defaults() if one.envvar)
    for name in (*_VARIABLES, *of_parameters):
        os.environ.pop(name, None)


# ---------------------------------------------------------------- what the server is asked

# No default of a role or a database may end a migration, or the session that holds the lock while a backup is made. And
# where this machine dies, the server is to notice it and to release the locks.
_SETTINGS = {
    **dict.fromkeys(("statement_timeout", "lock_timeout", "transaction_timeout"), "0"),
    **dict.fromkeys(("idle_in_transaction_session_timeout", "idle_session_timeout"), "0"),
    **{f"tcp_keepalives_{name}": value for name, value in _KEEPALIVES.items()},
}
_SET = """SELECT pg_catalog.set_config(name, value, false)
FROM unnest(%s::text[], %s::text[]) AS wanted (name, value) JOIN pg_catalog.pg_settings AS known USING (name)"""
# Where this process dies, its statement would go on to its end, with its locks: unless the server looks now and then
# whether anybody still listens. Not before version 14, and refused where the server's system cannot look
# (https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL).
_LISTENER = {"client_connection_check_interval": "5s"}
APPLICATION = "migration-bot: "  # what names our sessions begin with
_WHO = b"SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery()"


def _opened(
    parameters: dict[str, Any], address: Address, where: str, patience_s: float, *, reads: bool
) -> psycopg.Connection[Any]:
    connection = psycopg.connect(autocommit=True, prepare_threshold=None, **parameters)
    try:
        if parameters["sslmode"] in _ENCRYPTED and not (address.local or connection.pgconn.ssl_in_use):
            raise Refused(f"{where}: the session is not encrypted")
        pid, standby = _asked(connection, patience_s)
        if standby and not reads:
            raise Refused(f"{where}: this is a standby, where nothing can be changed; use the primary's address")
        if pid != connection.pgconn.backend_pid and _shared(connection, parameters, patience_s):
            raise Refused(
                f"{where}: a pooler stands before the server, whose sessions share the server's processes, so that "
                "their locks and settings do not last; use the server's own address"
            )
        _set(connection, _SETTINGS | ({"search_path": _quoted(address.schema)} if address.schema else {}))
        _set_if_allowed(connection, _LISTENER)
    except BaseException:
        connection.close()
        raise
    return connection


def _set(connection: psycopg.Connection[Any], wanted: Mapping[str, str]) -> None:
    """What the server knows of it."""
    connection.execute(_SET, (list(wanted), list(wanted.values())))


def _set_if_allowed(connection: psycopg.Connection[Any], wanted: Mapping[str, str]) -> None:
    try:
        _set(connection, wanted)
    except psycopg.Error:
        if connection.closed:
            raise


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _asked(connection: psycopg.Connection[Any], patience_s: float) -> tuple[int, bool]:
    """The pid of the process that answers, and whether it is a standby's. With a limit, as a pooler lets a query wait
    for minutes. Leaves nothing in the session, which with a pooler is somebody else's next."""
    server, deadline = connection.pgconn, time.monotonic() + patience_s
    server.send_query(_WHO)
    server.flush()
    while server.is_busy():
        if not select.select((server.socket,), (), (), max(0.0, deadline - time.monotonic()))[0]:
            raise psycopg.OperationalError(f"a session began, and a query in it had no answer in {patience_s:g} s")
        server.consume_input()
    result = server.get_result()
    if result is None or result.status != pq.ExecStatus.TUPLES_OK:
        raise psycopg.OperationalError(server.get_error_message())
    while server.get_result():
        pass
    return int(result.get_value(0, 0) or 0), result.get_value(0, 1) == b"t"


def _shared(first: psycopg.Connection[Any], parameters: dict[str, Any], patience_s: float) -> bool:
    """Whether sessions share the server's processes: one moves between them, or two are in the same. PgBouncer gives
    out the process that was free last, or, with server_round_robin, first: in either case it shows at once where nobody
    else is there, and where others are, the more so. https://www.pgbouncer.org/config.html#server_round_robin"""
    ours, others = {_asked(first, patience_s)[0] for _ in range(2)}, set[int]()
    with contextlib.closing(psycopg.connect(autocommit=True, prepare_threshold=None, **parameters)) as second:
        for _ in range(3):
            others.add(_asked(second, patience_s)[0])
            ours.add(_asked(first, patience_s)[0])
    return len(ours) > 1 or len(others) > 1 or bool(ours & others)


# ---------------------------------------------------------------- what must never be printed


def secrets_of(environment: Environment) -> tuple[str, ...]:
    """The passwords and keys of its URLs and its Neon project, in each form in which they could turn up."""
    urls = (environment.url, environment.pooled_url, environment.copy_url)
    key = (environment.neon.api_key,) if environment.neon else ()
    return _forms((*key, *(secret for url in urls if url for secret in _secrets_in(url))))


def without_secrets(text: str, environment: Environment) -> str:
    """With *** for each, and for the password of any other URL."""
    return _masked(text, secrets_of(environment))


def _secrets_in(url: str) -> tuple[str, ...]:
    """The URL, too, if it has any."""
    try:
        found = read_url(url).secrets
    except InputError:
        found = (url, url.partition("://")[2].rpartition("@")[0].partition(":")[2])
    return (url, *found) if found else ()


def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    plain = {*secrets, *(text[1:-1] for one in secrets for text in (repr(one), json.dumps(one)))}
    encoded = {text for one in plain for text in (quote(one), quote(one, safe=""), quote_plus(one))}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in encoded}
    return tuple(sorted((plain | encoded | lower) - {""}))


_USERINFO = re.compile(r"(?<=://)([^\s:/@]*):[^\s@]+@")


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    known = sorted(secrets, key=len, reverse=True)  # a regex takes the first that fits
    masked = re.sub("|".join(map(re.escape, known)), "***", text) if known else text
    return _USERINFO.sub(r"\1:***@", masked)


_MAX_WORDS = 400


def _plain(words: str) -> str:
    """A server's words as a part of a sentence."""
    shown = "".join(character if character.isprintable() else " " for character in words)
    return " ".join(shown.split())[:_MAX_WORDS]
