"""The page of dangerous-command keeps its word: what it marks is found, and nothing else."""

from __future__ import annotations

import re

import pytest

from workers.code import TextFile
from workers.rules import dangerous_command
from workers.rules.pages import page

_BLOCK = re.compile(r"^`(\S+)`\n\n```\w+\n(.*?)^```$", re.M | re.S)
_UNSAFE, _, _SAFE = page(dangerous_command.RULE).text.partition("## Safe")


def lines(path: str, text: str) -> list[int]:
    return [finding.line for finding in dangerous_command.check(TextFile(path, text))]


@pytest.mark.parametrize(("path", "text"), _BLOCK.findall(_UNSAFE))
def test_unsafe(path: str, text: str) -> None:
    marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# finds")]
    assert lines(path, text.replace(" # finds", "")) == (marked or [4])  # JSON has no comments


@pytest.mark.parametrize(("path", "text"), _BLOCK.findall(_SAFE)[:-1])
def test_safe(path: str, text: str) -> None:
    assert lines(path, text) == []


def test_there_are_blocks() -> None:
    assert (len(_BLOCK.findall(_UNSAFE)), len(_BLOCK.findall(_SAFE))) == (5, 4)
