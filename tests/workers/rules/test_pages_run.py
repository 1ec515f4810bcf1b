"""Each rule's page keeps its word on a real server: what it marks is what is found once its SQL has run."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.judge import judge
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.policy_file import parse_policy
from workers.postgres.limits import Limits
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation
from workers.rehearse import rehearse
from workers.replay import Ground, replayed
from workers.rules import HISTORY_RULES, RULES
from workers.rules.pages import Example, Page, page
from workers.rules.rule import Documented
from workers.verdict import Report

WITH_EXAMPLES = [rule for rule in RULES if rule not in HISTORY_RULES]


@pytest.fixture(scope="session")
def ground(installation: Installation, cache: Path) -> Ground:
    """Keeps no snapshot of what it replays."""
    return Ground(installation, strongest_tier(), Limits(), cache, 0, lambda: None)


def observed(of: Page, example: Example, ground: Ground) -> Report:
    history = (Migration("1_setup", "1_setup.sql", of.setup, Transaction.FILE),)
    new = Migration("2_example", "2_example.sql", example.sql, example.transaction)
    changed = (ChangedMigration(Change.ADDED, None, new),)
    with replayed(history, ground) as base:
        rehearsal = rehearse(base, (new,))
    return judge(MigrationSet("plain", "", "a", "b", history, changed), rehearsal, parse_policy(of.policy))


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("block", ["unsafe", "safe"])
def test_a_block_finds_exactly_what_it_marks(rule: Documented, block: str, ground: Ground) -> None:
    """And prediction and observation agree about its locks, and nothing of it stays unread."""
    of = page(rule)
    example = of.unsafe if block == "unsafe" else of.safe
    assert example is not None
    report = observed(of, example, ground)
    assert [(f.line, f.rule) for f in report.findings if f.allowed is None] == list(example.finds)
    assert (report.notes, report.unread) == ((), ())
