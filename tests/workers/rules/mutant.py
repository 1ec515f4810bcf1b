"""A pytest plugin: one rule, which MUTANT names, finds nothing while the tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from workers.rules import RULES


def _nothing(_looked_at: object) -> Iterator[object]:
    return iter(())


def pytest_configure(config: pytest.Config) -> None:
    del config
    (rule,) = (rule for rule in RULES if rule.name == os.environ["MUTANT"])
    object.__setattr__(rule, "check", _nothing)
