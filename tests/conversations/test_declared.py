"""A pull request that changes schema.prisma and forgets the migration is told, and told when it is made good."""

from __future__ import annotations

from pathlib import Path

from tests.repositories import prisma
from tests.town import Town
from tests.workers.drift.test_engine import installed, needs_engine

SCHEMA = """datasource db {
  provider = "postgresql"
}

model Order {
  id   Int     @id @default(autoincrement())
  note String?
  @@map("orders")
}
"""
BASE = SCHEMA.replace("  note String?\n", "")
INIT = 'CREATE TABLE "orders" ("id" serial PRIMARY KEY);\n'
NOTE = 'ALTER TABLE "orders" ADD COLUMN "note" text;\n'
PATH = "prisma/schema.prisma"


@needs_engine
def test_a_forgotten_migration(a_town: Town, cache: Path) -> None:
    installed(cache)
    github = a_town.github
    repo = github.create_repository("acme/declared", {**prisma(m1_init=INIT), PATH: BASE})
    github.allow(repo, "ann", "write")
    github.push(repo, "note", {PATH: SCHEMA}, by="ann")
    pull = github.open_pull(repo, "note", "ann")
    a_town.settle()
    assert github.required_state(repo, pull.head_sha) == "failing"
    (comment,) = github.bot_comments(pull)
    assert "<code>prisma/schema.prisma</code> line 7" in comment.body
    assert 'ALTER TABLE "public"."orders" ADD COLUMN "note" text;' in comment.body

    github.push(repo, "note", {"prisma/migrations/m2_note/migration.sql": NOTE}, by="ann")
    a_town.settle()
    assert github.required_state(repo, pull.head_sha) == "success"


@needs_engine
def test_a_schema_that_says_nothing_else_is_quiet(a_town: Town, cache: Path) -> None:
    installed(cache)
    github = a_town.github
    repo = github.create_repository("acme/commented", {**prisma(m1_init=INIT), PATH: BASE})
    github.allow(repo, "ann", "write")
    github.push(repo, "comment", {PATH: f"// orders only\n{BASE}"}, by="ann")
    pull = github.open_pull(repo, "comment", "ann")
    a_town.settle()
    assert github.bot_comments(pull) == []
