"""Shell text as simple commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.commands.shell import Simple, read_shell


@pytest.mark.parametrize("text", ["", "\n", "# prisma migrate reset", "  \\\n ", "A=1", "export A=1 B=2", ";;"])
def test_no_command(text: str) -> None:
    assert read_shell(text) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", [("a", "b")]),
        ("a && b || c; d | e & f", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ('a \'b c\' "d $(x "y") e" f\\ g', [("x", "y"), ("a", "b c", 'd $(x "y") e', "f g")]),
        ("a \\\n  b # c\nd", [("a", "b"), ("d",)]),
        ("a#b #c", [("a#b",)]),
        ("if a; then ! b; else { c; } fi", [("a",), ("b",), ("c",), ("}", "fi")]),
        ("reset() { a; }", [("reset",), ("a",), ("}",)]),
        ("a >out 2>&1 <in b &>all", [("a", "b")]),
        ("a `b c` $((1 + 2))", [("b", "c"), ("1", "+", "2"), ("a", "`b c`", "$((1 + 2))")]),
        ("case $x in dev) a;; esac", [("case", "$x", "in", "dev"), ("a",), ("esac",)]),
        ("${A:-b c} d", [("${A:-b c}", "d")]),
    ],
)
def test_words(text: str, words: list[tuple[str, ...]]) -> None:
    assert [command.words for command in read_shell(text)] == words


def test_lines_and_environment() -> None:
    read = read_shell("export A=1\nB=2 x \\\n y\n\nC=3; z", line=10, environment=(("E", "0"),))
    assert read == (
        Simple(("x", "y"), 11, "", (("E", "0"), ("A", "1"), ("B", "2"))),
        Simple(("z",), 14, "", (("E", "0"), ("A", "1"), ("C", "3"))),
    )


@pytest.mark.parametrize(
    ("text", "stdin"),
    [
        ("psql <<SQL\nDROP TABLE a;\nSQL\nls", "DROP TABLE a;\n"),
        ("psql <<-'SQL' && x\n\tDROP TABLE a;\n\tSQL\n", "\tDROP TABLE a;\n"),
        ("cat <<A | psql\none\nA\n", "one\n"),
        ("psql <<A\nnever closed", "never closed"),
        ("psql <<< 'DROP TABLE a'", "DROP TABLE a"),
        ("echo 'DROP TABLE a' | psql", "DROP TABLE a"),
        ("grep x | psql", ""),
    ],
)
def test_what_it_reads(text: str, stdin: str) -> None:
    assert [command.stdin for command in read_shell(text) if command.words[0] == "psql"] == [stdin]


@given(st.text(alphabet="ab'\"`$(){}<>|&;\\\n #=-1", max_size=60))
def test_never_raises(text: str) -> None:
    for command in read_shell(text):
        assert command.words
        assert 1 <= command.line <= text.count("\n") + 1


def test_deep_and_long() -> None:
    assert read_shell("$(" * 5_000)
    assert len(read_shell("a\n" * 20_000)) == 20_000
