"""How each runner is told that a migration is rolled back, in the words of its history table or of its command line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.migrations import BY_NAME
from workers.report.words import tick

_DIGITS = re.compile(r"\D*(\d+)")
_ROW = "Delete its row from the history table: `DELETE FROM {} WHERE {};`."

# {text}: the version as a string constant; {number}: as a number; {name}: the migration's own; {plain}: the version as
# it is. The tables are those of the runners' default settings.
_MARKS: Mapping[str, str] = {
    # resolve --rolled-back refuses a migration that succeeded (P3012,
    # https://www.prisma.io/docs/orm/reference/error-reference#p3012); to deploy, one is pending again with this.
    "prisma": 'Mark it as rolled back: `UPDATE "_prisma_migrations" SET rolled_back_at = now() WHERE migration_name = '
    "{name} AND rolled_back_at IS NULL`. Where the deploy had failed, `npx prisma migrate resolve --rolled-back "
    "{plain_name}` does so; it refuses a migration that was applied to its end.",
    "plain": "Delete the row of {ticked} from your runner's history table, if it keeps one.",
    "flyway": _ROW.format("flyway_schema_history", "version = {text}") + " Undo migrations are for paying users.",
    "flyway repeatable": "Bring its former text back: a repeatable migration is run again when its text is another.",
    "golang-migrate": "The history table has one row, with the newest number: set it to the migration before this one, "
    "with `migrate force NUMBER` or `UPDATE schema_migrations SET version = NUMBER, dirty = false;`.",
    "goose": _ROW.format("goose_db_version", "version_id = {number}"),
    "dbmate": _ROW.format("schema_migrations", "version = {text}"),
    "sqlx": _ROW.format("_sqlx_migrations", "version = {number}"),
    "sql-migrate": _ROW.format("gorp_migrations", "id = {text}"),
    # Which migrations are still to come is told from the newest created_at
    # (https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/pg-core/dialect.ts).
    "drizzle": "Delete its row from the history table, which knows it by the `when` that meta/_journal.json has for "
    "{ticked}: `DELETE FROM drizzle.__drizzle_migrations WHERE created_at = WHEN;`.",
    "supabase": "Mark it: `supabase migration repair --status reverted {plain}`; that deletes its row of "
    "supabase_migrations.schema_migrations.",
    "diesel": _ROW.format("__diesel_schema_migrations", "version = {text}"),
    "hasura": "Mark it: `hasura migrate apply --type down --version {plain} --skip-execution`, with "
    "`--database-name` where there are several.",
    # https://atlasgo.io/faq/revisions-table-delete-latest
    "atlas": _ROW.format("atlas_schema_revisions.atlas_schema_revisions", "version = {text}")
    + " `atlas migrate set VERSION`, with the version before it, does the same.",
    "node-pg-migrate": _ROW.format("pgmigrations", "name = {name}"),
    "refinery": _ROW.format("refinery_schema_history", "version = {number}"),
    "sqitch": "Mark it: `sqitch revert --log-only --to {plain}^`; that logs it as reverted and runs nothing.",
}


def mark(layout: str, id: str) -> str:
    """One sentence or two; a `backticked` part is SQL or a command. id: the migration's, as its layout tells it."""
    version = _shown(BY_NAME[layout].version(id) if layout in BY_NAME else id)
    digits = _DIGITS.match(version)
    kind = layout if version else f"{layout} repeatable"
    return _MARKS.get(kind, _MARKS["plain"]).format(
        text=_constant(version),
        number=digits[1] if digits else _constant(version),
        name=_constant(_shown(id)),
        plain=version,
        plain_name=_shown(id),
        ticked=tick(id),
    )


def _shown(text: str) -> str:
    """On one line, and without what would end the code around it."""
    return " ".join(text.split()).replace("`", "'")


def _constant(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
