"""What holds after every fault."""

from __future__ import annotations

from collections.abc import Mapping

from bot import record
from bot.checklist import MACHINE
from bot.model import Row
from tests.conversations.conftest import Shop
from tests.github.state import Pull


def assert_kept(shop: Shop, pull: Pull, ticked: Mapping[str, str] | None = None) -> None:
    """One comment, one concluded check on the head and none left waiting anywhere, no tick lost. ticked: the items that
    people ticked, and who."""
    waiting = [(run.suite.head_sha, run.status) for run in shop.repo.runs.values() if run.status != "completed"]
    assert waiting == []
    rows = rows_of(shop, pull)
    assert {row.item: row.login for row in rows if row.ticked and row.login != MACHINE} == (ticked or {})
    assert shop.boxes(pull) == {row.item: row.ticked for row in rows}
    expected = "success" if all(row.ticked for row in rows) else "action_required"
    assert shop.state(pull) == ("completed", expected)
    firsts = [comment.body.splitlines()[0] for comment in shop.town.github.bot_comments(pull)]
    assert firsts.count("<!-- migration-bot:comment -->") == 1
    assert len(firsts) == len(set(firsts)), "a command was answered twice"


def rows_of(shop: Shop, pull: Pull) -> tuple[Row, ...]:
    """What is recorded in the check that counts."""
    section = record.section_of(pull.number, record.parse(shop.check(pull).text or ""))
    assert section is not None, shop.check(pull).text
    return section.rows
