"""A small project in each layout, read as the repository's own commit would be, for the tests of history tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from workers.migrations import BY_NAME
from workers.migrations.layout import Entry, Files
from workers.model import Down, Migration

UP, BACK = "CREATE TABLE {0} (id int);\n", "DROP TABLE {0};\n"
NAMES = ("ants", "bees", "cats")


@dataclass(frozen=True, slots=True)
class Project:
    layout: str
    directory: str
    files: Mapping[str, str]

    def migrations(self, files: Mapping[str, str] | None = None) -> tuple[Migration, ...]:
        """files: instead of the project's own."""
        layout, texts = BY_NAME[self.layout], self.files if files is None else files
        read = texts.__getitem__
        listed = layout.listed(layout.entries(texts, self.directory), texts, self.directory, read)
        usual = layout.learned([texts[one.path] for one in listed], layout.transaction(texts, self.directory, read))

        def migration(one: Entry) -> Migration:
            text, down, settings = (path and texts[path] for path in (one.path, one.down, one.settings))
            assert text is not None
            there, back = layout.ways(Files(text, down, settings, one.path), usual)
            way_back = Down(one.down or one.path, back.text, back.transaction) if back else None
            whole = None if there.text == text else text
            return Migration(
                one.id, one.path, there.text, there.transaction, None, way_back, known_as=one.known_as, whole=whole
            )

        return tuple(map(migration, listed))

    def edited(self, old: str, new: str) -> tuple[Migration, ...]:
        """With other words in its files."""
        return self.migrations({path: text.replace(old, new) for path, text in self.files.items()})

    def without(self, word: str) -> tuple[Migration, ...]:
        """Without the files that have the word in their path."""
        return self.migrations({path: text for path, text in self.files.items() if word not in path})


def _files(pattern: str, text: str = UP) -> dict[str, str]:
    return {pattern.format(number, name): text.format(name) for number, name in enumerate(NAMES, 1)}


def _marked(up: str, down: str) -> str:
    return f"{up}\n{UP}{down}\n{BACK}"


def _drizzle() -> dict[str, str]:
    rows = [{"idx": n, "when": 1700000000000 + n, "tag": f"000{n}_{name}"} for n, name in enumerate(NAMES, 1)]
    text = "CREATE TABLE {0} (id int)\n--> statement-breakpoint\nCREATE INDEX ON {0} (id);"
    return {
        "drizzle/meta/_journal.json": json.dumps({"dialect": "postgresql", "entries": rows}),
        **_files("drizzle/000{}_{}.sql", text),
    }


def _rails() -> dict[str, str]:
    listed = ",\n".join(f"('{number}')" for number in range(1, 4))
    dump = "".join(UP.format(name) for name in NAMES)
    head = "SET statement_timeout = 0;\n-- PostgreSQL database dump\n"
    return {
        "db/structure.sql": f'{head}{dump}INSERT INTO "schema_migrations" (version) VALUES\n{listed};\n',
        **_files("db/migrate/{}_{}.rb", "class {0}; end"),
    }


_SQITCH = "%project=shop\n\n" + "".join(f"{name} 2024-01-01T00:00:00Z A <a@b.c>\n" for name in NAMES)

PROJECTS = {
    one.layout: one
    for one in (
        Project("prisma", "prisma/migrations", _files("prisma/migrations/{}_{}/migration.sql")),
        Project("plain", "migrations", _files("migrations/{}_{}.sql")),
        Project(
            "dbmate", "db/migrations", _files("db/migrations/{}_{}.sql", _marked("-- migrate:up", "-- migrate:down"))
        ),
        Project(
            "diesel",
            "migrations",
            _files("migrations/2024-01-0{}-000000_{}/up.sql")
            | _files("migrations/2024-01-0{}-000000_{}/down.sql", BACK),
        ),
        Project("goose", "migrations", _files("migrations/0{}_{}.sql", _marked("-- +goose Up", "-- +goose Down"))),
        Project(
            "node-pg-migrate",
            "migrations",
            _files("migrations/{}_{}.sql", _marked("-- Up Migration", "-- Down Migration")),
        ),
        Project(
            "sql-migrate", "migrations", _files("migrations/{}_{}.sql", _marked("-- +migrate Up", "-- +migrate Down"))
        ),
        Project("supabase", "supabase/migrations", _files("supabase/migrations/2024010{}000000_{}.sql")),
        Project("sqlx", "migrations", _files("migrations/{}_{}.sql")),
        Project("refinery", "migrations", _files("migrations/V{}__{}.sql")),
        Project("flyway", "sql", _files("sql/V1_{}__{}.sql")),
        Project(
            "golang-migrate",
            "migrations",
            _files("migrations/0{}_{}.up.sql") | _files("migrations/0{}_{}.down.sql", BACK),
        ),
        Project("drizzle", "drizzle", _drizzle()),
        Project("atlas", "migrations", _files("migrations/2024010{}_{}.sql") | {"migrations/atlas.sum": "h1:"}),
        Project("hasura", "migrations/default", _files("migrations/default/170000000000{}_{}/up.sql")),
        Project("sqitch", "", {f"deploy/{name}.sql": UP.format(name) for name in NAMES} | {"sqitch.plan": _SQITCH}),
        Project("rails", "db/migrate", _rails()),
    )
}
