"""What is asked of one environment to know how it is; every part only reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

from workers.environments.address import read_url
from workers.environments.backups import dumps
from workers.environments.backups.programs import find_programs
from workers.environments.connection import connect
from workers.environments.history import tables_there
from workers.environments.model import BackupMethod, DriftPlan, EntryState, Environment, EnvironmentKind
from workers.environments.neon.branches import branches_of
from workers.environments.neon.client import Pace, Unwatched
from workers.environments.poolers import Provider
from workers.review import Machine

_PURPOSE = "doctor"
_QUICK = Pace(pauses_s=(0.5,), longest_s=30.0)
PROBLEM = "problem"  # nothing can be done there before it is mended
WARNING = "warning"


class Word(NamedTuple):
    """label: PROBLEM, WARNING, or what the text is about. text: plain, without secrets."""

    label: str
    text: str


def examination(environment: Environment, machine: Machine) -> Iterator[Iterator[Word]]:
    """Its parts, which raise Refused, Unreachable and psycopg.Error when they are run: none needs another."""
    yield _address(environment)
    yield _database(environment, machine)
    if environment.neon is not None:
        yield _neon(environment)
    if environment.copy_url is not None:
        yield _copy(environment, environment.copy_url)
    if environment.drift is not None:
        yield _drift(environment.drift)


def _address(environment: Environment) -> Iterator[Word]:
    address = read_url(environment.url)
    places = ",".join(map(str, address.places))
    whose = f"/{address.database} as {address.user}" if address.database else ""
    provider = "" if address.provider is Provider.PLAIN else f", {address.provider}"
    yield Word("address", f"{places}{whose}{provider}")
    if not (environment.tls or address.local):
        yield Word(WARNING, "tls = false, and it is on another machine: who is between them can read all")


def _database(environment: Environment, machine: Machine) -> Iterator[Word]:
    with contextlib.closing(connect(environment, _PURPOSE)) as connection:
        encrypted = "encrypted" if connection.pgconn.ssl_in_use else "not encrypted"
        rights = _rights(connection)
        yield Word("server", f"PostgreSQL {rights.version}, {encrypted}")
        yield from _of_rights(rights)
        yield from _history(environment, connection, rights)
        major = connection.info.server_version // 10_000
    yield from _backups(environment, machine, major)


def _copy(environment: Environment, url: str) -> Iterator[Word]:
    with contextlib.closing(connect(environment, _PURPOSE, url)) as connection:
        yield Word("copy", f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}")


def _neon(environment: Environment) -> Iterator[Word]:
    with branches_of(environment, Unwatched(), _QUICK) as branches:
        branch = branches.own(branches.all())
    yield Word("neon", f"branch {branch.name} of {branches.client.project.project}")


def _drift(plan: DriftPlan) -> Iterator[Word]:
    whose = plan.branch or "the default branch"
    told = "told in an issue" if plan.issue else "told in the metrics alone"
    every = "hour" if plan.every_hours == 1 else f"{plan.every_hours} hours"
    yield Word("drift", f"compared with {whose} every {every}, {told}")


# ---------------------------------------------------------------- rights

_RIGHTS = """SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
    current_user AS role, rolsuper AS superuser, pg_has_role(datdba, 'USAGE') AS owner,
    current_setting('transaction_read_only') = 'on' AS read_only,
    coalesce(current_schema(), '') AS schema,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'),
        has_database_privilege(current_database(), 'CREATE')) AS creates,
    (SELECT count(*) FROM own) AS tables, (SELECT count(*) FROM own WHERE NOT mine) AS foreigners
FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"""
# Tables of extensions are nobody's to change.
_TABLES = """WITH own AS (
    SELECT pg_has_role(relowner, 'USAGE') AS mine
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = current_schema() AND relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
)"""


class _Rights(NamedTuple):
    """schema: "" where none of the search_path is there. tables, foreigners: of that schema."""

    version: str
    role: str
    superuser: bool
    owner: bool
    read_only: bool
    schema: str
    creates: bool
    tables: int
    foreigners: int


def _rights(connection: psycopg.Connection[Any]) -> _Rights:
    row = connection.cursor(row_factory=class_row(_Rights)).execute(f"{_TABLES} {_RIGHTS}").fetchone()
    assert row is not None  # a role and a database that exist, or there were no session
    return row


def _of_rights(rights: _Rights) -> Iterator[Word]:
    owns = "owner of the database" if rights.owner else "does not own the database"
    yield Word("role", f"{rights.role}, {'superuser' if rights.superuser else owns}")
    schema = f"the schema {rights.schema}" if rights.schema else "the database, which has no schema of its search_path"
    if rights.superuser:
        yield Word(WARNING, f"{rights.role} is a superuser: the owner of the tables is enough")
    if rights.read_only:
        yield Word(PROBLEM, "its transactions are read-only: default_transaction_read_only is on")
    if not rights.creates:
        yield Word(PROBLEM, f"{rights.role} may create nothing in {schema}: GRANT CREATE, or use its owner's role")
    if rights.foreigners:
        yield Word(WARNING, f"{rights.foreigners} of {rights.tables} tables are others', and only they may alter them")


# ---------------------------------------------------------------- history, backups


def _history(environment: Environment, connection: psycopg.Connection[Any], rights: _Rights) -> Iterator[Word]:
    found = tuple(tables_there(connection))
    for reader, entries in found:
        applied = [entry.name for entry in entries if entry.state is EntryState.APPLIED]
        newest = f", the newest {applied[-1]}" if applied else ""
        number = "all" if applied and reader.newest_alone else len(applied)
        yield Word("history", f"{reader.name}: {number} applied{newest}")
        for failed in (entry.name for entry in entries if entry.state is EntryState.FAILED):
            yield Word(WARNING, f"{failed} failed or is running: see /migrate status {environment.name}")
    if not found:
        yield Word("history", "none yet")
    if not found and rights.tables:
        yield Word(WARNING, "it has tables and no history: say what it has with /migrate resolve … --applied")


def _backups(environment: Environment, machine: Machine, server_major: int) -> Iterator[Word]:
    plan = environment.backup
    if plan.method is BackupMethod.DUMP:
        programs = find_programs(plan.pg_dump, server_major, machine.postgres)
        kept = dumps(environment)
        newest = f", the newest of {kept[0].taken_at:%Y-%m-%d %H:%M} UTC" if kept else ""
        yield Word("backup", f"pg_dump {programs.version} to {plan.target}: {len(kept)} there{newest}")
    else:
        yield Word("backup", str(plan.method))
    if plan.method is BackupMethod.NONE and environment.kind is EnvironmentKind.PRODUCTION:
        yield Word(WARNING, "it is production, and nothing is backed up before it is changed")
