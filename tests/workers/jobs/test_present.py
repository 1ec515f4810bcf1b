"""What crosses to the bot of a report on several projects."""

from __future__ import annotations

from dataclasses import replace

from bot.outcome import Outcome, Standing, Touched
from tests.workers.report.reports import EMPTY, SAFE
from workers.combined import combined, failed
from workers.jobs.neighbours import clashes
from workers.jobs.present import present
from workers.model import MigrationSet
from workers.policy import Policy
from workers.verdict import Report, Unread

SHOP, BILLING = (replace(SAFE, directory=directory) for directory in ("shop/migrations", "billing/migrations"))
NAME = SAFE.migrations[0].id


def outcome(*projects: Report) -> Outcome:
    return present(combined(projects), Policy())


def touched(*projects: Report) -> Touched:
    told = outcome(*projects)
    return Touched("main", told.migrations, told.places)


def test_nothing_to_tell() -> None:
    assert outcome(replace(EMPTY, directory="shop/migrations")).standing is Standing.NONE


def test_pull_requests_meet_in_a_project_and_not_in_a_name() -> None:
    assert present(SAFE, Policy()).migrations == (NAME,)
    assert clashes(touched(SHOP), touched(BILLING)) == ()
    assert clashes(touched(SHOP, BILLING), touched(BILLING)) == (
        f"migration billing/migrations/{NAME}",
        "billing/migrations: public.gift_cards",
    )


def test_what_was_left_unread_is_asked_about_where_nothing_else_was_found() -> None:
    left = Unread("db/3_c.up.sql", 1, "It is no migration of the layout flyway, which the folder was read in.")
    told = present(replace(EMPTY, directory="db", unread=(left,)), Policy())
    assert (told.standing, [item.kind for item in told.items]) == (Standing.REVIEWED, ["unread"])


def test_one_that_failed_fails_the_whole() -> None:
    broken = failed(MigrationSet("plain", "billing/migrations", "a" * 40, "b" * 40, (), ()), "it fails `here`")
    told = outcome(SHOP, broken)
    assert (told.standing, told.title, told.items) == (Standing.FAILED, "not reviewed: billing/migrations", ())
    assert told.reason == "<code>billing/migrations</code>: it fails <code>here</code>"
    assert told.body.startswith("### 🟢 safe · nothing found\n\n")
    assert NAME in told.body
