"""Who may do what: a table written by hand, each rule alone, and what no flag and no policy can change."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.environments.gate import (
    Act,
    Person,
    Situation,
    Wish,
    overridden,
    refusals,
    stricter,
    teams_asked,
)
from workers.environments.model import Environment, EnvironmentKind, Freeze, Rules, Window
from workers.policy import EnvironmentPolicy, Policy

DBA = "@acme/dba"
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday
STAGING = Environment("acme/shop", "staging", EnvironmentKind.STAGING, "postgresql://u@h/s", rules=Rules())
PRODUCTION = Environment(
    "acme/shop",
    "production",
    EnvironmentKind.PRODUCTION,
    "postgresql://u@h/p",
    rules=Rules(("maintain",), (DBA,), (), ticks=True, approvals=1, after=("staging",)),
)
ADMIN = Person("ada", "admin", frozenset({DBA}))
READY = Situation(
    from_fork=False,
    is_open=True,
    merged=False,
    reviewed_sha="a" * 40,
    head_sha="a" * 40,
    verdict="success",
    approvals=1,
    migrated=frozenset({"staging"}),
    asked_by="",
    now=NOW,
)
NOT_READY = replace(READY, verdict="action_required", approvals=0, migrated=frozenset())
DEPLOY = Wish(Act.DEPLOY)
FORCE = Wish(Act.DEPLOY, force=True, because="the shop is down")

# ---------------------------------------------------------------- the whole table

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
# The least role; then the pull request: open, open from a fork, merged, merged from a fork, closed, closed from a fork.
TABLE = """
                      staging  production   open fork merged mfork closed cfork
    deploy            write    maintain     yes  -    yes    yes   -      -
    dry run           write    maintain     yes  -    yes    yes   -      -
    preflight         write    maintain     yes  -    yes    yes   -      -
    plan              write    write        yes  -    yes    yes   -      -
    status            write    write        yes  yes  yes    yes   yes    yes
    drift             write    write        yes  -    yes    yes   yes    -
    rollback          write    maintain     yes  -    yes    yes   yes    -
    resolve           write    maintain     yes  -    yes    yes   yes    -
    backup            write    maintain     yes  yes  yes    yes   -      -
    unlock            write    maintain     yes  yes  yes    yes   yes    yes
    cancel            write    maintain     yes  yes  yes    yes   yes    yes
"""
PULLS = ("open", "fork", "merged", "mfork", "closed", "cfork")


def table() -> dict[Act, list[str]]:
    rows = [line.rsplit(maxsplit=8) for line in TABLE.strip("\n").splitlines()[1:]]
    return {Act(row[0].strip()): row[1:] for row in rows}


@pytest.mark.parametrize("act", Act)
def test_roles_acts_environments_and_pull_requests(act: Act) -> None:
    staging, production, *pulls = table()[act]
    for role, pull, (environment, least) in itertools.product(
        ROLES, PULLS, ((STAGING, staging), (PRODUCTION, production))
    ):
        situation = replace(
            READY, from_fork="fork" in pull, is_open=pull in ("open", "fork"), merged=pull in ("merged", "mfork")
        )
        expected = ROLES.index(role) >= ROLES.index(least) and pulls[PULLS.index(pull)] == "yes"
        found = refusals(environment, Person("bob", role), situation, Wish(act))
        assert (found == ()) == expected, (role, pull, environment.name, found)


def test_a_role_that_is_none_may_nothing() -> None:
    assert refusals(STAGING, Person("bob", "owner"), READY, DEPLOY) != ()


# ---------------------------------------------------------------- permission

WHOEVER = "Only whoever may write to the repository may change staging. Ask one of them."


def test_a_team_is_enough_and_so_is_a_role() -> None:
    environment = replace(STAGING, rules=Rules(("maintain", DBA)))
    assert refusals(environment, Person("bob", "read", frozenset({DBA})), READY, DEPLOY) == ()
    assert refusals(environment, Person("bob", "maintain"), READY, DEPLOY) == ()
    assert refusals(environment, Person("bob", "write", frozenset({"@acme/other"})), READY, DEPLOY) == (
        "Only maintainers or members of @acme/dba may change staging. Ask one of them.",
    )
    assert refusals(replace(STAGING, rules=Rules(())), ADMIN, READY, DEPLOY) == (
        "Nobody may change staging: its configuration names no one.",
    )


def test_who_began_it_may_stop_it() -> None:
    running = replace(READY, asked_by="Bob")
    bob = Person("bob", "read")
    assert refusals(STAGING, bob, running, Wish(Act.CANCEL)) == ()
    assert refusals(STAGING, bob, running, Wish(Act.UNLOCK)) == (WHOEVER,)
    assert refusals(STAGING, bob, READY, Wish(Act.CANCEL)) == (WHOEVER,)
    assert refusals(STAGING, Person("", "read"), READY, Wish(Act.CANCEL)) == (WHOEVER,)


def test_only_the_teams_that_matter_are_asked() -> None:
    environment = replace(STAGING, rules=Rules(("write", DBA), ("@acme/leads",), ("admin", "@acme/data")))
    assert teams_asked(STAGING, DEPLOY) == frozenset()
    assert teams_asked(environment, DEPLOY) == {DBA}
    assert teams_asked(environment, Wish(Act.STATUS)) == {DBA}
    assert teams_asked(environment, FORCE) == {DBA, "@acme/leads"}
    assert teams_asked(environment, Wish(Act.ROLLBACK, lossy=True)) == {DBA, "@acme/data"}


# ---------------------------------------------------------------- each rule alone


def said(environment: Environment, situation: Situation, wish: Wish = DEPLOY) -> tuple[str, ...]:
    return refusals(environment, ADMIN, situation, wish)


def ruled(**rules: object) -> Environment:
    return replace(STAGING, rules=replace(STAGING.rules, **rules))  # type: ignore[arg-type]


MOVED = replace(READY, head_sha="b" * 40, verdict="")
WINDOW = Window((0, 1), time(9), time(16), "Europe/Paris")
FREEZE = Freeze(datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC), "stocktaking")


@pytest.mark.parametrize(
    ("environment", "situation", "expected"),
    [
        (STAGING, NOT_READY, None),
        (STAGING, MOVED, "The head is bbbbbbb, and aaaaaaa is what was reviewed. Wait for the check, then ask again."),
        (
            STAGING,
            replace(READY, reviewed_sha="", verdict=""),
            "The head is aaaaaaa, which was not reviewed by then. Wait for the check, then ask again.",
        ),
        (
            STAGING,
            replace(READY, verdict=""),
            "The check of aaaaaaa has no result yet. Wait for it, then ask again.",
        ),
        (
            STAGING,
            replace(READY, verdict="failure"),
            "The check fails. Push what mends it, or say /migrate recheck.",
        ),
        (ruled(ticks=True), READY, None),
        (
            ruled(ticks=True),
            NOT_READY,
            "staging wants every item of the checklist ticked, and some are open. Tick them.",
        ),
        (ruled(approvals=1), READY, None),
        (
            ruled(approvals=1),
            NOT_READY,
            "staging wants an approval of the head by others who may write, and there are none. Ask for a review.",
        ),
        (
            ruled(approvals=2),
            READY,
            "staging wants 2 approvals of the head by others who may write, and there is 1. Ask for a review.",
        ),
        (ruled(after=("staging",)), READY, None),
        (
            ruled(after=("test", "staging", "demo")),
            READY,
            "staging comes after test and demo. First: /migrate test and /migrate demo.",
        ),
        (ruled(merged=True), replace(READY, is_open=False, merged=True), None),
        (ruled(merged=True), READY, "staging takes only what is merged. Merge the pull request."),
        (ruled(windows=(WINDOW,)), replace(READY, now=datetime(2026, 3, 3, 8, tzinfo=UTC)), None),
        (
            ruled(windows=(WINDOW,)),
            READY,
            "staging is changed only Mon, Tue 09:00 to 16:00 Europe/Paris. It opens Mon 2026-03-09 09:00 Europe/Paris.",
        ),
        (
            ruled(windows=(replace(WINDOW, days=()),)),
            READY,
            "staging is changed only  09:00 to 16:00 Europe/Paris. It has no window that ever opens.",
        ),
        (ruled(freezes=(FREEZE,)), replace(READY, now=FREEZE.end), None),
        (
            ruled(freezes=(FREEZE,)),
            READY,
            "staging is frozen until Fri 2026-03-06 00:00 UTC: stocktaking. It opens Fri 2026-03-06 00:00 UTC.",
        ),
        (
            ruled(freezes=(FREEZE,), windows=(WINDOW,)),
            READY,
            "staging is frozen until Fri 2026-03-06 00:00 UTC: stocktaking. "
            "It opens Mon 2026-03-09 09:00 Europe/Paris.",
        ),
    ],
)
def test_a_rule(environment: Environment, situation: Situation, expected: str | None) -> None:
    assert said(environment, situation) == (() if expected is None else (expected,))


def test_all_reasons_are_told_at_once() -> None:
    environment = replace(PRODUCTION, rules=replace(PRODUCTION.rules, merged=True, freezes=(FREEZE,)))
    found = refusals(environment, Person("bob", "read"), replace(NOT_READY, from_fork=True), DEPLOY)
    assert [sentence.split()[0] for sentence in found] == ["Only", "Migrations", *["production"] * 5]


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.DEPLOY])
def test_nothing_else_waits_for_the_rules_of_a_deployment(act: Act) -> None:
    environment = replace(
        PRODUCTION, rules=replace(PRODUCTION.rules, merged=True, freezes=(FREEZE,), windows=(WINDOW,))
    )
    assert said(environment, NOT_READY, Wish(act)) == ()


@pytest.mark.parametrize("act", sorted(set(Act) - {Act.DEPLOY, Act.DRY_RUN, Act.PREFLIGHT}))
def test_what_runs_nothing_new_does_not_wait_for_a_review(act: Act) -> None:
    assert said(PRODUCTION, replace(MOVED, reviewed_sha=""), Wish(act)) == ()


# ---------------------------------------------------------------- force, lossy


def test_force_puts_the_rules_aside_and_says_which() -> None:
    assert said(PRODUCTION, NOT_READY, FORCE) == ()
    assert overridden(PRODUCTION, NOT_READY, FORCE) == (
        "production wants every item of the checklist ticked, and some are open.",
        "production wants an approval of the head by others who may write, and there are none.",
        "production comes after staging.",
    )
    assert overridden(PRODUCTION, READY, FORCE) == ()
    assert overridden(PRODUCTION, NOT_READY, DEPLOY) == ()


def test_force_is_for_those_who_are_named_and_have_a_reason() -> None:
    assert said(PRODUCTION, READY, replace(FORCE, because="  ")) == (
        "--force needs its reason, which is recorded: --force because REASON.",
    )
    assert refusals(PRODUCTION, Person("bob", "admin"), READY, FORCE) == (
        "Only members of @acme/dba may use --force on production. Ask one of them.",
    )
    assert said(STAGING, READY, FORCE) == ("Nobody may use --force on staging: its configuration names no one.",)


@pytest.mark.parametrize(
    ("person", "situation"),
    [
        (Person("bob", "write", frozenset({DBA})), READY),
        (ADMIN, replace(READY, from_fork=True)),
        (ADMIN, replace(READY, is_open=False)),
        (ADMIN, MOVED),
        (ADMIN, replace(READY, verdict="failure")),
        (ADMIN, replace(READY, verdict="")),
    ],
)
def test_what_no_force_puts_aside(person: Person, situation: Situation) -> None:
    assert len(refusals(PRODUCTION, person, situation, FORCE)) == 1


def test_lossy_is_for_those_who_are_named_and_have_a_reason() -> None:
    environment = ruled(lossy=("maintain",))
    lossy = Wish(Act.ROLLBACK, lossy=True, because="the column was empty")
    assert said(environment, READY, lossy) == ()
    assert said(environment, READY, replace(lossy, because="")) == (
        "--lossy needs its reason, which is recorded: --lossy because REASON.",
    )
    assert refusals(environment, Person("bob", "write"), READY, lossy) == (
        "Only maintainers may use --lossy on staging. Ask one of them.",
    )


# ---------------------------------------------------------------- the repository's policy


def test_a_policy_adds_what_the_configuration_leaves_out() -> None:
    policy = Policy(environments=(("staging", EnvironmentPolicy(2, True, ("test",), True)),))
    assert stricter(PRODUCTION, policy) == PRODUCTION
    assert stricter(STAGING, policy).rules == replace(
        STAGING.rules, approvals=2, ticks=True, after=("test",), merged=True
    )


def test_a_policy_takes_nothing_away() -> None:
    policy = Policy(environments=(("production", EnvironmentPolicy()),))
    assert stricter(PRODUCTION, policy) == PRODUCTION


# ---------------------------------------------------------------- properties

_names = st.sampled_from(("staging", "test", "demo"))
_words = st.lists(st.sampled_from(("write", "maintain", "admin", DBA, "@acme/leads")), unique=True).map(tuple)
_firsts = st.lists(_names, unique=True).map(tuple)
_windows = st.lists(st.sampled_from((WINDOW, replace(WINDOW, days=(2,)))), max_size=2, unique=True).map(tuple)
_rules = st.builds(
    Rules,
    who=_words,
    force=_words,
    lossy=_words,
    ticks=st.booleans(),
    approvals=st.integers(0, 3),
    after=_firsts,
    merged=st.booleans(),
    windows=_windows,
    freezes=st.sampled_from(((), (FREEZE,))),
)
environments = _rules.map(lambda rules: replace(STAGING, rules=rules))
people = st.builds(
    Person,
    login=st.sampled_from(("ada", "bob")),
    role=st.sampled_from(ROLES),
    teams=st.frozensets(st.sampled_from((DBA, "@acme/leads"))),
)
situations = st.builds(
    Situation,
    from_fork=st.booleans(),
    is_open=st.booleans(),
    merged=st.booleans(),
    reviewed_sha=st.sampled_from(("", "a" * 40, "b" * 40)),
    head_sha=st.just("a" * 40),
    verdict=st.sampled_from(("", "success", "action_required", "failure")),
    approvals=st.integers(0, 3),
    migrated=st.frozensets(_names),
    asked_by=st.sampled_from(("", "ada")),
    now=st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 12), timezones=st.just(UTC)),  # noqa: DTZ001
)
wishes = st.builds(
    Wish, st.sampled_from(tuple(Act)), st.booleans(), st.booleans(), st.sampled_from(("", " ", "it burns"))
)
policies = st.builds(
    EnvironmentPolicy, st.integers(0, 3), st.booleans(), _firsts, st.booleans()
).map(lambda asked: Policy(environments=(("staging", asked),)))  # fmt: skip


@given(environments, people, situations, wishes, policies)
def test_no_policy_loosens_anything(
    environment: Environment, person: Person, situation: Situation, wish: Wish, policy: Policy
) -> None:
    under = stricter(environment, policy)
    before, after = (refusals(one, person, situation, wish) for one in (environment, under))
    assert len(before) <= len(after)
    assert len(overridden(environment, situation, wish)) <= len(overridden(under, situation, wish))
    assert teams_asked(environment, wish) == teams_asked(under, wish)


@given(environments, people, situations, wishes)
def test_force_gives_nobody_a_permission(
    environment: Environment, person: Person, situation: Situation, wish: Wish
) -> None:
    """Whom force lets in would have been let in without, had the rules been kept."""
    kept = replace(
        environment,
        rules=replace(
            environment.rules, ticks=False, approvals=0, after=(), merged=False, windows=(), freezes=()
        ),
    )  # fmt: skip
    if not refusals(environment, person, situation, wish):
        assert refusals(kept, person, situation, replace(wish, force=False, lossy=False)) == ()


@given(environments, situations, wishes)
def test_what_force_puts_aside_is_what_refuses_without_it(
    environment: Environment, situation: Situation, wish: Wish
) -> None:
    told = " ".join(refusals(environment, ADMIN, situation, replace(wish, force=False)))
    for fact in overridden(environment, situation, wish):
        assert fact in told
