import json

import pytest

from tests.workers.migrations.told import FILE, owners, ways
from workers.migrations.drizzle import DRIZZLE
from workers.migrations.layout import Entry, Way

JOURNAL = "app/drizzle/meta/_journal.json"


def journal(*tags: str, dialect: str = "postgresql") -> str:
    rows = [{"idx": index, "when": 100 - index, "tag": tag} for index, tag in enumerate(tags)]
    return json.dumps({"version": "7", "dialect": dialect, "entries": rows})


def listed(files: dict[str, str], directory: str = "app/drizzle") -> tuple[Entry, ...]:
    return DRIZZLE.listed(DRIZZLE.entries(files, directory), files, directory, files.__getitem__)


def test_detection() -> None:
    assert owners({"app/drizzle/0000_a.sql": "", JOURNAL: journal("0000_a")}) == {"app/drizzle": "drizzle"}
    assert owners({"migrations/0000_a.sql": "", "migrations/meta/_journal.json": "{}"}) == {"migrations": "drizzle"}
    assert owners({"supabase/migrations/0000_a.sql": "", "supabase/migrations/meta/_journal.json": "{}"}) == {
        "supabase/migrations": "supabase"
    }
    folder = "drizzle/migrations/20240102030405_a"
    assert owners({f"{folder}/migration.sql": "", f"{folder}/snapshot.json": ""}) == {"drizzle/migrations": "drizzle"}
    assert owners({f"{folder}/migration.sql": ""}) == {"drizzle/migrations": "prisma"}
    assert owners({"meta/_journal.json": "{}"}) == {"": "drizzle"}


def test_the_journal_says_which_and_in_what_order() -> None:
    files = {f"app/drizzle/{name}.sql": "" for name in ("0000_a", "0001_b", "0002_by_hand")}
    files[JOURNAL] = journal("0001_b", "0000_a", "0003_gone")
    assert listed(files) == (Entry("0001_b", "app/drizzle/0001_b.sql"), Entry("0000_a", "app/drizzle/0000_a.sql"))
    assert [entry.order for entry in listed(files)] == [(100, "0001_b"), (99, "0000_a")]
    assert [entry.known_as for entry in listed(files)] == ["100", "99"]


def test_folders_are_sorted_by_name() -> None:
    files = {f"m/{name}/{file}": "" for name in ("2_b", "10_a") for file in ("migration.sql", "snapshot.json")}
    assert listed(files, "m") == (Entry("10_a", "m/10_a/migration.sql"), Entry("2_b", "m/2_b/migration.sql"))


@pytest.mark.parametrize("text", ['{"entries": {}}', '{"entries": ["0000_a", {"tag": 1}]}'])
def test_a_journal_that_lists_nothing(text: str) -> None:
    assert listed({"app/drizzle/0000_a.sql": "", JOURNAL: text}) == ()


@pytest.mark.parametrize("text", ["", "[]", "not json", "{}", "[" * 100_000])
def test_a_journal_that_cannot_be_read_hides_no_file(text: str) -> None:
    assert [entry.id for entry in listed({"app/drizzle/0000_a.sql": "", JOURNAL: text})] == ["0000_a"]


def test_files_before_there_was_a_journal() -> None:
    assert listed({"app/drizzle/0000_a.sql": ""}) == ()


def test_another_dialect_is_refused() -> None:
    for dialect, expected in (
        ("postgresql", None),
        ("pg", None),
        ("sqlite", f"{JOURNAL}: the dialect is sqlite, not postgresql"),
    ):
        files = {JOURNAL: journal(dialect=dialect)}
        assert DRIZZLE.refuses(files, "app/drizzle", files.__getitem__) == expected
    assert DRIZZLE.refuses({}, "app/drizzle", str) is None


def test_one_transaction_and_no_way_back() -> None:
    text = "SELECT 1;\r\n--> statement-breakpoint\r\nSELECT 2;\r\n"
    assert ways(DRIZZLE, text) == (Way(text, FILE), None)


def test_a_breakpoint_ends_a_statement() -> None:
    text = "SELECT 1--> statement-breakpoint\r\nSELECT 2\r\n\r\n--> statement-breakpoint\r\nSELECT 3 -- > 2\r\n"
    expected = "SELECT 1;\r\nSELECT 2\r\n\r\n;\r\nSELECT 3 -- > 2\r\n"
    assert ways(DRIZZLE, text) == (Way(expected, FILE), None)
