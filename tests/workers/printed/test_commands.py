"""A command of the project's own: what it prints, or one sentence on why not, and nothing of it left running."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from workers.errors import CannotAnalyse
from workers.printed import commands
from workers.printed.commands import Command, output_of

PYTHON = sys.executable


def command(folder: Path, *words: str, time_limit_s: int = 20) -> Command:
    return Command(" ".join(words), folder, time_limit_s, {"{path}": "a b;c.py"}, {"ADDED": "yes"})


def refused(asked: Command) -> str:
    with pytest.raises(CannotAnalyse) as error:
        output_of(asked)
    return str(error.value)


def test_what_it_prints_in_its_folder_with_our_environment_and_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWN", "ours")
    code = '\'import os, sys; print(os.getcwd(), os.environ["OWN"], os.environ["ADDED"], sys.argv[1:])\''
    found = output_of(command(tmp_path, PYTHON, "-c", code, "--of={path}", "{other}", "'$HOME'"))
    assert found == f"{tmp_path} ours yes ['--of=a b;c.py', '{{other}}', '$HOME']\n"


def test_what_fails_is_told_with_its_last_words_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text("raise SystemExit('no way to postgres://shop:hidden@db/x password=hidden')")
    told = refused(command(tmp_path, "python3", "failing.py"))
    assert told == "the policy's command 'python3 failing.py' ends with status 1: no way to postgres://…db/x …"


def test_what_says_nothing(tmp_path: Path) -> None:
    assert refused(command(tmp_path, "false")) == (
        "the policy's command 'false' ends with status 1; it says nothing on stderr"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no-such-program", "the policy's command 'no-such-program' cannot be started: No such file or directory"),
        ("echo 'a", "the policy's command \"echo 'a\" cannot be read: No closing quotation"),
        ("", "the policy's command '' cannot be started: it is empty"),
    ],
)
def test_what_cannot_be_started(tmp_path: Path, text: str, told: str) -> None:
    assert refused(command(tmp_path, text)) == told


def test_what_takes_too_long_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held")
    with os.fdopen(os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK), "rb") as held:
        script = "'(echo alive; sleep 60) >held & echo waiting >&2; sleep 60'"
        told = refused(command(tmp_path, "sh", "-c", script, time_limit_s=1))
        os.set_blocking(held.fileno(), True)
        assert held.read() == b"alive\n"  # up to the end of the last process that could write
    assert told.endswith("takes longer than 1 s: waiting")


def test_what_prints_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "OUTPUT_BYTES", 1 << 20)
    told = refused(command(tmp_path, "yes"))
    assert told == "the policy's command 'yes' prints more than 1 MB; it says nothing on stderr"
