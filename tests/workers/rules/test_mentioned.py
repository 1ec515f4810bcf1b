"""What findings say about code that names what is taken away."""

from __future__ import annotations

import pytest

from tests.workers.rules.build import messages, step
from workers.changes import ColumnAdded, ColumnDropped, ColumnRenamed, TableDropped, TableRenamed
from workers.code import Mention, Mentions
from workers.facts import Facts
from workers.object_changes import ObjectCreated, ObjectRenamed
from workers.rules import column_dropped, column_replaced, renamed, required_column_added, table_dropped
from workers.words import Name

USERS, PEOPLE, MOOD = Name("public", "users"), Name("public", "people"), Name("public", "mood")
EMAIL = "public.users.email"
DROPPED = ColumnDropped(USERS, "email", "text")
DECLARED, PLACE = Mention("db/schema.prisma", 7, "email String"), Mention("a.ts", 3, "user.email")
HEAD = Mentions((PLACE,), (DECLARED, PLACE), 1, 12)
BASE = Mentions((DECLARED, PLACE), (), 2, 0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "Deploy code that no longer names the column first, and drop it in a later release."),
        (Mentions(), "No code that names the column was found in this repository."),
        (
            HEAD,
            "Code still names it after this pull request: db/schema.prisma:7, a.ts:3 and 10 more. Deploy code without "
            "the column first, and drop it in a later release.",
        ),
        (
            BASE,
            "Code that runs while this is deployed names it and fails: db/schema.prisma:7, a.ts:3. Split this pull "
            "request: deploy the code without the column (@ignore the field in schema.prisma) first, and drop it in a "
            "later release.",
        ),
    ],
)
def test_a_dropped_column(found: Mentions | None, expected: str) -> None:
    made = step("SELECT 1", Facts(changes=(DROPPED,)), mentions={EMAIL: found} if found else {})
    lost = "public.users.email is dropped with its values; only a backup brings them back."
    assert messages(column_dropped.RULE, made) == [f"{lost} {expected}"]


def test_a_dropped_table() -> None:
    found = Mentions((PLACE,), (), 1, 0)
    made = step("SELECT 1", Facts(changes=(TableDropped(USERS),)), mentions={"public.users": found})
    assert messages(table_dropped.RULE, made) == [
        "public.users is dropped with all its rows; only a backup brings them back. Code that runs while this is "
        "deployed names it and fails: a.ts:3. Split this pull request: deploy the code without the table first, and "
        "drop it in a later release."
    ]


def test_a_replaced_column() -> None:
    added = ColumnAdded(USERS, "mail", "text", not_null=False, has_default=False)
    facts = Facts(changes=(DROPPED, added))
    (unknown,) = messages(column_replaced.RULE, step("SELECT 1", facts))
    (named,) = messages(column_replaced.RULE, step("SELECT 1", facts, mentions={EMAIL: BASE}))
    runs = "code that runs while this is deployed names it (db/schema.prisma:7, a.ts:3)"
    assert "While the old code runs: add mail" in unknown
    assert named == unknown.replace("the old code runs", runs)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "code that runs while this is deployed still uses the old name and fails."),
        (Mentions(), "no code that uses the old name was found in this repository, but other programs may."),
        (BASE, "code that runs while this is deployed names it (db/schema.prisma:7, a.ts:3) and fails."),
        (HEAD, "code still names it after this pull request (db/schema.prisma:7, a.ts:3 and 10 more) and fails."),
    ],
)
def test_a_renamed_column(found: Mentions | None, expected: str) -> None:
    facts = Facts(changes=(ColumnRenamed(USERS, "email", "mail"),))
    (message,) = messages(renamed.RULE, step("SELECT 1", facts, mentions={EMAIL: found} if found else {}))
    assert message.startswith(f"email of public.users is renamed to mail: {expected} Add the new column, ")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "code that does not set the column can no longer insert."),
        (Mentions(at_head=(PLACE,), head_count=1), "code that does not set the column can no longer insert."),
        (
            Mentions((PLACE,), (), 7, 0),
            "code that runs while this is deployed inserts without email, and fails (a.ts:3 and 6 more).",
        ),
    ],
)
def test_a_required_column(found: Mentions | None, expected: str) -> None:
    facts = Facts(changes=(ColumnAdded(USERS, "email", "text", not_null=True, has_default=False),))
    made = step("SELECT 1", facts, mentions={"rows of public.users": found} if found else {})
    (message,) = messages(required_column_added.RULE, made)
    assert message.startswith(
        "email is added to public.users as NOT NULL without a default: it fails if the table has rows, and "
        f"{expected} Give it a DEFAULT, "
    )


@pytest.mark.parametrize(
    "later",
    [
        ObjectCreated("view", USERS),
        TableRenamed(Name("public", "users_new"), USERS),
        ObjectRenamed("view", PEOPLE, USERS),
    ],
)
def test_a_name_that_is_there_again(later: ObjectCreated | TableRenamed | ObjectRenamed) -> None:
    facts = Facts(changes=(TableRenamed(USERS, PEOPLE),))
    assert len(messages(renamed.RULE, step("SELECT 1", facts))) == 1
    assert messages(renamed.RULE, step("SELECT 1", facts, later=(later,))) == []


def test_a_column_whose_place_another_takes() -> None:
    facts = Facts(changes=(ColumnRenamed(USERS, "id", "id_old"),))
    again = ColumnRenamed(USERS, "id_new", "id")
    assert messages(renamed.RULE, step("SELECT 1", facts, later=(again,))) == []


@pytest.mark.parametrize("kind", ["index", "sequence", "trigger", "constraint", "policy"])
def test_nobody_names_an_index(kind: str) -> None:
    assert messages(renamed.RULE, step("SELECT 1", Facts(changes=(ObjectRenamed(kind, USERS, PEOPLE),)))) == []


def test_a_type_that_is_made_anew() -> None:
    facts = Facts(changes=(ObjectRenamed("enum", MOOD, Name("public", "mood_old")),))
    assert len(messages(renamed.RULE, step("SELECT 1", facts))) == 1
    assert messages(renamed.RULE, step("SELECT 1", facts, later=(ObjectCreated("enum", MOOD),))) == []
    assert messages(renamed.RULE, step("SELECT 1", facts, earlier=(ObjectCreated("enum", MOOD),))) == []


def test_the_tables_of_a_renamed_schema_are_told_with_it() -> None:
    schema = ObjectRenamed("schema", Name("", "shop"), Name("", "store"))
    facts = Facts(changes=(schema, TableRenamed(Name("shop", "users"), Name("store", "users"))))
    (message,) = messages(renamed.RULE, step("SELECT 1", facts))
    assert message.startswith("The schema shop is renamed to store: ")
