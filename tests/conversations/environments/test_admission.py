"""Nobody gets in: who may type what about which environment in which pull request, and what it takes for production."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
import redis

from bot.github.client import Client
from bot.locks import lock
from bot.model import Operate
from bot.running import Runner, lock_key
from bot.scripts import PENDING
from tests.conversations.conftest import COLUMN, INDEX, INIT, make_shop
from tests.conversations.environments.conftest import Estate, Site
from tests.conversations.environments.hands import by_hand, migration
from tests.conversations.environments.inside import tools_in, typed
from tests.github import shapes_pulls
from tests.github.comments import create
from tests.github.events import emit
from tests.github.state import Pull, Refused
from tests.live_server import OWNER
from tests.repositories import plain
from workers.jobs.admission import admitted, case_of
from workers.jobs.enquiries import enquire
from workers.jobs.tools import Tools, now

# ---------------------------------------------------------------- the whole table

# Who may, on staging and on production; then in which pull request: of the same repository, of a fork, of a fork and
# merged. The team may on production what maintainers may, and needs no role for that.
TABLE = """
    /migrate ENV                           writers    owners        yes  -    yes
    /migrate ENV --dry-run                 writers    owners        yes  -    yes
    /migrate plan ENV                      writers    lookers       yes  -    yes
    /migrate status ENV                    writers    lookers       yes  yes  yes
    /migrate preflight ENV                 writers    owners        yes  -    yes
    /migrate backup ENV                    writers    owners        yes  yes  yes
    /migrate rollback ENV                  writers    owners        yes  -    yes
    /migrate resolve ENV m1_init --applied writers    owners        yes  -    yes
    /migrate cancel ENV                    writers    owners        yes  yes  yes
    /migrate unlock ENV                    writers    owners        yes  yes  yes
    /migrate ENV --force because why       nobody     admins        yes  -    yes
    /migrate rollback ENV --lossy because  nobody     nobody        yes  -    yes
    /migrate rollback ENV --lossy because why  writers  losers      yes  -    yes
"""
PEOPLE = {"zoe": "none", "rae": "read", "tim": "triage", "ann": "write", "max": "maintain", "ada": "admin"}
DORA = "dora"  # reads, and is of the team acme/dba
MAY: Mapping[str, frozenset[str]] = {
    "nobody": frozenset(),
    "writers": frozenset({"ann", "max", "ada"}),
    "owners": frozenset({"max", "ada", DORA}),
    "lookers": frozenset({"ann", "max", "ada", DORA}),
    "admins": frozenset({"ada"}),
    "losers": frozenset({"ada", DORA}),
}
KINDS = ("same", "fork", "merged")


@dataclass(frozen=True)
class Cell:
    """What is typed by whom in which kind of pull request, and whether it may be."""

    kind: str
    text: str
    login: str
    may: bool


def cells() -> Iterator[Cell]:
    for line in TABLE.strip("\n").splitlines():
        text, staging, production, *kinds = line.strip().rsplit(maxsplit=5)
        for (environment, who), (kind, open_to) in itertools.product(
            (("staging", staging), ("production", production)), zip(KINDS, kinds, strict=True)
        ):
            for login in (*PEOPLE, DORA):
                yield Cell(
                    kind, text.strip().replace("ENV", environment), login, open_to == "yes" and login in MAY[who]
                )


def tried() -> Iterator[Cell]:
    """All that may not be; of those who may do the same, each in turn."""
    turns = itertools.count()
    for (_, _, may), group in itertools.groupby(cells(), lambda cell: (cell.kind, cell.text, cell.may)):
        several = list(group)
        yield from [several[next(turns) % len(several)]] if may else several


@dataclass(frozen=True)
class Inside:
    """A site, and the bot's own tools beside it."""

    site: Site
    tools: Tools

    def client(self, work: Operate) -> Client:
        return self.tools.app.client(work.repo)

    def refused(self, pull: Pull, login: str, text: str) -> tuple[str, ...]:
        """Every reason; nothing is done."""
        work = typed(self.site.town, self.tools, pull, login, text)
        client = self.client(work)
        return admitted(self.tools, client, case_of(self.tools, client, work)).refused

    def answered(self, pull: Pull, login: str, text: str) -> str:
        """What is said, where it is not to be done."""
        work = typed(self.site.town, self.tools, pull, login, text)
        said = enquire(self.tools, self.client(work), work)
        assert said.done is False, said
        return said.reply

    def mistakes(self, pull: Pull, cell: Cell) -> object:
        """What speaks against it though it may be, or for it though it may not."""
        if cell.may:
            return self.refused(pull, cell.login, cell.text)
        return "refused" not in self.answered(pull, cell.login, cell.text)

    def waits(self) -> list[str]:
        """The operations that were begun, or are to be."""
        with redis.Redis.from_url(self.site.town.redis.url) as connection:
            keys = [key.decode() for key in connection.zrange(PENDING, 0, -1)]
        return [key for key in keys if key.startswith("operate:")]

    def live(self) -> object:
        """What stands in the databases."""
        tables = (
            "SELECT array_agg(relname::text ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        return [(self.site.ask(one, tables), self.site.history(one)) for one in ("staging", "production")]


@pytest.fixture
def inside(estate: Estate, request: pytest.FixtureRequest) -> Iterator[Inside]:
    """Of the kind that the test's parameter names."""
    with tools_in(estate.town) as tools:
        yield Inside(estate.site(request.param), tools)
    estate.town.settle()


guarded = pytest.mark.parametrize("inside", ["guarded"], indirect=True)
ruled = pytest.mark.parametrize("inside", ["ruled"], indirect=True)


def _fork(site: Site, branch: str, **migrations: str) -> Pull:
    """A pull request of zoe's, who has no role."""
    github = site.town.github
    fork = github.fork(site.shop.repo, "zoe")
    github.push(fork, branch, site.shop.migrations(**migrations), by="zoe")
    pull = github.open_pull(site.shop.repo, branch, "zoe", fork=fork)
    site.town.settle()
    return pull


@pytest.mark.campaign
@guarded
def test_roles_commands_environments_and_pull_requests(inside: Inside) -> None:
    site, github = inside.site, inside.site.town.github
    for login, role in {**PEOPLE, DORA: "read"}.items():
        github.allow(site.shop.repo, login, role)
    merged = _fork(site, "merged", m2_merged=COLUMN)
    github.merge("ann", merged)
    pulls = {"merged": merged, "fork": _fork(site, "forked", m3_forked=INDEX), "same": site.shop.open(m4_note=INDEX)}
    first, forked = migration("m1_init", INIT), migration("m3_forked", "SELECT 1")
    by_hand(site.server.url(OWNER, f"{site.name}_staging"), first, migration("m2_merged", COLUMN), forked)
    by_hand(site.server.url(OWNER, f"{site.name}_staging"), migration("m4_note", INDEX))
    before = inside.live()
    wrong = []
    for text, group in itertools.groupby(tried(), lambda cell: cell.text):
        wrong += [cell for cell in group if inside.mistakes(pulls[cell.kind], cell)]
        assert (inside.waits(), inside.live()) == ([], before), text
    assert wrong == []


# ---------------------------------------------------------------- whole conversations


@pytest.mark.campaign
def test_who_has_no_say_gets_nowhere(estate: Estate) -> None:
    """An outsider, an App, and talk about an issue that is no pull request."""
    site = estate.site()
    github = site.town.github
    pull = site.shop.open(m2_note=COLUMN)
    github.allow(site.shop.repo, "zoe", "none")
    assert "Only whoever may write" in site.say("zoe", pull, "/migrate staging")
    github.add_user("dependabot[bot]", "Bot")
    site.shop.say("dependabot[bot]", pull, "/migrate staging")
    with github.state.lock:
        user = github.state.user("max")
        issue = shapes_pulls.issue(github.state, pull)
        comment = create(github.state, pull, user, "Where may /migrate staging be typed?")
        told = {"issue": issue | {"pull_request": None}, "comment": shapes_pulls.comment(github.state, comment)}
        told["comment"]["body"] = "/migrate staging"
        emit(github.state, site.shop.repo, "issue_comment", user, {"action": "created", **told})
    site.town.settle()
    assert len(site.replies(pull)) == 1
    assert (site.history("staging"), site.states("staging")) == ([], [])


@pytest.mark.campaign
def test_a_fork_before_it_is_merged_and_what_was_closed(estate: Estate) -> None:
    site = estate.site()
    github = site.town.github
    fork = _fork(site, "theirs", m2_note=COLUMN)
    assert "Migrations of a fork do not get near staging" in site.say("ann", fork, "/migrate staging")
    pull = site.shop.open(m3_index=INDEX)
    github.close("ann", pull)
    site.town.settle()
    assert "closed and was not merged" in site.say("ann", pull, "/migrate staging")
    assert "0 migrations applied, 2 pending" in site.say("ann", pull, "/migrate status staging")
    assert (site.history("staging"), site.states("staging")) == ([], [])


@pytest.mark.campaign
def test_what_cannot_be_read_can_be_stopped(estate: Estate) -> None:
    site = estate.site()
    pull = site.shop.open(m2_note=COLUMN)
    site.town.github.push(site.shop.repo, pull.head_ref, plain(_1_other="SELECT 1;\n"), by="ann")
    site.town.settle()
    assert "migrations of 2 projects here (migrations, prisma/migrations)" in site.say("ann", pull, "/migrate staging")
    assert "Nothing is running on **staging**" in site.say("ann", pull, "/migrate cancel staging")


@pytest.mark.campaign
@guarded
def test_what_is_at_work_is_not_unlocked(inside: Inside) -> None:
    pull, tools = inside.site.shop.open(m2_note=COLUMN), inside.tools
    with lock(tools.redis, lock_key(pull.repo.id, "staging")):
        assert "is at work: somebody." in inside.answered(pull, "ann", "/migrate unlock staging")
        tools.running.begin(pull.repo.id, "staging", Runner("operate:7", "deploy", "bob", 12, now()))
        assert "is at work: deploy for bob in #12." in inside.answered(pull, "ann", "/migrate unlock staging")


def test_no_repository_reaches_anothers_environments(estate: Estate) -> None:
    """Not by a name of its own, nor by the name that another one has given up."""
    place = estate.town
    bare = make_shop(place)
    pull = bare.open(m2_note=COLUMN)
    bare.say("max", pull, "/migrate staging")
    place.github.rename(bare.repo, "pinned-1")
    bare.say("max", pull, "/migrate staging")
    said = [one.body for one in place.github.bot_comments(pull) if "migration-bot:reply" in one.body]
    assert [text.splitlines()[1] for text in said] == ["`staging` is no command. `/migrate help` lists them all."] * 2
    site = estate.site()
    other = site.shop.open(m2_note=COLUMN)
    assert "There is no environment `frozen`" in site.say("max", other, "/migrate status frozen")


# ---------------------------------------------------------------- what production takes


@ruled
def test_production_wants_ticks_an_approval_and_staging_first(inside: Inside) -> None:
    site, github = inside.site, inside.site.town.github
    pull = site.shop.open(m2_index=INDEX)

    def against() -> list[str]:
        """The facts, by their last words."""
        return [why.partition(".")[0].rpartition(" ")[2] for why in inside.refused(pull, "max", "/migrate production")]

    assert against() == ["open", "none", "staging"]
    site.shop.tick_all("bob", pull)
    site.say("bob", pull, "/migrate staging")
    github.review("rae", pull, "APPROVED")  # may not write
    github.review("bob", pull, "APPROVED")
    older = pull.head_sha
    assert against() == []
    site.shop.push(pull, m3_note=COLUMN)
    site.shop.tick_all("bob", pull)
    assert against() == ["none", "staging"]
    site.say("bob", pull, "/migrate staging")
    github.review("dora", pull, "APPROVED", older)
    with pytest.raises(Refused):
        github.review("ann", pull, "APPROVED")  # the author
    assert against() == ["none"]
    github.review("bob", pull, "APPROVED")
    assert against() == []
    github.review("dora", pull, "CHANGES_REQUESTED")
    assert against() == ["none"]
    github.allow(site.shop.repo, "dora", "read")  # may not object any more
    assert against() == []
    github.allow(site.shop.repo, "bob", "read")
    assert against() == ["none"]
    github.review("max", pull, "APPROVED")
    assert "3 migrations applied" in site.say("max", pull, "/migrate production")


@pytest.mark.campaign
@guarded
def test_what_staging_has_under_the_same_name_is_not_the_same(inside: Inside) -> None:
    site = inside.site
    pull = site.shop.open(m2_note=COLUMN)
    site.say("ann", pull, "/migrate staging")
    assert inside.refused(pull, "max", "/migrate production") == ()
    site.shop.push(pull, m2_note=COLUMN.replace("text", "jsonb"))
    assert inside.refused(pull, "max", "/migrate production") == (
        "production comes after staging. First: /migrate staging.",
    )


@ruled
def test_windows_and_freezes(inside: Inside) -> None:
    pull = inside.site.shop.open(m2_note=COLUMN)
    (frozen,) = inside.refused(pull, "max", "/migrate frozen")
    until = "Tue 2126-01-01 00:00 UTC"
    assert frozen == f"frozen is frozen until {until}: stocktaking. It opens {until}."
    (shut,) = inside.refused(pull, "max", "/migrate shut")
    assert "shut is changed only" in shut
    assert inside.refused(pull, "max", "/migrate status frozen") == ()
    assert "Nobody may use --force" in inside.refused(pull, "max", "/migrate shut --force because I say so")[0]


@ruled
def test_force_is_for_those_who_may_and_is_recorded(inside: Inside) -> None:
    site = inside.site
    pull = site.shop.open(m2_index=INDEX)
    assert "-force needs its reason" in site.say("max", pull, "/migrate production --force")
    assert "Only maintainers may use" in site.say("bob", pull, "/migrate production --force because I can")
    assert site.history("production") == []
    said = site.say("max", pull, "/migrate production --force because the shop is down")
    assert "2 migrations applied" in said
    aside = [line for line in said.splitlines() if "put aside" in line]
    assert [line.rpartition(" ")[2] for line in aside] == ["open.", "none.", "staging."]
    assert "because the shop is down" in said
    assert site.history("production") == [("m1_init", "applied"), ("m2_index", "applied")]
    (record,) = [one for one in site.town.github.deployments(site.shop.repo) if one.environment == "production"]
    assert record.description == f"deploy for max, pull request {pull.number}, because the shop is down"
    assert record.payload["because"] == "the shop is down"
    assert [line.partition("--force: ")[2] for line in aside] == record.payload["put_aside"]


# ---------------------------------------------------------------- what a repository may add

_STRICTER = """environments:
  staging:
    approvals: 1
"""
_POLICY = ".github/migrations.yml"


@pytest.mark.campaign
def test_the_base_branch_makes_it_stricter_and_a_pull_request_changes_nothing_for_itself(estate: Estate) -> None:
    site = estate.site()
    github = site.town.github
    pull = site.shop.open(m2_note=COLUMN)
    for own in (
        "environments: {staging: {approvals: 9}, production: {merged: true}}\n",
        "layout: [this is no policy\n",
    ):
        github.push(site.shop.repo, pull.head_ref, {_POLICY: own}, by="ann")
        site.town.settle()
        assert "2 migrations would be applied" in site.say("ann", pull, "/migrate plan staging")
    github.push(site.shop.repo, "main", {_POLICY: _STRICTER}, by="max")
    github.push(site.shop.repo, pull.head_ref, {_POLICY: "environments: {staging: {approvals: 0}}\n"}, by="ann")
    site.town.settle()
    assert "wants an approval of the head" in site.say("ann", pull, "/migrate staging")
    github.review("bob", pull, "APPROVED")
    assert "2 migrations applied" in site.say("ann", pull, "/migrate staging")


@pytest.mark.campaign
def test_another_base_branch_evades_no_rule(estate: Estate) -> None:
    site = estate.site()
    github = site.town.github
    github.push(site.shop.repo, "lax", {"README.md": "As main was.\n"}, by="ann")
    github.push(site.shop.repo, "main", {_POLICY: _STRICTER}, by="max")
    pull = site.shop.open(base="lax", m2_note=COLUMN)
    assert "wants an approval of the head" in site.say("ann", pull, "/migrate staging")
    github.merge("ann", pull)
    github.delete_branch(site.shop.repo, "lax", by="ann")
    site.town.settle()
    assert "wants an approval of the head" in site.say("ann", pull, "/migrate staging")
    github.review("bob", pull, "APPROVED")
    assert "2 migrations applied" in site.say("ann", pull, "/migrate staging")


@pytest.mark.campaign
def test_what_was_merged_before_is_under_the_rules_of_today(estate: Estate) -> None:
    site = estate.site()
    github = site.town.github
    pull = site.shop.open(m2_note=COLUMN)
    github.merge("ann", pull)
    github.push(site.shop.repo, "main", {_POLICY: _STRICTER}, by="max")
    site.town.settle()
    assert "wants an approval of the head" in site.say("ann", pull, "/migrate staging")
    github.push(site.shop.repo, "main", {_POLICY: None}, by="max")
    site.town.settle()
    assert "2 migrations applied" in site.say("ann", pull, "/migrate staging")
