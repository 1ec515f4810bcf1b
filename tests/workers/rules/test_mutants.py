"""No rule is there for nothing: each one that finds nothing any more fails a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.rules import FILE_RULES, HISTORY_RULES, MIGRATION_RULES, STEP_RULES
from workers.rules.rule import Documented, MigrationRule, Rule

_ROOT = Path(__file__).parents[3]
_ABOUT_FILES = (
    *("tests/workers/rules/test_files.py", "tests/workers/test_judge.py"),
    *("tests/workers/commands", "tests/workers/test_around.py"),
)


@pytest.mark.campaign
@pytest.mark.parametrize(
    "rule", [*STEP_RULES, *MIGRATION_RULES, *HISTORY_RULES, *FILE_RULES], ids=lambda rule: rule.name
)
def test_a_rule_that_finds_nothing_is_missed(rule: Documented) -> None:
    environment = {**os.environ, "MUTANT": rule.name}
    command = (sys.executable, "-m", "pytest", "-p", "tests.workers.rules.mutant", "-n0", "-x", "-q", *_tests(rule))
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-2000:]


def _tests(rule: Documented) -> tuple[str, ...]:
    """Those that are about it: its page's, those of the ways back, or those of the files."""
    if isinstance(rule, Rule):
        file = "test_pages_run" if rule.needs_server else "test_pages"
        return (f"tests/workers/rules/{file}.py", "-k", f"unsafe and {rule.name}")
    return ("tests/workers/undoing/test_written.py",) if isinstance(rule, MigrationRule) else _ABOUT_FILES
