"""From opening a pull request to merging it."""

from __future__ import annotations

from html import unescape

import pytest

from tests.conversations.conftest import COLUMN, DROP, INDEX, Shop, make_shop
from tests.town import Town


def test_a_pull_request_without_migrations_is_green_and_quiet(shop: Shop) -> None:
    shop.town.github.push(shop.repo, "docs", {"README.md": "A shop.\n"}, by="ann")
    pull = shop.town.github.open_pull(shop.repo, "docs", "ann")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "success")
    assert shop.check(pull).title == "no migrations"
    assert shop.town.github.bot_comments(pull) == []


@pytest.mark.campaign
def test_a_repository_without_migrations_is_green_and_quiet(a_town: Town) -> None:
    github = a_town.github
    repo = github.create_repository("acme/docs", {"README.md": "Docs.\n"})
    github.allow(repo, "ann", "write")
    github.push(repo, "more", {"MORE.md": "More.\n"}, by="ann")
    pull = github.open_pull(repo, "more", "ann")
    a_town.settle()
    assert github.required_state(repo, pull.head_sha) == "success"
    assert github.bot_comments(pull) == []


def test_a_safe_migration_is_green_and_brief(shop: Shop) -> None:
    pull = shop.open(m2_note=COLUMN)
    assert shop.state(pull) == ("completed", "success")
    assert shop.open_items(pull) == []
    assert len(shop.body(pull).encode()) < 4000


def test_the_story(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX, m3_drop=DROP)
    assert shop.state(pull) == ("completed", "action_required")
    before = shop.open_items(pull)
    assert len(before) >= 2

    shop.tick_all("bob", pull)
    assert shop.state(pull) == ("completed", "success")
    assert shop.town.github.required_state(shop.repo, pull.head_sha) == "success"
    assert "ticked by <code>bob</code>" in shop.line(pull, before[0])

    shop.push(pull, m2_index=INDEX.replace("orders_total", "orders_by_total"))
    assert shop.state(pull) == ("completed", "action_required")
    left = shop.open_items(pull)
    assert 0 < len(left) < len(before)
    assert "reset&#58; bob ticked it" in shop.line(pull, left[0])

    shop.say("bob", pull, f"/migrate ack {' '.join(left)} because the table is small")
    assert shop.state(pull) == ("completed", "success")
    assert "the table is small" in shop.line(pull, left[0])
    assert len(shop.town.github.bot_comments(pull)) == 1


@pytest.mark.campaign
def test_findings_are_annotations_on_their_lines(shop: Shop) -> None:
    pull = shop.open(m2_index="-- a comment\n" + INDEX)
    (annotation,) = shop.check(pull).annotations
    assert annotation["path"] == "prisma/migrations/m2_index/migration.sql"
    assert annotation["start_line"] == 2
    assert annotation["title"] == "index-not-concurrent: public.orders"


@pytest.mark.campaign
def test_a_push_that_takes_the_migrations_away_leaves_one_sentence(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    shop.push(pull, m2_index=None)
    assert shop.state(pull) == ("completed", "success")
    assert "touches no migrations any more" in shop.body(pull)


def test_nothing_is_written_when_nothing_changed(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    before = len(shop.town.github.writes())
    shop.say("bob", pull, "Looks good to me.")
    shop.town.github.ready_for_review("ann", pull)
    shop.town.settle()
    assert len(shop.town.github.writes()) == before


@pytest.mark.campaign
def test_a_pull_request_that_is_closed_and_opened_again_keeps_its_ticks(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX, m3_drop=DROP)
    shop.tick_all("bob", pull)
    shop.town.github.close("ann", pull)
    shop.town.settle()
    shop.town.github.push(shop.repo, "feature", {"README.md": "While it was closed.\n"}, by="ann")
    shop.town.github.reopen("ann", pull)
    shop.town.settle()
    assert shop.state(pull) == ("completed", "success")
    assert shop.open_items(pull) == []


def test_a_fork_is_reviewed_alike(shop: Shop) -> None:
    github = shop.town.github
    fork = github.fork(shop.repo, "fred")
    github.push(fork, "feature", shop.migrations(m2_index=INDEX), by="fred")
    pull = github.open_pull(shop.repo, "feature", "fred", fork=fork)
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    shop.tick_all("bob", pull)
    assert shop.state(pull) == ("completed", "success")


@pytest.mark.campaign
def test_a_branch_that_conflicts_is_reviewed_from_where_it_forked(shop: Shop) -> None:
    github = shop.town.github
    github.push(shop.repo, "feature", {"README.md": "Mine.\n", **shop.migrations(m2_index=INDEX)}, by="ann")
    github.push(shop.repo, "main", {"README.md": "Theirs.\n"}, by="bob")
    pull = github.open_pull(shop.repo, "feature", "ann")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    assert "index-not-concurrent" in shop.body(pull)


def test_what_is_merged_meanwhile_is_reviewed_with_it(shop: Shop) -> None:
    pull = shop.open(m2_index=INDEX)
    assert "migration-out-of-order" not in shop.body(pull)
    shop.town.github.push(shop.repo, "main", shop.migrations(m3_note=COLUMN), by="bob")
    shop.town.settle()
    assert "migration-out-of-order" in shop.body(pull)


@pytest.mark.campaign
def test_a_push_to_the_base_without_migrations_writes_nothing(shop: Shop) -> None:
    shop.open(m2_index=INDEX)
    shop.town.github.push(shop.repo, "main", {"README.md": "One.\n"}, by="bob")
    shop.town.settle()  # the first time the history has to be learned
    before = len(shop.town.github.requests())
    shop.town.github.push(shop.repo, "main", {"README.md": "Two.\n"}, by="bob")
    shop.town.settle()
    after = shop.town.github.requests()[before:]
    assert [request.path for request in after if request.path.endswith("/check-runs")] == []


@pytest.mark.campaign
def test_another_base_is_another_review(shop: Shop) -> None:
    github = shop.town.github
    github.push(shop.repo, "release", shop.migrations(m3_note=COLUMN), by="bob")
    pull = shop.open(m2_index=INDEX)
    assert "migration-out-of-order" not in shop.body(pull)
    github.change_base("ann", pull, "release")
    shop.town.settle()
    assert "migration-out-of-order" in shop.body(pull)


@pytest.mark.campaign
def test_two_pull_requests_with_one_head_share_the_worse_verdict(shop: Shop) -> None:
    github = shop.town.github
    github.push(shop.repo, "release", shop.migrations(m3_note=COLUMN), by="bob")
    into_main = shop.open(m2_note='ALTER TABLE "orders" ADD COLUMN "memo" text;\n')
    assert shop.state(into_main) == ("completed", "success")
    into_release = github.open_pull(shop.repo, "feature", "ann", base="release")
    shop.town.settle()
    assert into_release.head_sha == into_main.head_sha
    assert shop.state(into_main) == ("completed", "action_required")
    shop.tick_all("bob", into_release)
    assert shop.state(into_main) == ("completed", "success")


@pytest.mark.campaign
def test_when_the_worse_of_two_is_closed_the_other_is_free(shop: Shop) -> None:
    github = shop.town.github
    github.push(shop.repo, "release", shop.migrations(m3_note=COLUMN), by="bob")
    into_main = shop.open(m2_note='ALTER TABLE "orders" ADD COLUMN "memo" text;\n')
    into_release = github.open_pull(shop.repo, "feature", "ann", base="release")
    shop.town.settle()
    assert shop.state(into_main) == ("completed", "action_required")
    github.close("ann", into_release)
    shop.town.settle()
    assert shop.state(into_main) == ("completed", "success")


def test_a_policy_that_is_wrong_fails_with_file_and_line(a_town: Town) -> None:
    shop = make_shop(a_town, {".github/migrations.yml": "rules:\n  renamed: loud\n"})
    pull = shop.open(m2_index=INDEX)
    assert shop.state(pull) == ("completed", "failure")
    assert ".github/migrations.yml:2" in unescape(shop.check(pull).summary or "")
    assert a_town.github.bot_comments(pull) == []


@pytest.mark.campaign
def test_the_policy_of_the_branch_under_review_does_not_count(shop: Shop) -> None:
    files = {".github/migrations.yml": "rules:\n  index-not-concurrent: off\n", **shop.migrations(m2_index=INDEX)}
    shop.town.github.push(shop.repo, "feature", files, by="ann")
    pull = shop.town.github.open_pull(shop.repo, "feature", "ann")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")


def test_a_migration_that_fails_is_shown_with_its_line(shop: Shop) -> None:
    pull = shop.open(m2_wrong='SELECT 1;\nALTER TABLE "customers" ADD COLUMN "a" text;\n')
    assert shop.state(pull) == ("completed", "action_required")
    assert "migration-fails" in shop.body(pull)


def test_rerun_reviews_again(shop: Shop) -> None:
    github = shop.town.github
    pull = shop.open(m2_index=INDEX)
    first = shop.check(pull)
    github.rerun("bob", first)
    shop.town.settle()
    second = shop.check(pull)
    assert second.id > first.id
    assert shop.state(pull) == ("completed", "action_required")
    github.press("bob", second, "rerun")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    github.rerun_all("bob", second.suite)
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")


@pytest.mark.campaign
def test_rerun_on_a_fork(shop: Shop) -> None:
    github = shop.town.github
    fork = github.fork(shop.repo, "fred")
    github.push(fork, "feature", shop.migrations(m2_index=INDEX), by="fred")
    pull = github.open_pull(shop.repo, "feature", "fred", fork=fork)
    shop.town.settle()
    shop.tick_all("bob", pull)
    first = shop.check(pull)
    github.rerun("bob", first)
    shop.town.settle()
    assert shop.check(pull).id > first.id
    assert shop.state(pull) == ("completed", "success")
