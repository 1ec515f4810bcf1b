"""The roles of an ephemeral server, and connections to it as one of them."""

from __future__ import annotations

import enum
from pathlib import Path

import psycopg

DATABASE = "app"
CONNECT_TIMEOUT_S = 10


class Role(enum.Enum):
    """Who connects. The values are the roles' names in the server."""

    ADMIN = "migration_bot_admin"  # the bootstrap superuser; never runs anything that came from a migration
    MIGRATION = "postgres"  # no superuser; owns the database
    OBSERVER = "migration_bot_observer"  # pg_monitor, pg_signal_backend; touches nothing that a migration made


def connect(socket_folder: Path, role: Role, database: str, statement_ms: int = 0) -> psycopg.Connection:
    """An autocommit connection to a trusted database or for trusted SQL: psycopg reads whole results into memory. What
    a migration may have set for the role or the database does not count: statement_ms bounds each statement (0: no
    bound), and our own roles see nothing but pg_catalog, whatever functions and operators others have put on the path.
    Every setting that the PG… environment variables could change is given. Raises psycopg.OperationalError."""
    settings = {"lock_timeout": "0", "statement_timeout": str(statement_ms)}
    if role is not Role.MIGRATION:
        settings["search_path"] = "pg_catalog"
    return psycopg.connect(
        host=str(socket_folder),
        port=5432,
        user=role.value,
        dbname=database,
        autocommit=True,
        client_encoding="utf8",
        connect_timeout=CONNECT_TIMEOUT_S,
        options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        sslmode="disable",
        gssencmode="disable",
        channel_binding="disable",
        require_auth="none",
        target_session_attrs="any",
        passfile=str(socket_folder / "none"),
    )
