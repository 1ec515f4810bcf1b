from pathlib import Path

import pytest

from tests.repositories import Repo
from workers.errors import InputError
from workers.repository import open_repository


def test_files_and_contents_come_from_the_commit_not_the_checkout(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    commit = repo.commit({"a.sql": "one\n", "folder/ü b.sql": b"\xff\n"})
    (tmp_path / "a.sql").write_text("changed, not committed")
    repository = open_repository(tmp_path)
    files = {file.path: file for file in repository.files(commit)}
    assert sorted(files) == ["a.sql", "folder/ü b.sql"]
    blobs = {file.blob for file in files.values()}
    contents = repository.contents(blobs)
    assert contents[files["a.sql"].blob] == b"one\n"
    assert contents[files["folder/ü b.sql"].blob] == b"\xff\n"
    assert repository.sizes(blobs) == {files["a.sql"].blob: 4, files["folder/ü b.sql"].blob: 2}


def test_no_blobs_no_contents(tmp_path: Path) -> None:
    repository = open_repository(Repo.at(tmp_path).folder)
    assert repository.contents(()) == {}
    assert repository.sizes(()) == {}


def test_links_are_not_followed(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    (tmp_path / "link.sql").symlink_to("/etc/passwd")
    commit = repo.commit({"a.sql": ""})
    assert [file.path for file in open_repository(tmp_path).files(commit)] == ["a.sql"]


def test_one_file(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    commit = repo.commit({".github/migrations.yml": "layout: prisma\n"})
    repository = open_repository(tmp_path)
    assert repository.file(commit, ".github/migrations.yml") == b"layout: prisma\n"
    assert repository.file(commit, ".github") is None
    assert repository.file(commit, "missing") is None


def test_merge_base_of_unrelated_histories_is_the_base(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    base = repo.commit({"a": "1"})
    repo.git("switch", "-q", "--orphan", "other")
    head = repo.commit({"b": "1"})
    assert open_repository(tmp_path).merge_base(base, head) == base


def test_a_subfolder_is_in_the_repository(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    commit = repo.commit({"deep/down/a.sql": "1"})
    repository = open_repository(tmp_path / "deep" / "down")
    assert repository.commit("HEAD") == commit
    assert [file.path for file in repository.files(commit)] == ["deep/down/a.sql"]


@pytest.mark.parametrize("revision", ["nowhere", "--help", "-n1", "HEAD:a", ""])
def test_unknown_revision(tmp_path: Path, revision: str) -> None:
    repo = Repo.at(tmp_path)
    repo.commit({"a": "1"})
    with pytest.raises(InputError, match="no such revision"):
        open_repository(tmp_path).commit(revision)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not in a git repository"):
        open_repository(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        open_repository(tmp_path / "missing")
