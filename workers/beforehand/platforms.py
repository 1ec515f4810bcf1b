"""The platforms whose servers are not empty when a project's first migration runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workers.model import Part

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Has:
    """An extension that is there from the beginning. named: a regular expression of what shows that it is needed."""

    name: str
    schema: str
    named: str


@dataclass(frozen=True, slots=True)
class Platform:
    """what: is there. named: a regular expression of what shows that a migration needs it; empty where any does.
    provided: what CREATE EXTENSION passes over there, because it has been created already. schemas: of its own, also
    those that are not made here."""

    title: str
    what: str
    sql: str
    part: Part
    named: str = ""
    extensions: tuple[Has, ...] = ()
    provided: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()


# Names without a schema are looked for in extensions, too:
# https://supabase.com/docs/guides/database/extensions
_SEARCH_PATH = '"$user", public, extensions'

_SUPABASE = Platform(
    "Supabase",
    "roles and schemas",
    (_FOLDER / "supabase.sql").read_text("utf-8") + f"ALTER ROLE postgres SET search_path = {_SEARCH_PATH};\n",
    Part.PLATFORM,
    extensions=(
        Has(
            "pgcrypto",
            "extensions",
            r"\bpgcrypto\b|\b(?:crypt|gen_salt|gen_random_bytes|digest|hmac|armor|dearmor|pgp_\w+|encrypt|decrypt)\"?\s*\(",
        ),
        Has("uuid-ossp", "extensions", r"\buuid-ossp\b|\buuid_(?:generate_v\d|ns_|nil)"),
        Has("pg_stat_statements", "extensions", r"\bpg_stat_statements\b"),
        Has("pg_graphql", "graphql", r"\bpg_graphql\b"),
        Has("supabase_vault", "vault", r"\bsupabase_vault\b"),
        Has("pgsodium", "pgsodium", r"\bcreate\s+extension[^;]*\bpgsodium\b"),
    ),
    provided=frozenset({"pg_graphql", "supabase_vault", "pgsodium"}),
    schemas=frozenset(
        {
            *("_analytics", "_realtime", "auth", "cron", "extensions", "graphql", "graphql_public", "net"),
            *("pgbouncer", "pgsodium", "pgsodium_masks", "realtime", "storage", "supabase_functions"),
            *("supabase_migrations", "vault"),
        }
    ),
)

_HASURA = Platform(
    "Hasura",
    "schema hdb_catalog",
    (_FOLDER / "hasura.sql").read_text("utf-8"),
    Part.PRELUDE,
    named=r"\bhdb_catalog\b",
    schemas=frozenset({"hdb_catalog", "hdb_views"}),
)

PLATFORMS: Mapping[str, Platform] = {"supabase": _SUPABASE, "hasura": _HASURA}
