"""Asks a live server what a session does: whom it waits for, and how far its statement is."""

from __future__ import annotations

from typing import Any

import psycopg

from workers.environments.model import Blocker

# A role that is no member of pg_read_all_stats sees of other roles' sessions only who they are. Pid 0 is a prepared
# transaction (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SESSION).
_BLOCKERS = """
select b.pid,
       coalesce(a.usename, ''),
       coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), ''),
       case when b.pid = 0 then 'prepared transaction' else coalesce(a.state, '') end,
       coalesce(extract(epoch from pg_catalog.clock_timestamp() - a.xact_start), 0)::float8
  from (select distinct unnest(pg_catalog.pg_blocking_pids(%s)) as pid) as b
  left join pg_catalog.pg_stat_activity as a on a.pid = b.pid
 order by a.xact_start nulls last, b.pid
"""

# Each since a version of the server (https://www.postgresql.org/docs/current/progress-reporting.html).
_VIEWS = (
    (
        120000,
        """select command, phase, blocks_done, blocks_total, tuples_done, tuples_total
             from pg_catalog.pg_stat_progress_create_index""",
    ),
    (
        120000,
        """select command, phase, heap_blks_scanned, heap_blks_total, heap_tuples_written, 0
             from pg_catalog.pg_stat_progress_cluster""",
    ),
    (
        120000,
        """select 'VACUUM', phase, heap_blks_scanned, heap_blks_total, 0, 0
             from pg_catalog.pg_stat_progress_vacuum""",
    ),
    (
        130000,
        """select 'ANALYZE', phase, sample_blks_scanned, sample_blks_total, 0, 0
             from pg_catalog.pg_stat_progress_analyze""",
    ),
    (
        140000,
        """select command, '', bytes_processed, bytes_total, tuples_processed, 0
             from pg_catalog.pg_stat_progress_copy""",
    ),
)


def blockers_of(c: psycopg.Connection[Any], pid: int) -> tuple[Blocker, ...]:
    """The sessions that the session waits for, the longest open transaction first. c: any other session."""
    return tuple(Blocker(*row) for row in c.execute(_BLOCKERS, (pid,)).fetchall())


def described(blocker: Blocker) -> str:
    """pid 123 (psql, user x, idle in transaction for 40 s): as much of it as could be seen."""
    state = f"{blocker.state} for {blocker.since_s:.0f} s" if blocker.state and blocker.since_s else blocker.state
    known = (blocker.application, f"user {blocker.user}" if blocker.user else "", state)
    words = ", ".join(word for word in known if word)
    return f"pid {blocker.pid} ({words})" if words else f"pid {blocker.pid}"


def waiting(blockers: tuple[Blocker, ...]) -> str:
    """A clause: waits for a lock held by …"""
    more = f" and {len(blockers) - 1} more" if len(blockers) > 1 else ""
    return f"waits for a lock held by {described(blockers[0])}{more}"


def activity_of(c: psycopg.Connection[Any], pid: int) -> str:
    """CREATE INDEX CONCURRENTLY: building index: scanning table, 40 %. Empty for what the server does not count."""
    views = " union all ".join(
        f"{view} where pid = %(pid)s" for since, view in _VIEWS if c.info.server_version >= since
    )
    row = c.execute(views.encode(), {"pid": pid}).fetchone() if views else None
    if row is None:
        return ""
    command, phase, parts_done, parts, rows_done, rows = row
    done, total = (parts_done, parts) if parts else (rows_done, rows)
    how_far = f"{100 * done // total} %" if total else f"{done:,} rows" if done else ""
    words = ", ".join(word for word in (phase.lower(), how_far) if word)
    return f"{command}: {words}" if words else str(command)
