"""What is typed on a pull request, and what comes of it."""

from __future__ import annotations

import time

import pytest

from tests.conversations.conftest import COLUMN, INDEX, INIT, Shop
from tests.github.bare import Bare
from tests.github.state import Comment, Pull
from tests.town import Town


def _replies(shop: Shop, pull: Pull) -> list[str]:
    return [one.body for one in shop.town.github.bot_comments(pull) if "migration-bot:comment" not in one.body]


def _reactions(comment: Comment) -> set[str]:
    return {reaction.content for reaction in comment.reactions}


def test_talk_is_not_answered(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    for text in ("Please /migrate help", "> /migrate help", "```\n/migrate help\n```", "/deploy now", "migrate help"):
        said = shop.say("bob", pull, text)
        assert _reactions(said) == set()
    assert _replies(shop, pull) == []


def test_help(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    said = shop.say("rae", pull, "/migrate help")
    assert _reactions(said) == {"eyes", "rocket"}
    (reply,) = _replies(shop, pull)
    assert "/migrate ack" in reply


@pytest.mark.campaign
def test_an_unknown_command_is_answered_once(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    said = shop.say("bob", pull, "/migrate stauts\n/migrate nonsense")
    assert _reactions(said) == {"eyes", "confused"}
    (reply,) = _replies(shop, pull)
    assert "/migrate status" in reply


def test_status(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    item = shop.open_items(pull)[0]
    said = shop.say("rae", pull, "/migrate status")
    assert _reactions(said) == {"eyes", "rocket"}
    assert item in _replies(shop, pull)[0]


def test_ack_and_unack(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    items = shop.open_items(pull)
    said = shop.say("ann", pull, f"/migrate ack {' '.join(items)} because we stop writes meanwhile")
    assert _reactions(said) == {"eyes", "rocket"}
    assert shop.state(pull) == ("completed", "success")
    assert _replies(shop, pull) == []
    shop.say("ann", pull, f"/migrate unack {items[0]}")
    assert shop.open_items(pull) == [items[0]]
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_ack_of_somebody_who_may_not(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    item = shop.open_items(pull)[0]
    said = shop.say("rae", pull, f"/migrate ack {item}")
    assert _reactions(said) == {"eyes", "confused"}
    assert "write access" in _replies(shop, pull)[0]
    assert shop.boxes(pull)[item] is False


@pytest.mark.campaign
def test_ack_of_nothing_that_is_there(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    said = shop.say("bob", pull, "/migrate ack 00000000")
    assert _reactions(said) == {"eyes", "confused"}
    assert shop.open_items(pull)[0] in _replies(shop, pull)[0]


@pytest.mark.campaign
def test_recheck_reviews_again(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    said = shop.say("ann", pull, "/migrate recheck")
    assert _reactions(said) == {"eyes", "rocket"}
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_recheck_of_a_reader_is_refused(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    said = shop.say("rae", pull, "/migrate recheck")
    assert _reactions(said) == {"eyes", "confused"}


def test_rollback_is_committed_beside_the_migration_and_keeps_the_ticks(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    shop.tick_all("bob", pull)
    before = pull.head_sha
    said = shop.say("ann", pull, "/migrate rollback")
    assert _reactions(said) == {"eyes", "rocket"}
    assert pull.head_sha != before
    sql = Bare(shop.repo.directory).git("show", f"{pull.head_sha}:prisma/migrations/m2_index/rollback.sql")
    assert 'DROP INDEX "public"."orders_total"' in sql
    assert shop.state(pull) == ("completed", "success")
    again = shop.say("ann", pull, "/migrate rollback")
    assert _reactions(again) == {"eyes", "rocket"}
    assert "already" in _replies(shop, pull)[-1]


@pytest.mark.campaign
def test_rollback_as_a_way_back_is_appended_once(a_town: Town) -> None:
    github, path = a_town.github, "db/migrations/2_index.sql"
    up = f"-- +goose Up\n{INDEX}"
    files: dict[str, str | bytes | None] = {
        "db/migrations/1_init.sql": f"-- +goose Up\n{INIT}",
        ".github/migrations.yml": "rollback:\n  form: down\n",
    }
    repo = github.create_repository("acme/goose", files)
    github.allow(repo, "ann", "write")
    a_town.settle()
    shop = Shop(a_town, repo)
    github.push(repo, "feature", {path: up}, by="ann")
    pull = github.open_pull(repo, "feature", "ann")
    a_town.settle()
    shop.say("ann", pull, "/migrate rollback")
    text = Bare(repo.directory).git("show", f"{pull.head_sha}:{path}")
    assert text.startswith(f"{up}\n-- +goose Down\n-- +goose StatementBegin\n-- Takes back the migration 2_index.\n")
    assert 'DROP INDEX "public"."orders_total";' in text
    before = pull.head_sha
    shop.say("ann", pull, "/migrate rollback")
    assert pull.head_sha == before


@pytest.mark.campaign
def test_rollback_on_a_fork_is_shown(shop: Shop) -> None:
    github = shop.town.github
    fork = github.fork(shop.repo, "fred")
    github.push(fork, "feature", shop.migrations(m2_note=COLUMN), by="fred")
    pull = github.open_pull(shop.repo, "feature", "fred", fork=fork)
    shop.town.settle()
    shop.say("bob", pull, "/migrate rollback")
    assert "DROP COLUMN" in _replies(shop, pull)[0]


@pytest.mark.campaign
def test_rollback_of_a_commit_that_came_after_the_command_is_refused(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    github.hooks.hold()
    said = github.comment("ann", pull, "/migrate rollback")
    time.sleep(1.1)  # GitHub's times have whole seconds
    moved = github.push(shop.repo, "feature", shop.migrations(m3_note=COLUMN), by="ann")
    github.hooks.release()
    shop.town.settle()
    assert _reactions(said) == {"eyes", "confused"}
    assert moved in _replies(shop, pull)[0]
    assert pull.head_sha == moved


def test_rollback_without_write_access_is_refused(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    said = shop.say("rae", pull, "/migrate rollback")
    assert _reactions(said) == {"eyes", "confused"}


def test_several_commands_in_one_comment_are_all_done(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    shop.say("bob", pull, "/migrate help\n\nand then\n\n/migrate status")
    (reply,) = _replies(shop, pull)
    assert "/migrate ack" in reply
    assert shop.open_items(pull)[0] in reply


@pytest.mark.campaign
def test_a_command_of_a_bot_is_ignored(shop: Shop) -> None:
    github = shop.town.github
    github.add_user("other[bot]", "Bot")
    pull = shop.open(m2_index=INDEX)
    said = shop.say("other[bot]", pull, "/migrate help")
    assert _reactions(said) == set()


@pytest.mark.campaign
def test_an_edited_comment_is_no_command(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    said = shop.say("bob", pull, "Hello")
    shop.town.github.edit_comment("bob", said, "/migrate help")
    shop.town.settle()
    assert _reactions(said) == set()
