"""The commands that empty a database, or may: which words and options make them so, and what to run instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """words: as they follow each other among the arguments that are no options; "*" is any one. options: one of these
    makes it so; () for always. empties: rows are lost for certain; else only when it is run on the wrong database."""

    tools: tuple[str, ...]
    words: tuple[str, ...]
    options: tuple[str, ...]
    empties: bool
    does: str  # after the command itself: drops …
    instead: str
    guard_off: str = ""  # the tool refuses in production, unless this is set

    def said(self, arguments: Sequence[str]) -> str | None:
        """The command in short, without what may hold a secret; None where the arguments are another's."""
        plain = [word.rstrip(",") for word in arguments if not word.startswith("-")]  # mix do ecto.drop, ecto.create
        starts = range(len(plain) - len(self.words) + 1)
        at = next((start for start in starts if _matches(self.words, plain[start:])), None)
        given = {word.partition("=")[0] for word in arguments if word.startswith("-") and not word.endswith("=false")}
        option = next((option for option in self.options if option in given), None)
        if at is None or (self.options and option is None):
            return None
        return " ".join((*plain[at : at + len(self.words)], *([option] if option else ())))


def _matches(wanted: Sequence[str], words: Sequence[str]) -> bool:
    return all(want in ("*", word) for want, word in zip(wanted, words, strict=False))


_PRISMA_DEPLOY = "Run prisma migrate deploy there: it only applies migrations."
_MIGRATE = "Apply migrations there, and nothing else."
_DROPS_ALL = "drops every table with its rows"
_DROPS_DATABASE = "drops the database with all that is in it"
_PUSH = "changes the tables to fit the schema file, without a migration that anybody has read"
_UNDOES_ALL = "undoes every migration, which drops their tables with all rows"
_MAKES_AGAIN = "makes every table of the schema file again, empty"
_RAILS_GUARD_OFF = "DISABLE_DATABASE_ENVIRONMENT_CHECK"
_TYPEORM = ("typeorm", "typeorm-ts-node-commonjs", "typeorm-ts-node-esm")
_SEQUELIZE = ("sequelize", "sequelize-cli")
_DJANGO = ("manage.py", "django-admin")
_DRIZZLE = ("drizzle-kit",)
_FORCED = ("--force", "-f")

# The more telling first: a command is the first that it fits. What is meant for development alone is in the second
# table: nobody minds it but where it is run against what counts.
_EMPTIES: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str, str], ...] = (
    (("prisma",), ("migrate", "reset"), (), _DROPS_ALL, _PRISMA_DEPLOY),
    (("prisma",), ("db", "push"), ("--force-reset",), _DROPS_ALL, _PRISMA_DEPLOY),
    (
        ("prisma",),
        ("db", "push"),
        ("--accept-data-loss",),
        "drops columns and tables that the schema file has no longer, with their rows, and asks nobody",
        _PRISMA_DEPLOY,
    ),
    (
        _DRIZZLE,
        ("push",),
        ("--force",),
        "drops what the schema file has no longer, with its rows, and asks nobody",
        "Run drizzle-kit generate, and drizzle-kit migrate there.",
    ),
    (_TYPEORM, ("schema:drop",), (), _DROPS_ALL, "Run typeorm migration:run there."),
    (("mikro-orm",), ("schema:drop",), ("--run", "-r"), _DROPS_ALL, "Run mikro-orm migration:up there."),
    (("mikro-orm",), ("schema:fresh",), ("--run", "-r"), _DROPS_ALL, "Run mikro-orm migration:up there."),
    (("mikro-orm",), ("migration:fresh",), (), _DROPS_ALL, "Run mikro-orm migration:up there."),
    (_SEQUELIZE, ("db:drop",), (), _DROPS_DATABASE, "Run sequelize db:migrate there."),
    (_SEQUELIZE, ("db:migrate:undo:all",), (), _UNDOES_ALL, "Run sequelize db:migrate there."),
    (("knex",), ("migrate:rollback",), ("--all",), _UNDOES_ALL, "Run knex migrate:latest there."),
    (_DJANGO, ("flush",), (), "deletes every row of every table", "Run manage.py migrate there."),
    (_DJANGO, ("reset_db",), (), _DROPS_DATABASE, "Run manage.py migrate there."),
    (_DJANGO, ("migrate", "*", "zero"), (), "drops the tables of that app with all rows", _MIGRATE),
    (("alembic",), ("downgrade", "base"), (), _UNDOES_ALL, "Run alembic upgrade head there."),
    (("flask",), ("db", "downgrade", "base"), (), _UNDOES_ALL, "Run flask db upgrade there."),
    (("flyway",), ("clean",), (), _DROPS_ALL, "Run flyway migrate there."),
    (("mvn", "mvnw"), ("flyway:clean",), (), _DROPS_ALL, "Run flyway:migrate there."),
    (("gradle", "gradlew"), ("flywayClean",), (), _DROPS_ALL, "Run flywayMigrate there."),
    (("liquibase",), ("dropAll",), (), _DROPS_ALL, "Run liquibase update there."),
    (("liquibase",), ("drop-all",), (), _DROPS_ALL, "Run liquibase update there."),
    (("mvn", "mvnw"), ("liquibase:dropAll",), (), _DROPS_ALL, "Run liquibase:update there."),
    (("dbmate",), ("drop",), (), _DROPS_DATABASE, "Run dbmate migrate there."),
    (("goose",), ("reset",), (), _UNDOES_ALL, "Run goose up there."),
    (("goose",), ("down-to", "0"), (), _UNDOES_ALL, "Run goose up there."),
    (("migrate",), ("drop",), (), _DROPS_ALL, "Run migrate up there."),
    (("migrate",), ("down",), ("-all", "--all"), _UNDOES_ALL, "Run migrate up there."),
    (("atlas",), ("schema", "clean"), (), _DROPS_ALL, "Run atlas migrate apply there."),
    (("supabase",), ("db", "reset"), ("--linked", "--db-url"), _DROPS_ALL, "Run supabase db push there."),
    (("hasura",), ("migrate", "apply", "all"), ("--down",), _UNDOES_ALL, "Run hasura migrate apply there."),
    (("sqlx",), ("database", "drop"), (), _DROPS_DATABASE, "Run sqlx migrate run there."),
    (("sqlx",), ("database", "reset"), (), _DROPS_DATABASE, "Run sqlx migrate run there."),
    (("diesel",), ("database", "reset"), (), _DROPS_DATABASE, "Run diesel migration run there."),
    (("diesel",), ("migration", "revert"), ("--all", "-a"), _UNDOES_ALL, "Run diesel migration run there."),
    *(
        (("artisan",), (command,), (), _DROPS_ALL, "Run artisan migrate there.")
        for command in ("migrate:fresh", "migrate:refresh", "migrate:reset", "db:wipe")
    ),
    (("console",), ("doctrine:database:drop",), _FORCED, _DROPS_DATABASE, _MIGRATE),
    (("console",), ("doctrine:schema:drop",), _FORCED, _DROPS_ALL, _MIGRATE),
    (("mix",), ("ecto.drop",), (), _DROPS_DATABASE, "Run mix ecto.migrate there."),
    (("mix",), ("ecto.reset",), (), _DROPS_DATABASE, "Run mix ecto.migrate there."),
    (("payload",), ("migrate:fresh",), (), _DROPS_ALL, "Run payload migrate there."),
    (("payload",), ("migrate:reset",), (), _UNDOES_ALL, "Run payload migrate there."),
    (("heroku",), ("pg:reset",), (), _DROPS_ALL, _MIGRATE),
    (("dropdb",), (), (), _DROPS_DATABASE, "Leave dropping a database to a person."),
)
_MAY: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str, str], ...] = (
    (("prisma",), ("db", "push"), (), _PUSH, _PRISMA_DEPLOY),
    (
        ("prisma",),
        ("migrate", "dev"),
        (),
        "is for development: it offers to empty the database where that differs from the migrations",
        _PRISMA_DEPLOY,
    ),
    (_DRIZZLE, ("push",), (), _PUSH, "Run drizzle-kit generate, and drizzle-kit migrate there."),
    (_DRIZZLE, ("push:pg",), (), _PUSH, "Run drizzle-kit generate, and drizzle-kit migrate there."),
    (_TYPEORM, ("schema:sync",), (), _PUSH, "Run typeorm migration:run there."),
    (("mikro-orm",), ("schema:update",), ("--run", "-r"), _PUSH, "Run mikro-orm migration:up there."),
    (("atlas",), ("schema", "apply"), ("--auto-approve",), _PUSH, "Run atlas migrate apply there."),
    (("console",), ("doctrine:schema:update",), _FORCED, _PUSH, "Run doctrine:migrations:migrate there."),
)
# https://guides.rubyonrails.org/active_record_migrations.html: refused where the database says that it is production's.
_RAILS_DOES = {
    "db:drop": _DROPS_DATABASE,
    "db:drop:all": _DROPS_DATABASE,
    "db:reset": _DROPS_DATABASE,
    "db:migrate:reset": _DROPS_DATABASE,
    "db:schema:load": _MAKES_AGAIN,
    "db:structure:load": _MAKES_AGAIN,
    "db:setup": _MAKES_AGAIN,
    "db:purge": _DROPS_ALL,
    "db:truncate_all": "deletes every row of every table",
}
KNOWN: tuple[Known, ...] = (
    *(
        Known(tools, words, options, empties, does, instead)
        for table, empties in ((_EMPTIES, True), (_MAY, False))
        for tools, words, options, does, instead in table
    ),
    *(
        Known(("rails", "rake"), (task,), (), True, does, "Run rails db:migrate there.", _RAILS_GUARD_OFF)
        for task, does in _RAILS_DOES.items()
    ),
)
# Those that run SQL; what they are given to run is read as such.
SQL_TOOLS = {"psql": ("-c", "--command"), "prisma": (), "pgcli": ()}
TOOLS = frozenset((*(tool for known in KNOWN for tool in known.tools), *SQL_TOOLS))
