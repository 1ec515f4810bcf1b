import json
from pathlib import Path

import pytest

from tests.repositories import Repo, plain, prisma
from workers.errors import InputError, NoMigrations
from workers.gather import Between, gather
from workers.model import Change, Down, Migration, MigrationSet, Transaction
from workers.projects import Tree, Wanted
from workers.repository import open_repository

ONE, TWO = "CREATE TABLE one (id int);\n", "CREATE TABLE two (id int);\n"


def gathered(repo: Repo, base: str, head: str, wanted: Wanted = Wanted()) -> MigrationSet:  # noqa: B008  frozen
    (found,) = gather(open_repository(repo.folder), Between(base, head), (wanted,))
    return found


def summary(found: MigrationSet) -> list[tuple[str, str]]:
    return [(changed.change.value, changed.migration.id) for changed in found.changed]


def test_nothing_changed(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(prisma(m1=ONE))
    head = repo.commit({"src/app.ts": "1"}, branch="feature")
    found = gathered(repo, base, head)
    assert (found.layout, found.directory) == ("prisma", "prisma/migrations")
    assert [m.id for m in found.history] == ["m1"]
    assert found.changed == ()


def test_added(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(prisma(m1=ONE))
    head = repo.commit(prisma(m2=TWO, m3=ONE), branch="feature")
    found = gathered(repo, base, head)
    assert summary(found) == [("added", "m2"), ("added", "m3")]
    assert found.added[0].path == "prisma/migrations/m2/migration.sql"
    assert found.added[0].text == TWO
    assert not any(changed.out_of_order for changed in found.changed)


def test_what_base_merged_meanwhile_is_history_and_not_deleted(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    repo.commit(prisma(m1=ONE))
    head = repo.commit(prisma(m3=TWO), branch="feature")
    repo.git("switch", "-q", "main")
    base = repo.commit(prisma(m2=TWO))
    found = gathered(repo, base, head)
    assert [m.id for m in found.history] == ["m1", "m2"]
    assert summary(found) == [("added", "m3")]
    assert not found.changed[0].out_of_order


def test_older_than_what_base_merged_meanwhile_is_out_of_order(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    repo.commit(prisma(m1=ONE))
    head = repo.commit(prisma(m2=TWO), branch="feature")
    repo.git("switch", "-q", "main")
    base = repo.commit(prisma(m3=TWO))
    (changed,) = gathered(repo, base, head).changed
    assert (changed.change, changed.out_of_order) == (Change.ADDED, True)


def test_already_merged_in_the_same_words(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    repo.commit(prisma(m1=ONE))
    head = repo.commit(prisma(m2=TWO), branch="feature")
    repo.git("switch", "-q", "main")
    base = repo.commit(prisma(m2=TWO.replace("\n", "\r\n")))
    assert gathered(repo, base, head).changed == ()


def test_one_id_with_two_texts_on_two_branches(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    repo.commit(prisma(m1=ONE))
    head = repo.commit(prisma(m2=TWO), branch="feature")
    repo.git("switch", "-q", "main")
    base = repo.commit(prisma(m2=ONE))
    assert summary(gathered(repo, base, head)) == [("edited", "m2")]


def test_edited_deleted_renamed(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(prisma(m1=ONE, m2=TWO, m3="SELECT 1;", m4="SELECT 2;"))
    head = repo.commit(prisma(m1=None, m2=ONE, m3=None, m5="SELECT 1;"), branch="feature")
    found = gathered(repo, base, head)
    assert summary(found) == [("deleted", "m1"), ("edited", "m2"), ("renamed", "m5")]
    assert [m.id for m in found.history] == ["m1", "m2", "m3", "m4"]
    assert found.added == ()
    renamed = found.changed[2]
    assert renamed.before is not None
    assert renamed.before.id == "m3"


def test_other_line_ends_are_no_edit(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(prisma(m1="SELECT 1;\nSELECT 2;\n"))
    head = repo.commit(prisma(m1="SELECT 1;\r\nSELECT 2;\r\n"), branch="feature")
    assert gathered(repo, base, head).changed == ()


def test_what_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(prisma(m1=ONE))
    head = repo.commit(prisma(m2=b"SELECT 1;\n-- caf\xe9\n"), branch="feature")
    (migration,) = gathered(repo, base, head).added
    assert migration.undecodable == 2
    assert migration.text == "SELECT 1;\n-- caf\ufffd\n"


def test_plain_layout(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(plain(_9_a=ONE))
    head = repo.commit(plain(_10_b=TWO), branch="feature")
    found = gathered(repo, base, head)
    assert (found.layout, found.directory) == ("plain", "migrations")
    assert [m.id for m in found.added] == ["10_b"]
    assert found.added[0].transaction is Transaction.FILE


def test_the_changed_project_of_several_is_taken(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({**prisma(m1=ONE, m2=TWO), **plain(_1_a=ONE)})
    head = repo.commit(plain(_2_b=TWO), branch="feature")
    assert gathered(repo, base, head).directory == "migrations"


def test_each_changed_project_is_taken(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({**prisma(m1=ONE), **plain(_1_a=ONE), "db/migrations/1_x.sql": ONE})
    head = repo.commit({**prisma(m2=TWO), **plain(_2_b=TWO)}, branch="feature")
    found = gather(open_repository(repo.folder), Between(base, head), (Wanted(),))
    assert [(one.layout, one.directory, summary(one), one.alone) for one in found] == [
        ("plain", "migrations", [("added", "2_b")], False),
        ("prisma", "prisma/migrations", [("added", "m2")], False),
    ]
    named = gathered(repo, base, head, Wanted(directory="migrations"))
    assert (named.layout, named.alone) == ("plain", True)


def test_projects_that_are_named_are_the_only_ones(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({**prisma(m1=ONE), **plain(_1_a=ONE), "old/sql/1_x.sql": ONE})
    head = repo.commit({**prisma(m2=TWO), **plain(_2_b=TWO), "old/sql/2_x.sql": TWO}, branch="feature")
    wanted = (Wanted(directory="old/sql"), Wanted("plain", "migrations", Transaction.STATEMENT))
    found = gather(open_repository(repo.folder), Between(base, head), wanted)
    assert [(one.directory, one.others, one.added[0].transaction) for one in found] == [
        ("migrations", ("old/sql",), Transaction.STATEMENT),
        ("old/sql", ("migrations",), Transaction.FILE),
    ]
    with pytest.raises(InputError, match=r"^gone/: no migrations found at "):
        gather(open_repository(repo.folder), Between(base, head), (*wanted, Wanted(directory="gone")))


def test_one_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    mysql = {"b/prisma/migrations/migration_lock.toml": 'provider = "mysql"\n'}
    base = repo.commit({**plain(_1_a=ONE), **mysql, "b/prisma/migrations/m1/migration.sql": ONE})
    other: dict[str, str | bytes | None] = {"b/prisma/migrations/m2/migration.sql": TWO}
    both = repo.commit({**plain(_2_b=TWO), **other}, branch="feature")
    broken, fine = gather(open_repository(repo.folder), Between(base, both), (Wanted(),))
    why = "b/prisma/migrations/migration_lock.toml: the provider is mysql, not postgresql"
    assert (broken.why_not, broken.changed, summary(fine)) == (why, (), [("added", "2_b")])
    repo.git("switch", "-q", "main")
    alone = repo.commit(other, branch="alone")
    with pytest.raises(InputError, match=why):
        gathered(repo, base, alone)


def test_files_that_only_another_layout_would_run_are_told(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"db/V1__a.sql": ONE, "db/1_a.up.sql": ONE, "db/2_b.up.sql": ONE})
    head = repo.commit({"db/3_c.up.sql": TWO, "db/2_b.up.sql": TWO}, branch="feature")
    found = gathered(repo, base, head)
    assert (found.layout, found.changed, found.passed_over) == ("flyway", (), ("db/2_b.up.sql", "db/3_c.up.sql"))
    assert found.mixed.startswith("db holds migrations of two layouts, flyway (V1__a.sql) and golang-migrate")
    told = gathered(repo, base, head, Wanted("golang-migrate"))
    assert (told.mixed, told.passed_over, summary(told)) == ("", (), [("edited", "2_b"), ("added", "3_c")])


def test_what_is_not_changed_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.at(tmp_path)
    many: dict[str, str | bytes | None] = {f"examples/{n}/migrations/{m}_a.sql": ONE for n in range(9) for m in (1, 2)}
    base = repo.commit(many)
    head = repo.commit({"examples/3/migrations/3_b.sql": TWO}, branch="feature")
    read: list[str] = []
    text = Tree.text

    def noted(tree: Tree, path: str) -> str:
        read.append(path)
        return text(tree, path)

    monkeypatch.setattr(Tree, "text", noted)
    assert gathered(repo, base, head).directory == "examples/3/migrations"
    assert {path for path in read if not path.startswith("examples/3/")} == set()


def test_a_policy_decides_layout_and_transaction(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"odd/1_a.sql": ONE})
    head = repo.commit({"odd/2_b.sql": TWO}, branch="feature")
    wanted = Wanted("plain", "odd", Transaction.STATEMENT)
    (migration,) = gathered(repo, base, head, wanted).added
    assert migration.transaction is Transaction.STATEMENT


def test_merged_files_tell_how_they_are_run(tmp_path: Path) -> None:
    """Not those of the pull request; and the policy knows better."""
    repo = Repo.at(tmp_path)
    build = "CREATE INDEX CONCURRENTLY i ON one (id);\n"
    first = repo.commit(plain(_1_a=ONE))
    second = repo.commit(plain(_2_b=build + TWO), branch="feature")
    third = repo.commit(plain(_3_c=build), branch="next")
    told = Wanted(transaction=Transaction.FILE)
    expected = [
        (first, second, Wanted(), Transaction.FILE),
        (second, third, Wanted(), Transaction.STATEMENT),
        (second, third, told, Transaction.FILE),
    ]
    for base, head, wanted, transaction in expected:
        found = gathered(repo, base, head, wanted)
        assert {each.transaction for each in (*found.history, *found.added)} == {transaction}


def test_a_way_back_in_a_file_of_its_own(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"migrations/1_a.up.sql": ONE, "migrations/1_a.down.sql": "DROP TABLE one;\n"})
    head = repo.commit(
        {
            "migrations/2_b.up.sql": TWO,
            "migrations/2_b.down.sql": b"-- caf\xe9\nDROP TABLE two;\n",
            "migrations/3_c.up.sql": ONE,
            "migrations/3_c.down.sql": "",
        },
        branch="feature",
    )
    found = gathered(repo, base, head)
    assert found.layout == "golang-migrate"
    assert summary(found) == [("added", "2_b"), ("added", "3_c")]
    way_back = Down("migrations/2_b.down.sql", "-- caf\ufffd\nDROP TABLE two;\n", Transaction.SIMPLE_QUERY)
    assert found.added[0] == Migration(
        "2_b", "migrations/2_b.up.sql", TWO, Transaction.SIMPLE_QUERY, undecodable=None, down=way_back
    )
    assert found.added[1].down == Down("migrations/3_c.down.sql", "", Transaction.SIMPLE_QUERY)


def test_a_way_back_in_the_same_file(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(plain(_1_a=f"-- +goose Up\n{ONE}"))
    text = f"-- +goose Up\n{TWO}-- +goose Down\nDROP TABLE two;\n"
    head = repo.commit(plain(_2_b=text), branch="feature")
    found = gathered(repo, base, head)
    assert found.layout == "goose"
    path = "migrations/2_b.sql"
    way_back = Down(path, "\n\n\nDROP TABLE two;\n", Transaction.FILE)
    assert found.added == (Migration("2_b", path, f"\n{TWO}", Transaction.FILE, undecodable=None, down=way_back),)


@pytest.mark.parametrize(
    ("path", "text", "edited"),
    [
        ("migrations/1_a.down.sql", "DROP TABLE one;", "DROP TABLE one CASCADE;"),
        ("migrations/1_a.up.sql", f"-- migrate:up\n{ONE}-- migrate:down\n", "DROP TABLE one CASCADE;"),
    ],
)
def test_another_way_back_alone_is_no_edit(path: str, text: str, edited: str, tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"migrations/1_a.up.sql": ONE, path: text})
    head = repo.commit({path: text + edited}, branch="feature")
    assert gathered(repo, base, head).changed == ()


def test_settings_beside_a_migration(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"migrations/1_a/up.sql": ONE, "Cargo.toml": ""})
    files: dict[str, str | bytes | None] = {
        "migrations/2_b/up.sql": TWO,
        "migrations/2_b/metadata.toml": "run_in_transaction = false",
    }
    found = gathered(repo, base, repo.commit(files, branch="feature"))
    assert [(each.id, each.transaction) for each in (*found.history, *found.added)] == [
        ("1_a", Transaction.FILE),
        ("2_b", Transaction.SIMPLE_QUERY),
    ]


def test_what_is_run_again_when_it_is_edited_is_new(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"sql/V2__a.sql": ONE, "sql/R__view.sql": "SELECT 1;", "sql/R__other.sql": "SELECT 1;"})
    head = repo.commit(
        {"sql/V1__late.sql": TWO, "sql/V3__b.sql": TWO, "sql/R__view.sql": "SELECT 2;"}, branch="feature"
    )
    found = gathered(repo, base, head)
    assert [each.id for each in found.history] == ["V2__a", "R__other", "R__view"]
    assert summary(found) == [("added", "V1__late"), ("added", "V3__b"), ("added", "R__view")]
    assert [each.out_of_order for each in found.changed] == [True, False, False]
    assert found.added[2].text == "SELECT 2;"


def test_a_list_of_the_runner_s_decides(tmp_path: Path) -> None:
    """Also over the order: the names say nothing."""

    def journal(**when: int) -> str:
        rows = [{"idx": index, "when": time, "tag": tag.lstrip("_")} for index, (tag, time) in enumerate(when.items())]
        return json.dumps({"dialect": "postgresql", "entries": rows})

    repo = Repo.at(tmp_path)
    base = repo.commit({"db/0_a.sql": ONE, "db/1_b.sql": TWO, "db/meta/_journal.json": journal(_1_b=10, _0_a=20)})
    files: dict[str, str | bytes | None] = {"db/2_c.sql": ONE, "db/3_d.sql": TWO, "db/4_not_listed.sql": ONE}
    head = repo.commit({**files, "db/meta/_journal.json": journal(_1_b=10, _0_a=20, _3_d=30, _2_c=15)}, branch="work")
    found = gathered(repo, base, head)
    assert found.layout == "drizzle"
    assert [each.id for each in found.history] == ["1_b", "0_a"]
    assert [(each.migration.id, each.out_of_order) for each in found.changed] == [("2_c", True), ("3_d", False)]
    assert [(each.known_as, each.whole) for each in found.history] == [("10", None), ("20", None)]


def test_a_file_that_is_not_run_as_it_stands_is_known_whole(tmp_path: Path) -> None:
    text = "CREATE TABLE one (id int)--> statement-breakpoint\nSELECT 1;\n"
    repo = Repo.at(tmp_path)
    journal = '{"entries": [{"tag": "0_a", "when": 1}]}'
    base = repo.commit({"db/0_a.sql": text, "db/meta/_journal.json": journal})
    (found,) = gathered(repo, base, base).history
    assert (found.whole, found.text) == (text, "CREATE TABLE one (id int);\nSELECT 1;\n")


def test_migrations_that_are_no_sql_are_named(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    same: dict[str, str | bytes | None] = {"migrations/2_b.ts": "1", "migrations/3_c.py": "1"}
    base = repo.commit({**plain(_1_a=ONE), **same, "migrations/notes.ts": "1"})
    files = ("3_c.py", "4_d.ts", "4_d.test.ts", "types.d.ts", "5_e.md")
    head = repo.commit({f"migrations/{name}": "2" for name in files}, branch="feature")
    assert gathered(repo, base, base).unread == ()
    assert gathered(repo, base, head).unread == ("migrations/3_c.py", "migrations/4_d.ts")


def test_a_folder_that_is_named_may_have_any_name(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"odd/1_a.sql": ONE, "new/1_a.sql": f"-- +goose Up\n{ONE}"})
    for directory, layout in (("odd", "plain"), ("new", "goose")):
        assert gathered(repo, base, base, Wanted(directory=directory)).layout == layout


def test_the_last_migration_deleted_still_finds_the_project(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit(plain(_1_a=ONE))
    head = repo.commit(plain(_1_a=None), branch="feature")
    assert summary(gathered(repo, base, head)) == [("deleted", "1_a")]


def test_no_migrations(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"README.md": "hello"})
    with pytest.raises(NoMigrations, match=r"no migrations found at [0-9a-f]{12} \(looked for [a-z, -]+ and plain\)"):
        gathered(repo, base, base)
    for named in (Wanted(directory="elsewhere"), Wanted(layout="prisma")):
        with pytest.raises(InputError, match="no migrations found") as wrong:
            gathered(repo, base, base, named)
        assert not isinstance(wrong.value, NoMigrations)
