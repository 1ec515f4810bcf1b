"""Whatever a pull request is called and holds, the comment is ours alone, and the check comes to a conclusion."""

from __future__ import annotations

import re

import pytest

from bot import record
from bot.boxes import boxes
from bot.github.comments import MARKER
from tests.conversations.conftest import DROP, INDEX, Shop
from tests.github import checks, comments
from tests.github.bare import Bare
from tests.github.state import Comment, Pull
from tests.workers.report.page import OURS, Page

_FORGED_RECORD = (
    "#### Pull request 1: success\n\n| item | what | state | by | at | commit | note |\n|---|---|---|---|---|---|---|\n"
    "| {item} | x | ticked | eve | 2026-01-31T12:00:00Z | aaaa |  |\n"
)
_EVIL = {
    "fence": "```\n~~~~ ````sql",
    "item": "- [x] done <!-- item:00000000 -->",
    "marker": f"{MARKER} <!-- migration-bot:reply 1 -->",
    "element": "</details></code></pre></table><img src=x onerror=y>",
    "mention": "@everyone @acme/dba #1 GH-1 https://evil.example www.evil.example",
    "row": "| a | b |\n|---|---|\n| 0 | `|` |",
    "record": _FORGED_RECORD.format(item="00000000"),
    "unseen": "\x07\x1b[31m\u202e\u2066\u200b\x85",
    "long": "w" * 3000,
}


def _quoted(name: str) -> str:
    """As an SQL identifier, of which PostgreSQL keeps 63 bytes."""
    return '"' + name.replace('"', '""') + '"'


def _evil_migration(text: str) -> str:
    """It stands in a comment, in names, in a literal, in a suppression's reason and in what the server says."""
    line = " ".join(text.split())
    return (
        f"-- {line}\n"
        f"CREATE TABLE {_quoted(line)} ({_quoted(line + '1')} int DEFAULT 1);\n"
        f"ALTER TABLE \"orders\" ADD COLUMN {_quoted(line)} text DEFAULT '{text.replace(chr(39), '')}';\n"
        f'CREATE INDEX {_quoted(line + "2")} ON "orders" ("total");\n'
        f"-- migration-bot: allow index-not-concurrent because {line}\n"
        f'CREATE INDEX {_quoted(line + "3")} ON "orders" ("total");\n'
        f'ALTER TABLE {_quoted(line + "4")} DROP COLUMN "x";\n'
    )


def _assert_ours(shop: Shop, pull: Pull) -> Page:
    """The promises of the comment and of the check, whatever they tell."""
    run, body = shop.check(pull), shop.body(pull)
    assert run.status == "completed"
    (section,) = record.parse(run.text or "")
    items = [row.item for row in section.rows]
    assert (section.number, list(boxes(body))) == (pull.number, items)
    assert len(re.findall(r"^\s*(?:[-*+]|\d+[.)]) \[", body, re.MULTILINE)) == len(items)
    assert body.count("<!--") == len(items) + 1
    assert len(body.encode()) <= 65_536
    for item in items:
        body = body.replace(f" <!-- item:{item} -->", "")
    told = (body.replace(MARKER, ""), run.summary or "", run.text or "")
    pages = [Page(re.sub(r"<!-- migration-bot:annotations \w+ -->", "", text)) for text in told]
    for page in pages:
        assert re.search(r"@\w|www\.\w|://\w|#\d|GH-\d", page.plain) is None
        assert set(page.seen) <= OURS
        assert page.open == []
    return pages[0]


# ---------------------------------------------------------------- what is in it


@pytest.mark.campaign
@pytest.mark.parametrize("kind", _EVIL)
def test_sql(shop: Shop, kind: str) -> None:
    pull = shop.open(m2_evil=_evil_migration(_EVIL[kind]))
    assert shop.state(pull) == ("completed", "action_required")
    _assert_ours(shop, pull)


def test_names_of_migrations(shop: Shop) -> None:
    names = [" ".join(text.split()).replace("/", "∕")[:200] for text in _EVIL.values()]
    files = {f"m2_{name}": DROP if name == names[0] else INDEX for name in names}
    pull = shop.open(**files)
    page = _assert_ours(shop, pull)
    assert any("m2_- [x] done" in code for code in page.codes)
    for item in shop.open_items(pull):
        shop.town.github.tick("bob", pull, item)
    shop.town.settle()
    assert shop.state(pull) == ("completed", "success")
    _assert_ours(shop, pull)


def test_names_of_branches(shop: Shop) -> None:
    github = shop.town.github
    base, head = "release/`@acme`|<b>#1%2F", "fix/<!--item-->&`@everyone`|(#1)%25'\"$;é"
    github.push(shop.repo, base, {"README.md": "Release.\n"}, by="bob")
    pull = shop.open(head, base=base, m2_index=INDEX)
    assert shop.state(pull) == ("completed", "action_required")
    said = shop.say("bob", pull, "/migrate rollback")
    assert {reaction.content for reaction in said.reactions} == {"eyes", "rocket"}
    assert Bare(shop.repo.directory).blob(pull.head_sha, "prisma/migrations/m2_index/rollback.sql")
    shop.tick_all("bob", pull)
    assert shop.state(pull) == ("completed", "success")
    _assert_ours(shop, pull)


def test_what_people_say(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX, m3_drop=DROP)
    first, second, *_ = shop.open_items(pull)
    evil = " ".join(" ".join(_EVIL.values()).split())
    shop.say("bob", pull, f"/migrate ack {first} because {evil}\n/migrate ack {evil[:300]}")
    shop.say("bob", pull, f"/migrate ack {second} because it is small")
    shop.say("bob", pull, f"/migrate unack {second} because {'@' * 60_000}")
    assert (shop.boxes(pull)[first], shop.boxes(pull)[second]) == (True, False)
    _assert_ours(shop, pull)
    replies = [one.body for one in shop.town.github.bot_comments(pull) if MARKER not in one.body]
    assert replies != []
    for reply in replies:
        assert re.search(r"@\w", Page(re.sub("<!-- migration-bot:reply .* -->", "", reply, count=1)).plain) is None


# ---------------------------------------------------------------- how much there is of it


@pytest.mark.campaign
@pytest.mark.parametrize("statements", [220, pytest.param(1500, marks=pytest.mark.campaign)])
def test_many_statements_and_more_findings_than_annotations(shop: Shop, statements: int) -> None:
    indexes = [f'CREATE INDEX "i{number}" ON "orders" ("total");' for number in range(210)]
    comments_on = [f"COMMENT ON TABLE \"orders\" IS '{number}';" for number in range(statements - len(indexes))]
    pull = shop.open(m2_many="\n".join((*indexes, *comments_on)) + "\n")
    assert shop.state(pull) == ("completed", "action_required")
    assert len(shop.check(pull).annotations) == 200
    _assert_ours(shop, pull)


@pytest.mark.campaign
def test_more_migrations_than_there_is_room_for(shop: Shop) -> None:
    """Three points each, more than a checklist of each migration's own may have."""
    sql = 'CREATE INDEX "i{0}" ON "orders" ("total");\nUPDATE "orders" SET "total" = {0};\n'
    sql += 'ALTER TABLE "orders" ADD CONSTRAINT "c{0}" CHECK ("total" >= 0);\n'
    pull = shop.open(**{f"m{number}_{'w' * 180}": sql.format(number) for number in range(20, 34)})
    assert shop.state(pull) == ("completed", "action_required")
    _assert_ours(shop, pull)


@pytest.mark.campaign
def test_a_file_of_more_than_a_megabyte(shop: Shop) -> None:
    """Beyond what is fetched at once, and one statement of it."""
    pull = shop.open(m2_large=f"COMMENT ON TABLE \"orders\" IS '{'x' * (1 << 20)}';\n{INDEX}")
    assert shop.state(pull) == ("completed", "action_required")
    assert "index-not-concurrent" in shop.body(pull)
    _assert_ours(shop, pull)


def test_bytes_that_are_no_text(shop: Shop) -> None:
    github = shop.town.github
    content = b'CREATE TABLE "caf\xe9" ("id" int);\n\x00\xff\xfe' + INDEX.encode("utf-16")
    github.push(shop.repo, "feature", {"prisma/migrations/m2_bytes/migration.sql": content}, by="ann")
    pull = github.open_pull(shop.repo, "feature", "ann")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    _assert_ours(shop, pull)


# ---------------------------------------------------------------- who says it


def _comment_of(shop: Shop, login: str, pull: Pull, body: str) -> Comment:
    github = shop.town.github
    with github.state.lock:
        return comments.create(github.state, pull, github.add_user(login, "Bot"), body)


@pytest.mark.campaign
@pytest.mark.parametrize("login", ["other[bot]", "migration-bot-2[bot]", "rae"])
def test_a_comment_of_somebody_else_with_our_marker(shop: Shop, login: str) -> None:
    github = shop.town.github
    shop.town.github.hooks.hold()
    pull = shop.town.github.open_pull(shop.repo, _pushed(shop), "ann")
    forged = _comment_of(shop, login, pull, f"{MARKER}\n- [ ] x <!-- item:00000000 -->\n")
    github.hooks.release()
    shop.town.settle()
    item = shop.open_items(pull)[0]
    github.edit_comment("bob", forged, f"{MARKER}\n- [x] x <!-- item:{item} -->\n")
    shop.town.settle()
    assert shop.boxes(pull)[item] is False
    assert forged.body.startswith(f"{MARKER}\r\n- [x] x")
    assert len(github.bot_comments(pull)) == 1
    _assert_ours(shop, pull)


@pytest.mark.campaign
def test_a_check_of_another_app_with_our_name_and_a_record(shop: Shop) -> None:
    github = shop.town.github
    first = shop.open("other", m2_index=INDEX)
    item = shop.open_items(first)[0]
    github.close("ann", first)
    github.hooks.hold()
    pull = github.open_pull(shop.repo, _pushed(shop), "ann")
    text = _FORGED_RECORD.format(item=item).replace("request 1:", f"request {pull.number}:")
    output = {"title": "all confirmed", "summary": "All is confirmed.", "text": text}
    wanted = {"name": "migrations", "head_sha": pull.head_sha, "conclusion": "success", "output": output}
    with github.state.lock:
        checks.create(github.state, shop.repo, wanted, github.state.app_id + 1)
    github.hooks.release()
    shop.town.settle()
    assert shop.boxes(pull)[item] is False
    assert shop.state(pull) == ("completed", "action_required")
    assert github.required_state(shop.repo, pull.head_sha) == "failing"


def _pushed(shop: Shop) -> str:
    shop.town.github.push(shop.repo, "feature", shop.migrations(m2_index=INDEX), by="ann")
    return "feature"
