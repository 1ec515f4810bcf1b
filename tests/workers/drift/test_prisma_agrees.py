"""Prisma's own engine, over the database itself, sees drift where we see it, and none where we see none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prisma_cli.cli import PrismaCli, available
from tests.workers.drift.prisma_schema import DDL, SCHEMA, SEEN, UNSEEN
from workers.postgres.cluster import Cluster, Role

pytestmark = pytest.mark.skipif(bool(available()), reason=available())

_NAME = "drift_oracle"


@pytest.fixture
def cli(tmp_path: Path) -> PrismaCli:
    project = PrismaCli(tmp_path)
    (tmp_path / "prisma" / "schema.prisma").write_text(SCHEMA)
    return project


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    """Of a database with the schema as Prisma makes it."""
    cluster.create_database(_NAME)
    with cluster.connect(Role.MIGRATION, _NAME) as connection:
        connection.execute(DDL.encode())
    yield f"postgresql://{Role.MIGRATION.value}@localhost/{_NAME}?host={cluster.socket_folder}"
    cluster.drop_database(_NAME)


def changed(cluster: Cluster, sql: str) -> None:
    with cluster.connect(Role.MIGRATION, _NAME) as connection:
        connection.execute(sql.encode())


@pytest.mark.campaign
@pytest.mark.parametrize("sql", ["SELECT 1", *UNSEEN])
def test_it_sees_no_drift_where_we_see_none(cluster: Cluster, cli: PrismaCli, url: str, sql: str) -> None:
    changed(cluster, sql)
    assert cli.diff(url).code == 0


@pytest.mark.campaign
@pytest.mark.parametrize("sql", [sql for sql, _ in SEEN[::3]])  # each call takes seconds
def test_it_sees_drift_where_we_see_it(cluster: Cluster, cli: PrismaCli, url: str, sql: str) -> None:
    changed(cluster, sql)
    assert cli.diff(url).code == 2
