"""The layouts: where a project keeps its migrations, in which order they run, and what its runner does with a file."""

from collections.abc import Mapping

from workers.migrations.atlas import ATLAS
from workers.migrations.dbmate import DBMATE
from workers.migrations.diesel import DIESEL
from workers.migrations.drizzle import DRIZZLE
from workers.migrations.flyway import FLYWAY
from workers.migrations.golang_migrate import GOLANG_MIGRATE
from workers.migrations.goose import GOOSE
from workers.migrations.hasura import HASURA
from workers.migrations.layout import Layout, Project
from workers.migrations.node_pg_migrate import NODE_PG_MIGRATE
from workers.migrations.plain import PLAIN
from workers.migrations.prisma import PRISMA
from workers.migrations.rails import RAILS
from workers.migrations.refinery import REFINERY
from workers.migrations.sqitch import SQITCH
from workers.migrations.sql_migrate import SQL_MIGRATE
from workers.migrations.sqlx import SQLX
from workers.migrations.supabase import SUPABASE

# The more telling first: a folder belongs to the first that claims and knows it.
LAYOUTS: tuple[Layout, ...] = (
    RAILS,
    SUPABASE,
    SQITCH,
    DRIZZLE,
    PRISMA,
    HASURA,
    DIESEL,
    GOOSE,
    DBMATE,
    SQL_MIGRATE,
    NODE_PG_MIGRATE,
    REFINERY,
    FLYWAY,
    ATLAS,
    SQLX,
    GOLANG_MIGRATE,
    PLAIN,
)

# How the names end that claims look at; a repository has many more.
TELLING = (".sql", "sqitch.plan", "_journal.json", "snapshot.json", "atlas.sum", "migration_lock.toml", ".yaml")

BY_NAME: Mapping[str, Layout] = {layout.name: layout for layout in LAYOUTS}

__all__ = ["BY_NAME", "LAYOUTS", "TELLING", "Layout", "Project"]
