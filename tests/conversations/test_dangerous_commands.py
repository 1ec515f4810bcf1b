"""A pull request that brings a command which empties a database is told, whether it touches migrations or not."""

from __future__ import annotations

from tests.conversations.conftest import Shop
from tests.town import Town

DOCKERFILE = "FROM node:22\nRUN npm ci\nCMD npx prisma migrate reset --force && node .\n"


def test_no_migration_is_touched(shop: Shop) -> None:
    github = shop.town.github
    github.push(shop.repo, "image", {"Dockerfile": DOCKERFILE}, by="ann")
    pull = github.open_pull(shop.repo, "image", "ann")
    shop.town.settle()
    assert shop.state(pull) == ("completed", "action_required")
    assert shop.check(pull).title == "high-risk: 1 high-risk finding, 1 of 1 items open"
    assert "prisma migrate reset" in shop.body(pull)

    shop.tick_all("bob", pull)
    assert shop.state(pull) == ("completed", "success")

    github.push(shop.repo, "image", {"Dockerfile": DOCKERFILE.replace("reset --force", "deploy")}, by="ann")
    shop.town.settle()
    assert shop.check(pull).title == "no migrations"


def test_a_repository_without_migrations(a_town: Town) -> None:
    github = a_town.github
    repo = github.create_repository("acme/site", {"Dockerfile": "FROM node:22\n"})
    github.allow(repo, "ann", "write")
    github.push(repo, "image", {"Dockerfile": DOCKERFILE}, by="ann")
    pull = github.open_pull(repo, "image", "ann")
    a_town.settle()
    assert github.required_state(repo, pull.head_sha) == "failing"
    (comment,) = github.bot_comments(pull)
    assert "<code>Dockerfile</code> line 3" in comment.body
