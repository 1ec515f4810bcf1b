from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from tests.repositories import Repo
from workers.errors import GitFailed, InputError
from workers.repository import _killed_after, open_repository


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


# ---------------------------------------------------------------- grep


def grepped(repo: Repo, *words: str, pathspecs: tuple[str, ...] = ()) -> list[tuple[str, int, str]]:
    found = open_repository(repo.folder).grep(repo.git("rev-parse", "HEAD"), words, pathspecs)
    assert found.whole
    return [(line.path, line.number, line.text) for line in found.lines]


def test_whole_words_in_text_files(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    repo.commit({"a.ts": "one\n  two one;\nnone\n", "b ü.ts": "two\r\n", "c.bin": b"\0one\n", "deep/d.ts": "\xff one"})
    assert grepped(repo) == grepped(repo, "", "a\nb") == grepped(repo, "nothing") == []
    assert grepped(repo, "one") == [("a.ts", 1, "one"), ("a.ts", 2, "two one;"), ("deep/d.ts", 1, "ÿ one")]
    assert grepped(repo, "one", "two")[2:] == [("b ü.ts", 1, "two"), ("deep/d.ts", 1, "ÿ one")]
    assert grepped(repo, "two", pathspecs=(":(top,exclude)a.ts",)) == [("b ü.ts", 1, "two")]
    assert grepped(Repo(tmp_path / "deep"), "two", pathspecs=(":(top)",))[0][0] == "a.ts"


@pytest.mark.parametrize("word", ["a.b", "a|b", "a(b", "[ab]", "a\\b", "a+", "-e", "a b", "$a"])
def test_words_are_no_patterns(tmp_path: Path, word: str) -> None:
    repo = Repo.at(tmp_path)
    repo.commit({"a.ts": f"{word} is there\naxb ab a\n"})
    assert grepped(repo, word) == [("a.ts", 1, f"{word} is there")]


def test_a_file_that_is_missing_is_passed_over(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    repo.commit({"a.ts": "one", "b.ts": "one or two"})
    blob = repo.git("rev-parse", "HEAD:a.ts")
    (tmp_path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert grepped(repo, "one") == [("b.ts", 1, "one or two")]


def test_too_much_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.at(tmp_path)
    commit = repo.commit({"a.ts": "one\n" * 100})
    monkeypatch.setattr("workers.repository._GREP_BYTES", 2048)
    found = open_repository(tmp_path).grep(commit, ["one"])
    assert not found.whole
    assert 0 < len(found.lines) < 100


def test_a_search_that_takes_too_long_is_ended() -> None:
    with Popen(["cat"], stdin=PIPE) as process, _killed_after(process, 0.01):
        assert process.wait() < 0


def test_a_commit_that_cannot_be_searched(tmp_path: Path) -> None:
    repository = open_repository(Repo.at(tmp_path).folder)
    with pytest.raises(GitFailed, match="git grep failed"):
        repository.grep("f" * 40, ["one"])


def test_what_differs(tmp_path: Path) -> None:
    repo = Repo.at(tmp_path)
    one = repo.commit({"a": "1", "b/ü": "1", "c": "1"})
    other = repo.commit({"a": "1", "b/ü": "2", "c": None, "d": "1"})
    repository = open_repository(tmp_path)
    assert repository.differing(one, one) == ()
    assert repository.differing(one, other) == ("b/ü", "c", "d")
    assert repository.tree(one) != repository.tree(other)
    assert repository.tree(other) == repository.tree(repo.commit({}))
