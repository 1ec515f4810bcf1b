import pytest

from tests.workers.migrations.told import FILE, SIMPLE_QUERY, ids, owners, ways
from workers.migrations.hasura import HASURA
from workers.migrations.layout import Entry, Way
from workers.model import Transaction


def test_detection() -> None:
    assert owners({"hasura/migrations/default/1595524527514_a/up.sql": ""}) == {"hasura/migrations/default": "hasura"}
    named = {"hasura/migrations/default/20240102030405_a/up.sql": ""}
    assert owners(named) == {"hasura/migrations/default": "diesel"}
    project = {**named, "hasura/config.yaml": "", "hasura/metadata/version.yaml": ""}
    assert owners(project) == {"hasura/migrations/default": "hasura"}
    assert owners({"migrations/1595524527514_a/down.sql": ""}) == {}


def test_order_is_by_number() -> None:
    names = ["1595524527514_b", "159_a", "1595524527513_c", "x_1", "1595524527515"]
    assert ids(HASURA, *(f"{name}/up.sql" for name in names)) == ["159_a", "1595524527513_c", "1595524527514_b"]


def test_its_files() -> None:
    paths = ["m/1_a/up.sql", "m/1_a/down.sql", "m/2_b/up.sql", "m/2_b/up.yaml"]
    assert HASURA.entries(paths, "m") == (
        Entry("1_a", "m/1_a/up.sql", "m/1_a/down.sql"),
        Entry("2_b", "m/2_b/up.sql"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1;", FILE),
        ("", FILE),
        ("  -- hasura:no-transaction  \r\nSELECT 1;", SIMPLE_QUERY),
        ("\n-- hasura:no-transaction\nSELECT 1;", FILE),
        ("-- hasura:no-transaction please\nSELECT 1;", FILE),
    ],
)
def test_each_file_opts_out_by_itself(text: str, expected: Transaction) -> None:
    assert ways(HASURA, text, "SELECT 2;") == (Way(text, expected), Way("SELECT 2;", FILE))
    assert ways(HASURA, "SELECT 2;", text) == (Way("SELECT 2;", FILE), Way(text, expected))


def test_the_history_table_has_the_number() -> None:
    assert HASURA.version("1595524527514_a") == "1595524527514"
