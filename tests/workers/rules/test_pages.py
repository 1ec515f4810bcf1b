"""Each rule's page keeps its word: Unsafe finds what it marks, Safe finds nothing, both predicted from the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.judge import judge
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.policy_file import parse_policy
from workers.rules import DRIFT_RULES, FILE_RULES, HISTORY_RULES, MIGRATION_RULES, RULES
from workers.rules.pages import Example, Page, hazards, index, page, stem
from workers.rules.rule import Documented
from workers.verdict import Report

ROOT = Path(__file__).parents[3]
SERVER = {rule.name for rule in RULES if rule.needs_server}
WITH_EXAMPLES = [rule for rule in RULES if rule not in (*MIGRATION_RULES, *HISTORY_RULES, *FILE_RULES, *DRIFT_RULES)]


def predicted(of: Page, example: Example) -> Report:
    setup = Migration("1_setup", "1_setup.sql", of.setup, Transaction.FILE)
    new = Migration("2_example", "2_example.sql", example.sql, example.transaction)
    changed = (ChangedMigration(Change.ADDED, None, new),)
    return judge(MigrationSet("plain", "", "a", "b", (setup,), changed), None, parse_policy(of.policy))


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_safe_finds_nothing_of_any_rule(rule: Documented) -> None:
    found = page(rule)
    assert found.safe is not None
    assert [(f.line, f.rule, f.message) for f in predicted(found, found.safe).findings if f.allowed is None] == []


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_unsafe_finds_exactly_what_it_marks(rule: Documented) -> None:
    found = page(rule)
    assert found.unsafe is not None
    marked = [(line, name) for line, name in found.unsafe.finds if name not in SERVER]
    assert [(f.line, f.rule) for f in predicted(found, found.unsafe).findings] == marked


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_the_page_marks_its_own_rule(rule: Documented) -> None:
    found = page(rule)
    assert found.unsafe is not None
    assert rule.name in {name for _, name in found.unsafe.finds}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_page_says_what_the_rule_says(rule: Documented) -> None:
    found = page(rule)
    assert found.text.splitlines()[0] == f"# {rule.name}"
    assert found.summary == rule.summary
    sections = [line for line in found.text.splitlines() if line.startswith("## ")]
    assert sections[-3:] == ["## Why", "## When it is fine", "## References"]


def test_history_rules_have_no_examples() -> None:
    assert [(page(rule).unsafe, page(rule).safe) for rule in HISTORY_RULES] == [(None, None)] * len(HISTORY_RULES)


def test_every_page_is_a_rules() -> None:
    pages = {path.stem for path in (ROOT / "workers" / "rules").glob("*.md")}
    assert pages == {stem(rule) for rule in RULES}


def test_hazards_name_rules_that_are_there_and_every_rule_finds_one() -> None:
    """A suppression is no hazard, and that a migration fails for any other reason is in no list."""
    named = {name for hazard in hazards() for name in hazard.rules}
    assert named == {rule.name for rule in RULES} - {"suppression"}


def test_a_hazard_is_found_or_the_reason_is_told() -> None:
    assert [hazard.what for hazard in hazards() if bool(hazard.rules) is bool(hazard.why_not)] == []


def test_names_differ() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_the_index_in_docs_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == index()
