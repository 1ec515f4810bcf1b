"""Drift of a live database: asked for in a pull request, and looked for unasked, with one issue kept up to date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import redis

from bot.locks import lock
from bot.metrics import samples
from bot.model import Sweep
from bot.queue import Queue
from bot.running import lock_key
from bot.scripts import LATER
from bot.store import PREFIX
from tests.conversations.conftest import COLUMN, INDEX, INIT
from tests.conversations.environments.conftest import Estate, Site
from tests.conversations.environments.hands import by_hand, migration
from tests.github.faults import lost_response
from tests.github.state import Issue
from tests.live_server import OWNER, PASSWORD

_FIRST, _NOTE = migration("m1_init", INIT), migration("m2_note", COLUMN)
_HOTFIX = 'CREATE INDEX "by_hand" ON "orders" ("total")'
_COUNTED = ("drift_differences", "failed_drift_checks", "untold_drift")
_OTHER = 'ALTER TABLE "orders" ADD COLUMN "by_hand_too" text'


def _url(site: Site, database: str) -> str:
    return site.server.url(OWNER, f"{site.name}_{database}")


@dataclass(frozen=True)
class Watched:
    """A site whose environments are compared unasked, with the merged migration in each."""

    site: Site

    def sweep(self) -> None:
        """Ten minutes pass."""
        github, repo = self.site.town.github, self.site.shop.repo
        with redis.Redis.from_url(self.site.town.redis.url) as connection:
            Queue(connection).add(Sweep(github.installation(repo).id))
        self.site.town.settle()

    def look(self) -> None:
        """A day passes; then all of them are compared."""
        self.forget()
        self.sweep()

    def forget(self) -> None:
        """A day passes."""
        with redis.Redis.from_url(self.site.town.redis.url) as connection:
            for key in connection.scan_iter(f"{PREFIX}environment:{self.site.shop.repo.id}:*"):
                connection.hdel(key, "compared", "begun")

    def execute(self, statement: str, environment: str = "staging") -> None:
        with self.site.connect(environment) as connection:
            connection.execute(f"SET ROLE {OWNER}")
            connection.execute(statement.encode())

    @property
    def issue(self) -> Issue:
        (issue,) = self.site.town.github.issues(self.site.shop.repo)
        return issue

    def state(self) -> tuple[str, str | None]:
        return self.issue.state, self.issue.reason

    def said(self) -> list[str]:
        """What people were notified of, beside the issue itself."""
        comments = self.site.town.github.bot_comments(self.issue)
        return [one.body.partition("-->\n")[2].strip() for one in comments]

    def metrics(self, environment: str = "staging") -> Mapping[str, float]:
        with redis.Redis.from_url(self.site.town.redis.url) as connection:
            place = (self.site.shop.repo.full_name, environment)
            told = {one.name: one.value for one in samples(connection) if one.labels == place}
        return {name: value for name, value in told.items() if name in _COUNTED}


@pytest.fixture
def watched(estate: Estate) -> Watched:
    site = estate.site("watched")
    for database in ("staging", "production"):
        by_hand(_url(site, database), _FIRST)
    return Watched(site)


# ---------------------------------------------------------------- asked for


def test_what_was_made_by_hand_is_shown_with_what_closes_it(site: Site) -> None:
    """A pull request's own migration that is there already is none of it."""
    pull = site.shop.open(m2_note=COLUMN)
    by_hand(_url(site, "staging"), _FIRST, _NOTE)
    said = site.say("bob", pull, "/migrate drift staging")
    assert "✅ **staging**: The database is what its migrations build. 2 migrations applied" in said
    assert (site.states("staging"), site.town.github.issues(site.shop.repo)) == ([], [])
    Watched(site).execute(_HOTFIX)
    said = site.say("bob", pull, "/migrate drift staging")
    assert "⚠️ **staging**: 1 object differs from what the migrations build. 2 migrations applied" in said
    assert "| <code>index public.by_hand</code> | extra |" in said
    assert "<details><summary>To run on the database, so that it becomes what the migrations build</summary>" in said
    assert PASSWORD not in said
    assert str(site.server.port) not in said


@pytest.mark.campaign
def test_who_may_not_write_may_not_look(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    said = site.say("rae", pull, "/migrate drift staging")
    assert "Only whoever may write to the repository may look at staging." in said
    assert site.reactions(site.town.github.comments(pull)[-2]) == {"eyes", "confused"}


@pytest.mark.campaign
def test_nobody_knows_what_it_has(site: Site) -> None:
    pull = site.shop.open(m2_note=COLUMN)
    Watched(site).execute("CREATE TABLE old (id integer)")
    assert "❌ **staging**: " in site.say("bob", pull, "/migrate drift staging")


@pytest.mark.campaign
def test_what_another_pull_request_has_brought_is_named(site: Site) -> None:
    other = site.shop.open("other", m3_index=INDEX)
    pull = site.shop.open(m2_note=COLUMN)
    by_hand(_url(site, "staging"), _FIRST, migration("m3_index", INDEX))
    said = site.say("bob", pull, "/migrate drift staging")
    assert "✅ **staging**" in said
    assert f"there from pull request {other.number}, which is not merged: <code>m3_index</code>" in said
    site.town.github.close("ann", other)
    site.town.settle()
    said = site.say("bob", pull, "/migrate drift staging")
    assert "⚠️ **staging**" in said
    assert "applied there, and there is no such file: m3_index" in said


# ---------------------------------------------------------------- looked for unasked


@pytest.mark.campaign
def test_no_schedule_no_looking(site: Site) -> None:
    by_hand(_url(site, "staging"), _FIRST)
    watched = Watched(site)
    watched.execute(_HOTFIX)
    watched.sweep()
    assert site.town.github.issues(site.shop.repo) == []
    assert watched.metrics() == {"failed_drift_checks": 0, "untold_drift": 0}


@pytest.mark.campaign
def test_an_issue_is_opened_kept_and_closed(watched: Watched) -> None:
    watched.look()
    assert watched.site.town.github.issues(watched.site.shop.repo) == []
    assert watched.metrics() == {"drift_differences": 0, "failed_drift_checks": 0, "untold_drift": 0}
    assert watched.metrics("nowhere") == {"failed_drift_checks": 2, "untold_drift": 0}, "since it was installed"

    watched.execute(_HOTFIX)
    watched.execute(_HOTFIX, "production")
    watched.sweep()
    assert watched.metrics()["drift_differences"] == 0, "its day is not over"
    watched.look()
    assert (watched.issue.title, watched.issue.state) == ("staging has drifted from its migrations", "open")
    assert "index public.by_hand" in watched.issue.body
    assert PASSWORD not in watched.issue.body
    assert (watched.metrics(), watched.metrics("production")["drift_differences"]) == (
        {"drift_differences": 1, "failed_drift_checks": 0, "untold_drift": 0},
        1,
    )
    written = len(watched.site.town.github.writes())
    watched.look()
    assert len(watched.site.town.github.writes()) == written

    watched.execute(_OTHER)
    watched.look()
    assert "column public.orders.by_hand_too" in watched.issue.body
    watched.execute('DROP INDEX "by_hand"; ALTER TABLE "orders" DROP COLUMN "by_hand_too"')
    watched.look()
    assert watched.state() == ("closed", "completed")
    assert watched.said() == ["It is another drift now: 2 objects differ.", "✅ Nothing differs any more."]
    assert watched.metrics()["drift_differences"] == 0


@pytest.mark.campaign
def test_not_planned_is_silence_about_exactly_this(watched: Watched) -> None:
    github = watched.site.town.github
    watched.execute(_HOTFIX)
    watched.look()
    github.close_issue("ann", watched.issue, "not_planned")
    watched.look()
    assert (watched.state(), watched.said()) == (("closed", "not_planned"), [])
    watched.execute(_OTHER)
    watched.look()
    assert (watched.state(), watched.said()) == (("open", "reopened"), ["It has drifted again: 2 objects differ."])


@pytest.mark.campaign
def test_closed_as_done_and_it_is_not(watched: Watched) -> None:
    watched.execute(_HOTFIX)
    watched.look()
    watched.site.town.github.close_issue("ann", watched.issue)
    watched.look()
    assert (watched.state(), watched.said()) == (("open", "reopened"), ["It is there still: 1 object differs."])


@pytest.mark.campaign
def test_only_our_own_issue_counts(watched: Watched) -> None:
    """Also when nothing is remembered, and somebody has quoted it."""
    github, repo = watched.site.town.github, watched.site.shop.repo
    watched.execute(_HOTFIX)
    watched.look()
    ours = watched.issue
    theirs = github.open_issue("rae", repo, ours.title, ours.body)
    with redis.Redis.from_url(watched.site.town.redis.url) as connection:
        connection.delete(f"{PREFIX}environment:{repo.id}:staging")
    watched.execute(_OTHER)
    watched.look()
    assert github.issues(repo) == [ours, theirs]
    assert ("by_hand_too" in ours.body, "by_hand_too" in theirs.body) == (True, False)
    repo.roles["max"] = "admin"
    github.delete_issue("max", ours)
    watched.look()
    assert [one.author.login for one in github.issues(repo)] == ["rae", "migration-bot[bot]"]


@pytest.mark.campaign
def test_an_answer_is_lost(watched: Watched) -> None:
    watched.execute(_HOTFIX)
    watched.site.town.github.fail("POST", f"{watched.site.shop.repo.full_name}/issues$", lost_response())
    watched.look()
    assert watched.state() == ("open", None)


@pytest.mark.campaign
def test_github_takes_no_issue(watched: Watched) -> None:
    github, repo = watched.site.town.github, watched.site.shop.repo
    watched.execute(_HOTFIX)
    github.disable_issues(repo)
    watched.look()
    assert github.issues(repo) == []
    assert watched.metrics() == {"drift_differences": 1, "failed_drift_checks": 0, "untold_drift": 1}
    assert "its drift is told in no issue" in watched.site.town.tail()


@pytest.mark.campaign
def test_what_is_not_merged_yet_is_no_drift_of_staging(watched: Watched) -> None:
    site = watched.site
    pull = site.shop.open(m2_note=COLUMN)
    by_hand(_url(site, "staging"), _NOTE)
    watched.look()
    assert watched.metrics()["drift_differences"] == 0
    site.town.github.close("ann", pull)
    site.town.settle()
    watched.look()
    assert watched.metrics()["drift_differences"] == 2, "the migration, and its column"
    assert "applied there, and there is no such file" in watched.issue.body


@pytest.mark.campaign
def test_it_waits_while_somebody_is_at_work_there(watched: Watched) -> None:
    site, repo = watched.site, watched.site.shop.repo
    key = f"drift:{repo.id}:staging"
    watched.execute(_HOTFIX)
    with redis.Redis.from_url(site.town.redis.url) as connection:
        with lock(connection, lock_key(repo.id, "staging")):
            watched.forget()
            Queue(connection).add(Sweep(site.town.github.installation(repo).id))
            site.town.until(lambda: connection.zscore(LATER, key), "it is put off")
            assert site.town.github.issues(repo) == []
        connection.zadd(LATER, {key: 0}, xx=True)
    site.town.settle()
    assert watched.state() == ("open", None)


@pytest.mark.campaign
def test_another_branch(estate: Estate) -> None:
    watched = Watched(estate.site("followed"))
    site = watched.site
    by_hand(_url(site, "staging"), _FIRST, _NOTE)
    assert watched.metrics() == {"failed_drift_checks": 1, "untold_drift": 0}, "since it was installed"
    assert "there is no branch develop" in site.town.tail()
    site.town.github.push(site.shop.repo, "develop", site.shop.migrations(m2_note=COLUMN), by="ann")
    site.town.settle()
    watched.look()
    assert watched.metrics() == {"drift_differences": 0, "failed_drift_checks": 1, "untold_drift": 0}
