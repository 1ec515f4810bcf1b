"""Each rule's page: the rewrites of its Unsafe statements are proven, and the rule finds nothing in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.rewrites.tried import by_statement, reviewed, standing_on
from workers.judge import judge
from workers.model import Change, ChangedMigration, Level, Migration, MigrationSet, Transaction
from workers.policy_file import parse_policy
from workers.postgres.servers import Installation
from workers.rewrites import ANSWERED
from workers.rewrites.columns import BLANK
from workers.rules import RULES
from workers.rules.pages import page
from workers.verdict import JudgedMigration, Rewrite

# The pages whose Unsafe block has a statement with a rewrite.
PAGES = (
    "all-rows-updated",
    "blocking-work",
    "column-replaced",
    "concurrently-in-transaction",
    "constraint-validated-at-once",
    "hot-table-lock",
    "index-not-concurrent",
    "insert-without-columns",
    "lock-held-through-work",
    "not-null-set",
    "primary-key-changed",
    "renamed",
    "required-column-added",
    "table-rewritten",
    "type-narrowed",
)
# What rows are identified by changes however it is done. That a CHECK spares reading the default partition is not in
# the text: it takes a server to see it.
STILL_SAID = {"primary-key-changed": 2, "blocking-work": 1}


@pytest.mark.parametrize("name", PAGES)
def test_rewrites_of_a_page(name: str, installation: Installation, cache: Path) -> None:
    of = page(next(rule for rule in RULES if rule.name == name))
    policy = parse_policy(of.policy)
    assert of.unsafe is not None
    with standing_on(of.setup, installation, cache) as base:
        (before,) = reviewed(base, of.unsafe.sql, of.unsafe.transaction, policy).migrations
        rewrites = by_statement(before)
    sql, lines = rewritten(before, rewrites)
    setup = Migration("1", "1.sql", of.setup, Transaction.FILE)
    new = ChangedMigration(Change.ADDED, None, Migration("2", "2.sql", sql, Transaction.STATEMENT))
    after = judge(MigrationSet("plain", "", "a", "b", (setup,), (new,)), None, policy)
    refuted = [each.refuted for each in rewrites if each and not each.proven and not each.missing]
    assert (refuted, any(rewrites)) == ([], True)
    said = [each for each in after.findings if each.line in lines and each.rule == lines[each.line]]
    assert len([each for each in said if each.level > Level.SAFE]) == STILL_SAID.get(name, 0)


def rewritten(migration: JudgedMigration, rewrites: list[Rewrite | None]) -> tuple[str, dict[int, str]]:
    """The migration with its rewrites, each step by itself; for each of their lines the rule that they answer."""
    text, lines = "", dict[int, str]()
    for judged, rewrite in zip(migration.statements, rewrites, strict=True):
        piece = f"{judged.statement.text};\n" if judged.action not in ("BEGIN", "COMMIT") else ""
        if rewrite:
            piece = "".join(f"{step.sql}\n" for step in rewrite.steps).replace(BLANK, "'x'")
            rule = next(finding.rule for finding in judged.findings if finding.rewrite)
            first = text.count("\n") + 1
            lines |= dict.fromkeys(range(first, first + piece.count("\n")), rule)
        text += piece
    return text, lines


def test_the_rules_that_are_answered_are_rules() -> None:
    assert {rule.name for rule in RULES} >= ANSWERED
    assert set(PAGES) <= ANSWERED
