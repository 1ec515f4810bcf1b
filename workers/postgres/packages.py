"""Which system package an extension comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Debian's and the PostgreSQL project's own repository's names; N is the server's major version. Other systems name them
# alike: https://wiki.postgresql.org/wiki/Apt
_PACKAGES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("postgis", "postgis_raster", "postgis_topology", "postgis_sfcgal", "postgis_tiger_geocoder"),
            *("address_standardizer", "address_standardizer_data_us"),
        ),
        "postgresql-N-postgis-3",
    ),
    **dict.fromkeys(
        ("plpython3u", "hstore_plpython3u", "jsonb_plpython3u", "ltree_plpython3u"), "postgresql-plpython3-N"
    ),
    **dict.fromkeys(("plperl", "plperlu", "hstore_plperl", "jsonb_plperl", "bool_plperl"), "postgresql-plperl-N"),
    **dict.fromkeys(("pltcl", "pltclu"), "postgresql-pltcl-N"),
    "age": "postgresql-N-age",
    "first_last_agg": "postgresql-N-first-last-agg",
    "h3": "postgresql-N-h3",
    "h3_postgis": "postgresql-N-h3",
    "hll": "postgresql-N-hll",
    "http": "postgresql-N-http",
    "hypopg": "postgresql-N-hypopg",
    "ip4r": "postgresql-N-ip4r",
    "mysql_fdw": "postgresql-N-mysql-fdw",
    "orafce": "postgresql-N-orafce",
    "pg_cron": "postgresql-N-cron",
    "pg_hint_plan": "postgresql-N-pg-hint-plan",
    "pg_partman": "postgresql-N-partman",
    "pg_qualstats": "postgresql-N-pg-qualstats",
    "pg_rational": "postgresql-N-rational",
    "pg_repack": "postgresql-N-repack",
    "pg_similarity": "postgresql-N-similarity",
    "pg_squeeze": "postgresql-N-squeeze",
    "pgaudit": "postgresql-N-pgaudit",
    "pglogical": "postgresql-N-pglogical",
    "pgmp": "postgresql-N-pgmp",
    "pgpcre": "postgresql-N-pgpcre",
    "pgrouting": "postgresql-N-pgrouting",
    "pgsphere": "postgresql-N-pgsphere",
    "pgtap": "postgresql-N-pgtap",
    "pldbgapi": "postgresql-N-pldebugger",
    "plpgsql_check": "postgresql-N-plpgsql-check",
    "plprofiler": "postgresql-N-plprofiler",
    "plr": "postgresql-N-plr",
    "prefix": "postgresql-N-prefix",
    "q3c": "postgresql-N-q3c",
    "rum": "postgresql-N-rum",
    "semver": "postgresql-N-semver",
    "tdigest": "postgresql-N-tdigest",
    "tds_fdw": "postgresql-N-tds-fdw",
    "timescaledb": "postgresql-N-timescaledb",
    "unit": "postgresql-N-unit",
    "vector": "postgresql-N-pgvector",
}
_WITH_POSTGRES = frozenset(
    {
        *(
            "adminpack",
            "amcheck",
            "autoinc",
            "bloom",
            "btree_gin",
            "btree_gist",
            "citext",
            "cube",
            "dblink",
            "dict_int",
        ),
        *("dict_xsyn", "earthdistance", "file_fdw", "fuzzystrmatch", "hstore", "insert_username", "intagg", "intarray"),
        *("isn", "lo", "ltree", "moddatetime", "old_snapshot", "pageinspect", "pg_buffercache", "pg_freespacemap"),
        *("pg_logicalinspect", "pg_overexplain", "pg_prewarm", "pg_stat_statements", "pg_surgery", "pg_trgm"),
        *("pg_visibility", "pg_walinspect", "pgcrypto", "pgrowlocks", "pgstattuple", "postgres_fdw", "refint", "seg"),
        *("sslinfo", "tablefunc", "tcn", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp", "xml2"),
    }
)


def how_to_get(extensions: Sequence[str]) -> str:
    """A sentence or two about where these come from, without the last full stop."""
    apart = sorted({_PACKAGES[name] for name in extensions if name in _PACKAGES})
    usual = ["PostgreSQL itself with its contrib modules"] if _WITH_POSTGRES.intersection(extensions) else []
    unknown = [name for name in extensions if name not in _PACKAGES and name not in _WITH_POSTGRES]
    setting = "a folder of server programs in MIGRATION_BOT_POSTGRES"
    said = []
    if apart or usual:
        major = " (N is the server's major version)" if apart else ""
        said.append(f"Install {' and '.join((*usual, *apart))}{major}, or name {setting}")
    if unknown:
        said.append(
            f"No system package of {', '.join(unknown)} is known: name {setting}, or let the policy say that it is "
            "provided (extensions) and make what is used of it (prelude)"
        )
    return ". ".join(said)
