"""Each rule's page keeps its word on a real server: what it marks is what is found once its SQL has run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.rules.running import INSTALLATIONS, Servers, observed
from workers.postgres.servers import Installation
from workers.rules import DRIFT_RULES, FILE_RULES, HISTORY_RULES, MIGRATION_RULES, RULES
from workers.rules.pages import page
from workers.rules.rule import Documented
from workers.sql.read import extensions_wanted
from workers.sql.split import split

WITH_EXAMPLES = [rule for rule in RULES if rule not in (*MIGRATION_RULES, *HISTORY_RULES, *FILE_RULES, *DRIFT_RULES)]


@pytest.fixture(scope="session")
def servers(cache: Path, installation: Installation) -> Iterator[Servers]:
    found = Servers(cache)
    yield found
    found.stop()


def _keeps_its_word(rule: Documented, block: str, servers: Servers, installation: Installation) -> None:
    """And prediction and observation agree, and nothing of it stays unread."""
    of = page(rule)
    example = of.unsafe if block == "unsafe" else of.safe
    assert example is not None
    if installation.major < example.since:
        pytest.skip(f"for PostgreSQL {example.since}")
    if missing := {name for name, _ in extensions_wanted(split(of.setup))} - installation.extensions:
        pytest.skip(f"{installation} has no {', '.join(missing)}")
    report = observed(of, example, servers.of(installation))
    found = [(f.line, f.rule) for f in report.findings if f.allowed is None]
    assert found == list(example.finds)
    assert (report.notes, report.unread) == ((), ())


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_an_unsafe_block_finds_exactly_what_it_marks(
    rule: Documented, servers: Servers, installation: Installation
) -> None:
    """The safe ones are run with all versions, below."""
    _keeps_its_word(rule, "unsafe", servers, installation)


@pytest.mark.campaign
@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("block", ["unsafe", "safe"])
@pytest.mark.parametrize("version", INSTALLATIONS)
def test_on_every_version_of_this_machine(rule: Documented, block: str, version: str, servers: Servers) -> None:
    _keeps_its_word(rule, block, servers, INSTALLATIONS[version])
