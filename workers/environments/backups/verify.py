"""Proves that a dump comes back: it is read to its end, and a sample is restored to an ephemeral server and counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import make_conninfo

from workers.environments.backups.archive import Archive, Part, contents, last_words, prove_whole
from workers.environments.backups.child import Ended, Look, run
from workers.environments.backups.source import Source, Table, count_rows
from workers.environments.model import Progress
from workers.errors import CannotAnalyse, Refused
from workers.postgres.cluster import DATABASE, Cluster, Role, start_cluster
from workers.postgres.sandbox import sandbox_of
from workers.postgres.servers import Installation, find_installations
from workers.review import Machine

_SAID_AT_MOST = 5  # of what could not be restored here

# Not restored for a test: what only a superuser may make, or takes long and is no table's. Without --verbose an error
# would not name its part.
_OPTIONS = ("--verbose", "--no-owner", "--no-privileges", "--no-security-labels", "--no-tablespaces")
_LEFT_OUT = ("BLOB", "EVENT TRIGGER ", "MATERIALIZED VIEW DATA ", "PUBLICATION", "SUBSCRIPTION")
_NOT_TRIED = (
    "Not part of this test: owners, privileges, publications, large objects, the rows of other tables and of "
    "materialized views, and the foreign keys of these tables."
)

_PART = re.compile(r"pg_restore: from TOC entry \d+; \d+ \d+ (?P<part>.*?) (?:\(no owner\)|\S*)")
# After these pg_restore goes on.
_STATEMENT = re.compile(r"pg_restore: error: could not execute query: ERROR: +(?P<why>.*)")
_COPY = re.compile(r'pg_restore: error: COPY failed for table "(?P<table>.*?)": ERROR: +(?P<why>.*)')
# What rows hold: invalid input syntax for type integer: "seven"; value "7" is out of range.
_VALUE = re.compile(r'(?<=: )".*|(?<=value )".*?"')
# 53…, insufficient resources, in words (https://www.postgresql.org/docs/current/errcodes-appendix.html)
_OUR_LIMITS = re.compile("^could not (?:extend|write)|No space left|out of (?:shared )?memory|^temporary file size")
_GOES_ON = "pg_restore: warning: errors ignored on restore"


def verify(archive: Archive, machine: Machine, look: Look) -> tuple[str, ...]:
    """What was proven, and what could not be tried here, in sentences. Raises Refused when the archive is not what it
    should be, and what child.run raises."""
    look.watch.tell(Progress("backup", "reading it back"))
    parts = contents(archive, look)
    whole = prove_whole(archive, parts, look)
    look.watch.tell(Progress("backup", "restoring a sample"))
    try:
        return whole, *_tried(archive, parts, machine, look)
    except CannotAnalyse as why:
        return whole, f"No table was restored for a test: {why}."
    except psycopg.Error:
        return whole, "No table was restored for a test: the ephemeral server did not bear it."


def _tried(archive: Archive, parts: Sequence[Part], machine: Machine, look: Look) -> tuple[str, ...]:
    """Raises CannotAnalyse when it cannot be tried here."""
    source = archive.source
    if not source.sample:
        raise CannotAnalyse("there is none, or none that is small enough" if source.asked else "backup.sample is 0")
    if source.encoding == "SQL_ASCII":
        raise CannotAnalyse("the database's encoding is SQL_ASCII, so its text may be none")
    tier = sandbox_of(machine.require)
    installation = _nearest(find_installations(machine.postgres), source)
    with start_cluster(installation, tier, machine.limits, machine.cache) as cluster:
        trouble = _trouble(_restore(archive, parts, cluster, look), cluster)
        return _compared(source, cluster, trouble)


def _nearest(installations: Iterable[Installation], source: Source) -> Installation:
    """The one that lacks the fewest extensions, of those nearest to the server's version."""
    able = [one for one in installations if one.major >= source.major]
    if not able:
        raise CannotAnalyse(f"this machine has no PostgreSQL {source.major} or newer to restore to")
    return min(able, key=lambda one: (len(source.extensions - one.extensions), one.major))


def _restore(archive: Archive, parts: Sequence[Part], cluster: Cluster, look: Look) -> Ended:
    """As the role that owns the database and is no superuser: what comes back is not ours to trust."""
    chosen = archive.path.with_name("chosen")
    rows, keys = {table.oid for table in archive.source.sample}, archive.source.foreign_keys
    lines = [
        part.line
        for part in parts
        if not (part.what.startswith(_LEFT_OUT) or (part.is_rows and part.oid not in rows) or part.oid in keys)
    ]
    chosen.write_text("\n".join(lines) + "\n", "utf-8")
    where = make_conninfo(
        host=str(cluster.socket_folder), port=5432, user=Role.MIGRATION.value, dbname=DATABASE,
        sslmode="disable", gssencmode="disable",
    )  # fmt: skip
    return run(
        (str(archive.programs.pg_restore), *_OPTIONS, f"--use-list={chosen}", f"--dbname={where}", str(archive.path)),
        "", look,
    )  # fmt: skip


# ---------------------------------------------------------------- what came of it


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What was not restored, and why."""

    part: str  # TABLE DATA orders
    why: str


def _trouble(ended: Ended, cluster: Cluster) -> tuple[_Trouble, ...]:
    """Raises Refused when rows do not come back, CannotAnalyse when pg_restore gave up: the archive was read before."""
    found, part = [], ""
    for line in ended.said:
        if of := _PART.fullmatch(line):
            part = of["part"]
        elif statement := _STATEMENT.match(line):
            found.append(_Trouble(part, _VALUE.sub("…", statement["why"])))
        elif (copy := _COPY.match(line)) and cluster.alive():
            if _OUR_LIMITS.search(copy["why"]):
                raise CannotAnalyse("they need more room than the ephemeral server has")
            why = _VALUE.sub("…", copy["why"])
            raise Refused(f"the rows of {copy['table']} do not come back, so the backup was not kept: {why}")
    if ended.code and not any(line.startswith(_GOES_ON) for line in ended.said):
        raise CannotAnalyse(f"pg_restore gave up: {last_words(ended)}")
    return tuple(found)


def _compared(source: Source, cluster: Cluster, trouble: Sequence[_Trouble]) -> tuple[str, ...]:
    with cluster.connect(Role.ADMIN) as connection:  # whom no policy hides a row from
        rows = {table: _rows(connection, table) for table in source.sample}
    excused = {one.part for one in trouble}
    for table, count in rows.items():
        if count not in (None, table.rows) and f"TABLE DATA {table.name}" not in excused:
            raise Refused(f"the backup was not kept: {table} had {table.rows} rows, and {count} came back")
    back = [f"{table} ({count})" for table, count in rows.items() if count == table.rows]
    server = f"PostgreSQL {cluster.info.version}"
    if not back:
        return f"On the ephemeral {server} none of the sampled tables could be restored.", *_unrestored(trouble)
    proven = f"On an ephemeral {server} all rows came back, counted in the same snapshot: {', '.join(back)}."
    return proven, *_unrestored(trouble), _NOT_TRIED


def _rows(connection: psycopg.Connection, table: Table) -> int | None:
    """None: the table is not there."""
    try:
        return count_rows(connection, table)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None


def _unrestored(trouble: Sequence[_Trouble]) -> tuple[str, ...]:
    """One sentence; each cause once, with the first that it befell."""
    causes: dict[str, str] = {}
    for one in trouble:
        causes.setdefault(one.why, one.part)
    told = [f"{part} ({why})" for why, part in causes.items()]
    more = f"; and {len(told) - _SAID_AT_MOST} more" if len(told) > _SAID_AT_MOST else ""
    return (f"Could not be restored there: {'; '.join(told[:_SAID_AT_MOST])}{more}.",) if told else ()
