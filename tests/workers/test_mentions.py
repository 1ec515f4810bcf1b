"""Where code names what a migration takes away: what is sought, which lines count, and what a repository answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.repositories import Repo
from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.changes import ColumnDropped
from workers.code import Mention
from workers.facts import Facts
from workers.mentions import Code, mentions_of, sought
from workers.mentions.naming import indexed, naming
from workers.mentions.prisma import read_schema
from workers.mentions.spelling import Part, Sought, shared_names, spelling
from workers.model import Migration, Transaction
from workers.object_changes import EnumValueRemoved, EnumValueRenamed
from workers.rehearsed import Observation, Rehearsal, ServerInfo, Timing
from workers.repository import Line, open_repository
from workers.rules.steps import not_rehearsed
from workers.words import Name

USERS = Name("public", "users")
EMAIL = Sought("public.users.email", Part.COLUMN, USERS, "email")
TOKEN = Sought("public.users.legacy_token", Part.COLUMN, USERS, "legacy_token")
TABLE = Sought("public.users", Part.TABLE, USERS)
ITEMS = Sought("public.order_items", Part.TABLE, Name("public", "order_items"))
ROWS = Sought("rows of public.users", Part.ROWS, USERS)
SAD = Sought("public.mood.sad", Part.VALUE, Name("public", "mood"), "sad")
SCHEMA = """
datasource db { provider = "postgresql" }

model User { // who signs in
  id          Int      @id @default(autoincrement())
  email       String   @unique
  legacyToken String?  @map("legacy_token") @db.VarChar(20)
  hidden      String?  @ignore
  posts       Post[]
  mood        Mood     @default(SAD)
  /// sad String

  @@map("users")
  @@schema("public")
}

model Post {
  id       Int    @id
  author   User   @relation(fields: [authorId], references: [id])
  authorId Int    @map("author_id")
  email    String
}

enum Mood {
  HAPPY @map("happy")
  SAD   @map("sad")
  @@map("mood")
}
"""
DECLARED = read_schema({"prisma/schema.prisma": SCHEMA})


# ---------------------------------------------------------------- schema.prisma


def test_an_empty_schema() -> None:
    assert read_schema({}) == read_schema({"a.prisma": "not a schema {\n"}) == ()


def test_models_and_enums_with_what_the_database_calls_them() -> None:
    user, post, mood = DECLARED
    assert (user.kind, user.name, user.sql, user.schema, user.client, user.line) == (
        *("model", "User", "users", "public", "user", 4),
    )
    assert [(m.name, m.sql, m.line, m.ignored) for m in user.members] == [
        ("id", "id", 5, False),
        ("email", "email", 6, False),
        ("legacyToken", "legacy_token", 7, False),
        ("hidden", "hidden", 8, True),
        ("mood", "mood", 10, False),
    ]
    assert [m.sql for m in post.members] == ["id", "author_id", "email"]
    assert (mood.kind, mood.sql, [(m.name, m.sql) for m in mood.members]) == (
        *("enum", "mood", [("HAPPY", "happy"), ("SAD", "sad")]),
    )


def test_a_schema_in_several_files() -> None:
    files = {"a.prisma": "model A {\n  bs B[]\n}\n", "b.prisma": "model B {\n  id Int @id\n}\n"}
    assert [(b.path, b.line, [m.name for m in b.members]) for b in read_schema(files)] == [
        ("a.prisma", 1, []),
        ("b.prisma", 1, ["id"]),
    ]


# ---------------------------------------------------------------- which lines count


def lines_naming(wanted: Sought, code: str, schema: str = "", shared: frozenset[str] = frozenset()) -> list[int]:
    """The lines of one file that count."""
    how = spelling(wanted, read_schema({"schema.prisma": schema}), shared)
    lines = [Line("a.ts", number, text.strip()) for number, text in enumerate(code.splitlines(), start=1)]
    return [line.number for line in naming(how, indexed(lines, how.words | how.around))]


@pytest.mark.parametrize(
    "line",
    [
        *("legacy_token: true,", "row.legacy_token = null", "db.query('SELECT legacy_token FROM users')"),
        *("legacy_token = Column(String)", "where (select legacy_token)"),
    ],
)
def test_a_word_that_means_nothing_else_counts_wherever_it_stands(line: str) -> None:
    assert lines_naming(TOKEN, line) == [1]


def test_a_word_that_another_table_has_as_well_counts_beside_its_table() -> None:
    code = "legacy_token: true\nuser.legacy_token\nFROM users AS u\nWHERE u.legacy_token = o.legacy_token\nlegacy_token"
    shared = frozenset({"legacy_token"})
    assert lines_naming(TOKEN, code) == [1, 2, 4, 5]
    assert lines_naming(TOKEN, code, shared=shared) == [2, 4]
    assert lines_naming(TOKEN, "SELECT legacy_token FROM users", shared=shared) == [1]


def test_the_name_that_a_library_makes_of_it_counts_where_something_maps_it() -> None:
    code = "user.legacyToken = null\nlegacyToken: 1\n"
    assert lines_naming(TOKEN, code) == []
    assert lines_naming(TOKEN, code + "legacyToken: text('legacy_token'),") == [1, 3]


@pytest.mark.parametrize("line", ["my_legacy_token: true", "// legacy_token", "# legacy_token", "* legacy_token"])
def test_no_part_of_a_word_and_no_comment(line: str) -> None:
    assert lines_naming(TOKEN, line) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("input.email", []),
        ("name: 'email'", []),
        ("user.email", [1]),
        ("user?.email", [1]),
        ("User::email", [1]),
        ("SELECT email FROM users", [1]),
        ("SELECT t.email FROM users AS u, t", []),
        ("SELECT u.email FROM users u, t", [1]),
        ('SELECT "users"."email" FROM "users"', [1]),
        ("SELECT name AS email FROM users WHERE name = $email", []),
        ("FOREIGN KEY (email) REFERENCES users (id)", []),
        ("SELECT email\n FROM users", [1]),
        ("User.where(\n  email: params[:email])", [2]),
        ("class User(Model):\n  id = 1\n  email = TextField()", [3]),
        ("pgTable('users', {\n  email: text('email'),", [2]),
        ("import { email } from 'users'", []),
        ("SELECT 1 FROM users;" + "\n" * 20 + "email", []),
    ],
)
def test_a_common_word_counts_beside_its_table(code: str, expected: list[int]) -> None:
    assert lines_naming(EMAIL, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("prisma.user.findMany({\n  select: { email: true },", [2]),
        ("await tx.user\n  .findMany({ where: { email } })", [2]),
        ("const email = 1\nprisma.user.findMany({\n  select: { email },", [3]),
        ("prisma.post.findMany({\n  select: { email: true },", []),
        ("prisma.user.create({\n  data: { name: input.email },", []),
        ("trpc.user.get.useQuery({ email })", []),
        ("user.email", [1]),
        ('sql`SELECT "email" FROM "users"`', [1]),
        ("<Input name='email' />", []),
    ],
)
def test_with_a_client(code: str, expected: list[int]) -> None:
    assert lines_naming(EMAIL, code, SCHEMA) == expected


def test_what_the_schema_does_not_declare_only_sql_can_name() -> None:
    without = SCHEMA.replace("  legacyToken", "  // legacyToken")
    code = "user.legacyToken\nlegacy_token: 1" + "\n" * 30 + "UPDATE users SET legacy_token = NULL"
    assert lines_naming(TOKEN, code, SCHEMA) == [1, 2, 32]
    assert lines_naming(TOKEN, code, without) == [32]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("users", []),
        ("t('users')", []),
        ("import users from 'users'", []),
        ("document.from(users.map(x))", []),
        ("SELECT 1 FROM users WHERE id = 1", [1]),
        ("DELETE FROM public.users", [1]),
        ("INSERT INTO users(id) VALUES (1)", [1]),
        ("from './users-page'", []),
        ("db.selectFrom('users')", [1]),
        ('@Table(name = "users")', [1]),
        ('__tablename__ = "users"', [1]),
        ('export const users = pgTable("users", {', [1]),
        ("prisma.user.findMany()", []),
    ],
)
def test_a_table(code: str, expected: list[int]) -> None:
    assert lines_naming(TABLE, code) == expected


def test_a_table_of_several_parts_and_a_model() -> None:
    assert lines_naming(ITEMS, "x = order_items.all()") == [1]
    assert lines_naming(
        TABLE, "prisma.user.findMany()\nuser.count\nconst user = 1\ntx.user\n.user.delete({", SCHEMA
    ) == [
        *(1, 4, 5),
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("sad()", []),
        ("tone = 'sad'", []),
        ("Mood.sad", [1]),
        ("type Mood = 'happy' | 'sad'", [1]),
        ("let m: Mood;\nm = 'sad'", [2]),
    ],
)
def test_a_value(code: str, expected: list[int]) -> None:
    assert lines_naming(SAD, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SELECT 1 FROM users", []),
        ("UPDATE users SET a = 1", []),
        ("turn guests into users", []),
        ("INSERT INTO users_old SELECT 1", []),
        ("INSERT INTO posts SELECT 1 FROM users", []),
        ("// INSERT INTO users", []),
        ("seen.insert(user)", []),
        ("seen.insert(0, users)", []),
        ("User.create({ name })", []),
        ("User::create(&pool)", []),
        ("UserFactory.create!", []),
        ("prisma.user.create({", []),
        ("INSERT INTO\n  posts (id)\nSELECT id FROM\n  users", []),
        ("INSERT INTO\n  users (id)\nVALUES (1)", [2]),
        ("INSERT INTO users (id) VALUES (1)", [1]),
        ('insert into "public"."users" values (1)', [1]),
        ("db.insertInto('users').values(x)", [1]),
        ("knex('users').insert(x)", [1]),
        ("client.from('users').upsert(x)", [1]),
        ("DB::table('users')->insertGetId([", [1]),
        ("knex.batchInsert('users', rows)", [1]),
        ("await db.insert(users).values(x)", [1]),
        ("await db\n  .insert(schema.users)\n  .values(x)", [2]),
        ("session.execute(insert(User).values(a=1))", [1]),
        ("diesel::insert_into(users::table)", [1]),
        ("User.create!(name: name)", [1]),
        ("User.create(name: name)", [1]),
        ("User::create(['name' => $name])", [1]),
        ("User.objects.create(name=name)", [1]),
    ],
)
def test_what_inserts_rows(code: str, expected: list[int]) -> None:
    assert lines_naming(ROWS, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("prisma.user.update({", []),
        ("trpc.user.create.useMutation()", []),
        ("prisma.superUser.create({", []),
        ("db.insert(users)", []),
        ("prisma.user.create({", [1]),
        ("tx.user.createMany({", [1]),
        ("ctx.db.user.upsert({", [1]),
        ('prisma.$executeRaw`INSERT INTO "users" VALUES (1)`', [1]),
    ],
)
def test_what_inserts_rows_with_a_client(code: str, expected: list[int]) -> None:
    assert lines_naming(ROWS, code, SCHEMA) == expected


def test_a_table_that_the_client_does_not_know_only_sql_fills() -> None:
    other = Sought("rows of public.teams", Part.ROWS, Name("public", "teams"))
    assert lines_naming(other, "INSERT INTO teams\nTeam.create!\nprisma.teams.create({", SCHEMA) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "from " * 200,
        "insert into " * 80,
        "insert(" * 140,
        "from" + " " * 990,
        "table" * 200,
        "a" * 990 + ".",
        "users " * 160,
    ],
)
def test_no_line_keeps_a_pattern_busy(text: str) -> None:
    """One that tries every way to part such a line takes minutes."""
    code = "\n".join([f"{text} email users"[-1000:]] * 100)
    assert (lines_naming(EMAIL, code), lines_naming(ROWS, code)) == ([], [])


def test_a_name_that_makes_no_class() -> None:
    other = Sought("public._1.email", Part.COLUMN, Name("public", "_1"), "email")
    assert lines_naming(other, "email") == []


def test_a_value_by_the_clients_name() -> None:
    assert lines_naming(SAD, "m = Mood.SAD", SCHEMA) == [1]


def test_names_that_several_tables_have() -> None:
    table = Object(ObjectId(1, 1, 0), Kind.TABLE, ("public", "users"), None, "", {})
    columns = [
        replace(table, id=ObjectId(1, oid, 1), kind=Kind.COLUMN, path=("public", of, name))
        for oid, (of, name) in enumerate([("users", "id"), ("users", "note"), ("teams", "id")])
    ]
    catalog = Catalog({each.id: each for each in (table, *columns)}, "me")
    assert shared_names([], []) == frozenset()
    assert shared_names([catalog, catalog], []) == {"id"}
    assert shared_names([], DECLARED) == {"id", "email"}


# ---------------------------------------------------------------- what is sought


def rehearsal(*sqls: str) -> Rehearsal:
    """Without a server."""
    migrations = (Migration(str(i), f"{i}.sql", sql, Transaction.FILE) for i, sql in enumerate(sqls))
    return Rehearsal(ServerInfo("", "", ""), tuple(map(not_rehearsed, migrations)), Timing())


def keys(*sqls: str) -> dict[str, str]:
    """What is sought, each with the name that code has for it."""
    return {
        each.key: f"{each.owner}.{each.word}" if each.word else str(each.owner) for each in sought(rehearsal(*sqls))
    }


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "ALTER TABLE users ADD COLUMN note text",
        "CREATE TABLE t (a int); ALTER TABLE t DROP COLUMN a; ALTER TABLE t RENAME TO u; DROP TABLE u",
        "ALTER TABLE users ADD COLUMN a int; ALTER TABLE users DROP COLUMN a",
        "ALTER TABLE users DROP COLUMN a; ALTER TABLE users ADD COLUMN a text",
        "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT 1",
        "ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME TO users",
        "ALTER TABLE users RENAME TO users_old; CREATE TABLE users (id int); DROP TABLE users_old",
        "DROP VIEW v; CREATE VIEW v AS SELECT 1",
        "ALTER INDEX i RENAME TO j; DROP INDEX j",
    ],
)
def test_nothing_is_gone(sql: str) -> None:
    assert keys(*sql.split("; ")) == {}
    assert keys(sql) == {}


def test_what_is_gone_by_the_name_in_the_code() -> None:
    sql = "ALTER TABLE users DROP COLUMN email, DROP COLUMN note; DROP TABLE posts; DROP VIEW v;"
    sql += "ALTER SCHEMA s RENAME TO t"
    assert list(keys(sql)) == ["public.users.email", "public.users.note", "public.posts", "public.v", "s"]
    assert keys("ALTER TABLE users RENAME TO people", "ALTER TABLE people RENAME COLUMN a TO b; DROP TABLE people") == {
        "public.users": "public.users",
        "public.people.a": "public.users.a",
        "public.people": "public.users",
    }


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE users ADD a int NOT NULL DEFAULT 1", {}),
        ("CREATE TABLE users (id int); ALTER TABLE users ADD a int NOT NULL", {}),
        ("ALTER TABLE users ADD a int NOT NULL; ALTER TABLE users ALTER a DROP NOT NULL", {}),
        ("ALTER TABLE users ADD a int NOT NULL; ALTER TABLE users ALTER a SET DEFAULT 1", {}),
        ("ALTER TABLE users ADD a int NOT NULL; ALTER TABLE users DROP a", {}),
        ("ALTER TABLE users DROP a; ALTER TABLE users ADD a int NOT NULL", {}),
        ("ALTER TABLE users ADD a int NOT NULL, ADD b int NOT NULL", {"rows of public.users": "public.users"}),
        (
            "ALTER TABLE users RENAME TO people; ALTER TABLE people ADD a int NOT NULL",
            {"public.users": "public.users", "rows of public.people": "public.users"},
        ),
    ],
)
def test_what_asks_each_insert_for_a_value(sql: str, expected: dict[str, str]) -> None:
    assert keys(*sql.split("; ")) == keys(sql) == expected


def test_what_was_observed_goes_before_the_text() -> None:
    (migration,) = rehearsal("SELECT drop_what_is_old()").migrations
    changes = (
        ColumnDropped(USERS, "email", "text"),
        EnumValueRemoved(Name("public", "mood"), "sad"),
        EnumValueRenamed(Name("public", "mood"), "mad", "angry"),
    )
    ran = replace(migration, observations=(Observation(Facts(changes=changes), 1.0),))
    found = sought(replace(rehearsal(), migrations=(ran,)))
    assert found == (EMAIL, SAD, Sought("public.mood.mad", Part.VALUE, Name("public", "mood"), "mad"))


# ---------------------------------------------------------------- a repository

FILES: dict[str, str | bytes | None] = {
    "prisma/schema.prisma": SCHEMA,
    "prisma/migrations/m1/migration.sql": "ALTER TABLE users ADD legacy_token text;",
    "src/tokens.ts": "export const a = (user) =>\n  user.legacyToken;\n",
    "src/tokens.test.ts": "legacyToken\n",
    "src/generated/index.ts": "legacyToken\n",
    "README.md": "legacyToken\n",
    "pnpm-lock.yaml": "legacyToken\n",
    "src/image.png": b"\0legacyToken\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.at(tmp_path)
    repo.commit(FILES)
    return repo


def code(repo: Repo) -> Code:
    repository = open_repository(repo.folder)
    return Code(repository, repository.commit("main"), repository.commit("HEAD"), "prisma/migrations")


def test_nothing_sought_nothing_found(repo: Repo) -> None:
    assert mentions_of(code(repo), ()) == {}


def test_what_nobody_names(repo: Repo) -> None:
    (found,) = mentions_of(code(repo), [replace(TOKEN, word="other_thing")]).values()
    assert (found.base_count, found.head_count) == (0, 0)


def test_both_commits_and_the_declaration_first(repo: Repo) -> None:
    declared = Mention("prisma/schema.prisma", 7, 'legacyToken String? @map("legacy_token") @db.VarChar(20)')
    place = Mention("src/tokens.ts", 2, "user.legacyToken;")
    (found,) = mentions_of(code(repo), [TOKEN]).values()
    assert found.at_base == found.at_head == (declared, place)
    repo.commit({"src/other.ts": "users.legacyToken\n" * 7, "src/tokens.ts": None}, branch="feature")
    (found,) = mentions_of(code(repo), [TOKEN]).values()
    assert (found.at_base, found.base_count) == ((declared, place), 2)
    assert ([m.line for m in found.at_head], found.head_count) == ([7, 1, 2, 3, 4], 8)


def test_a_field_that_the_client_does_not_know(repo: Repo) -> None:
    ignored = SCHEMA.replace("@db.VarChar(20)", "@ignore")
    repo.commit({"prisma/schema.prisma": ignored, "src/tokens.ts": None}, branch="feature")
    (found,) = mentions_of(code(repo), [TOKEN]).values()
    assert (found.base_count, found.head_count) == (2, 0)


def test_a_declared_table_breaks_nobody_who_does_not_ask_for_it(repo: Repo) -> None:
    (found,) = mentions_of(code(repo), [TABLE]).values()
    assert (found.at_base, [m.path for m in found.at_head]) == ((), ["prisma/schema.prisma"])


def test_who_inserts_is_no_declaration(repo: Repo) -> None:
    repo.commit({"src/sign_up.ts": "await prisma.user.create({\n", "src/sign_up.test.ts": "prisma.user.create({\n"})
    (found,) = mentions_of(code(repo), [ROWS]).values()
    assert found.at_base == found.at_head == (Mention("src/sign_up.ts", 1, "await prisma.user.create({"),)


def test_all_is_searched_where_much_differs(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.mentions.lookup._DIFFERING_MAX", 0)
    repo.commit({"src/other.ts": "legacyToken\n"}, branch="feature")
    (found,) = mentions_of(code(repo), [TOKEN]).values()
    assert [m.path for m in found.at_head] == ["prisma/schema.prisma", "src/other.ts", "src/tokens.ts"]


def test_a_search_that_did_not_end_says_nothing_of_what_it_did_not_find(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.repository._GREP_BYTES", 70)
    other = replace(TOKEN, key="other", word="other_thing")
    assert list(mentions_of(code(repo), [TOKEN, other])) == [TOKEN.key]
