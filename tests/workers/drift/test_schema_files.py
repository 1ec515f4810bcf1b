"""Where a Prisma project keeps its schema, as far as its settings say so in plain words."""

from __future__ import annotations

import pytest

from workers.drift.managed import Leeway
from workers.drift.schema_files import Found, find_schema, guessed_major, leeway

DIRECTORY = "packages/db/prisma/migrations"
ONE, PART = "packages/db/prisma/schema.prisma", "packages/db/prisma/models/user.prisma"
CONFIG = "packages/db/prisma.config.ts"


def found(files: dict[str, str]) -> Found | None:
    return find_schema(files, DIRECTORY, files.__getitem__)


def test_no_schema_is_nothing() -> None:
    assert found({f"{DIRECTORY}/1_a/migration.sql": "", "other/schema.prisma": ""}) is None


@pytest.mark.parametrize(
    ("settings", "place", "paths"),
    [
        ({}, ONE, (ONE,)),  # a folder has to be asked for
        ({CONFIG: 'export default { schema: "prisma/schema.prisma" }'}, ONE, (ONE,)),
        (
            {CONFIG: "export default { schema: path.join(__dirname, 'prisma'), x: 1 }"},
            "packages/db/prisma",
            (PART, ONE),
        ),
        (
            {CONFIG: "// schema: 'no'\nexport default { schema: './prisma/models' }"},
            "packages/db/prisma/models",
            (PART,),
        ),
        ({"package.json": '{"prisma": {"schema": "./packages/db/prisma"}}'}, "packages/db/prisma", (PART, ONE)),
        ({"packages/db/package.json": '{"prisma": {"schema": "gone.prisma"}}'}, ONE, (ONE,)),
        ({"package.json": "{"}, ONE, (ONE,)),
    ],
)
def test_settings_say_where(settings: dict[str, str], place: str, paths: tuple[str, ...]) -> None:
    assert found({ONE: "", PART: "", **settings}) == Found(place, paths)


def test_without_a_file_of_the_usual_name_it_is_the_folder() -> None:
    assert found({PART: ""}) == Found("packages/db/prisma", (PART,))


def test_what_is_external_is_told() -> None:
    config = "export default { tables: { external: ['auth.users', \"spatial\"] }, enums: { external: ['auth.level'] } }"
    assert found({ONE: "", CONFIG: config}) == Found(ONE, (ONE,), frozenset({"auth.users", "spatial", "auth.level"}))


def test_the_address_tells_the_major_version() -> None:
    six = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
    assert guessed_major([six]) == 6
    assert guessed_major(["model A {\n  url String\n}\n", six.replace("  url = ", "  // url = ")]) == 7


def test_what_is_left_open_is_told_by_the_names_of_the_database() -> None:
    schema = """
model Place {
  id    String @id @default(dbgenerated("gen_random_uuid()"))
  count Int    @default(dbgenerated())
  shape Unsupported("geometry")? @map("geom")
  @@map("places")
}
"""
    assert leeway({ONE: schema}, ("a",)) == Leeway(
        frozenset({("places", "count")}), frozenset({("places", "geom")}), frozenset({"a"})
    )
