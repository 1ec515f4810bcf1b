"""Decides who may do what to an environment, and when. Pure: every reason against it, or none."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from workers.environments.model import Environment
from workers.environments.windows import frozen, is_open, moment_text, next_opening, window_text
from workers.policy import Policy


class Act(enum.StrEnum):
    """What can be asked of an environment. There is nothing here that empties or resets one."""

    DEPLOY = "deploy"
    DRY_RUN = "dry run"
    ROLLBACK = "rollback"
    STATUS = "status"
    PLAN = "plan"
    DRIFT = "drift"
    PREFLIGHT = "preflight"
    BACKUP = "backup"
    CANCEL = "cancel"
    UNLOCK = "unlock"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody typed. because: their reason, for force and lossy."""

    act: Act
    force: bool = False
    lossy: bool = False
    because: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who typed it, as GitHub tells at this moment. role: admin, maintain, write, triage, read or none. teams: of those
    that teams_asked names, the ones they are in."""

    login: str
    role: str
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Situation:
    """What it is about. reviewed_sha: what was reviewed when it was typed, "" for nothing. verdict: of head_sha's
    check: success, action_required, failure, or "" for none. approvals: of head_sha, by other people who may write.
    migrated: the environments that have all migrations of the pull request. asked_by: the login of who asked for all
    that a cancel would stop, "" for nobody or several. now: aware."""

    from_fork: bool
    is_open: bool
    merged: bool
    reviewed_sha: str
    head_sha: str
    verdict: str
    approvals: int
    migrated: frozenset[str]
    asked_by: str
    now: datetime


_ROLES = ("none", "read", "triage", "write", "maintain", "admin")  # each may do what those before it may
_ANY_WRITER = ("write",)
_LOOKS_ON = frozenset({Act.STATUS, Act.PLAN, Act.DRIFT})
_REVIEWED = frozenset({Act.DEPLOY, Act.DRY_RUN, Act.PREFLIGHT})
# What reads a pull request's files for a database: a fork's are not the team's before they are merged.
_READS_FILES = _REVIEWED | {Act.PLAN, Act.DRIFT, Act.ROLLBACK, Act.RESOLVE}
# A pull request that was given up: what it left behind can still be seen and removed.
_AFTER_CLOSING = frozenset({Act.STATUS, Act.DRIFT, Act.CANCEL, Act.UNLOCK, Act.ROLLBACK, Act.RESOLVE})
_SHA_DIGITS = 7


def refusals(environment: Environment, person: Person, situation: Situation, wish: Wish) -> tuple[str, ...]:
    """Every reason against it, plain sentences that say how to go on; it may run where there is none. They name teams
    as @org/team: whoever prints them on GitHub takes care that nobody is called."""
    forced = wish.force and bool(wish.because.strip()) and _is_one_of(person, environment.rules.force)
    rules = () if forced else _broken_rules(environment, situation, wish)
    return (
        *barred(environment, person, situation, wish),
        *_review(situation, wish),
        *(f"{rule.fact} {rule.way}" for rule in rules),
    )


def barred(environment: Environment, person: Person, situation: Situation, wish: Wish) -> tuple[str, ...]:
    """Those of the reasons for which neither the pull request's files nor any database have to be asked."""
    return (*_permission(environment, person, situation, wish), *_pull_request(environment, situation, wish))


def overridden(environment: Environment, situation: Situation, wish: Wish) -> tuple[str, ...]:
    """The rules that --force puts aside, a sentence each, for the record."""
    return tuple(rule.fact for rule in _broken_rules(environment, situation, wish)) if wish.force else ()


def teams_asked(environment: Environment, wish: Wish) -> frozenset[str]:
    """The teams, as they are configured, of which GitHub has to say whether the person is in them."""
    words = (*_who(environment, wish.act), *(word for _, words in _flags(environment, wish) for word in words))
    return frozenset(word for word in words if word.startswith("@"))


def stricter(environment: Environment, policy: Policy) -> Environment:
    """The environment under its own rules and those that the repository's policy adds; it can take none away."""
    rules, asked = environment.rules, policy.environment(environment.name)
    return replace(
        environment,
        rules=replace(
            rules,
            approvals=max(rules.approvals, asked.approvals),
            ticks=rules.ticks or asked.ticks,
            merged=rules.merged or asked.merged,
            after=tuple(dict.fromkeys((*rules.after, *asked.after))),
        ),
    )


# ---------------------------------------------------------------- who


def _who(environment: Environment, act: Act) -> tuple[str, ...]:
    return (*_ANY_WRITER, *environment.rules.who) if act in _LOOKS_ON else environment.rules.who


def _flags(environment: Environment, wish: Wish) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The flags that were given, and who may give them."""
    told = (("--force", wish.force, environment.rules.force), ("--lossy", wish.lossy, environment.rules.lossy))
    return tuple((flag, words) for flag, given, words in told if given)


def _is_one_of(person: Person, words: Iterable[str]) -> bool:
    has = _ROLES[: _ROLES.index(person.role) + 1] if person.role in _ROLES else ()
    return any(word in person.teams if word.startswith("@") else word in has for word in words)


def _permission(environment: Environment, person: Person, situation: Situation, wish: Wish) -> Iterator[str]:
    who, name = _who(environment, wish.act), environment.name
    own = wish.act is Act.CANCEL and person.login.lower() == situation.asked_by.lower() != ""
    if not (_is_one_of(person, who) or own):
        yield _only(who, f"{'look at' if wish.act in _LOOKS_ON else 'change'} {name}")
    for flag, words in _flags(environment, wish):
        if not _is_one_of(person, words):
            yield _only(words, f"use {flag} on {name}")
        elif not wish.because.strip():
            yield f"{flag} needs its reason, which is recorded: {flag} because REASON."


_PEOPLE = {"write": "whoever may write to the repository", "maintain": "maintainers", "admin": "administrators"}


def _only(words: tuple[str, ...], what: str) -> str:
    if not words:
        return f"Nobody may {what}: its configuration names no one."
    people = _listed([_PEOPLE.get(word, f"members of {word}") for word in dict.fromkeys(words)], "or")
    return f"Only {people} may {what}. Ask one of them."


# ---------------------------------------------------------------- which pull request


def _pull_request(environment: Environment, situation: Situation, wish: Wish) -> Iterator[str]:
    if situation.merged:
        return
    if situation.from_fork and wish.act in _READS_FILES:
        yield (
            f"Migrations of a fork do not get near {environment.name} before they are merged. Merge the pull request, "
            "or push its commits to a branch of this repository."
        )
    if not situation.is_open and wish.act not in _AFTER_CLOSING:
        yield "The pull request is closed and was not merged. Reopen it."


def _review(situation: Situation, wish: Wish) -> Iterator[str]:
    """What no --force puts aside: nothing runs that was not reviewed, or failed its review."""
    if wish.act not in _REVIEWED:
        return
    reviewed, head = situation.reviewed_sha, situation.head_sha
    if reviewed != head:
        seen = f"and {reviewed[:_SHA_DIGITS]} is what was reviewed" if reviewed else "which was not reviewed by then"
        yield f"The head is {head[:_SHA_DIGITS]}, {seen}. Wait for the check, then ask again."
    elif situation.verdict not in ("success", "action_required", "failure"):
        yield f"The check of {head[:_SHA_DIGITS]} has no result yet. Wait for it, then ask again."
    if situation.verdict == "failure":
        yield "The check fails. Push what mends it, or say /migrate recheck."


# ---------------------------------------------------------------- rules that --force puts aside


@dataclass(frozen=True, slots=True)
class _Broken:
    """fact: which rule, and what is. way: how to go on. A sentence each."""

    fact: str
    way: str


def _broken_rules(environment: Environment, situation: Situation, wish: Wish) -> tuple[_Broken, ...]:
    """Of what is put there alone: to look, to back up and to roll back never has to wait."""
    if wish.act is not Act.DEPLOY:
        return ()
    return (*_broken_demands(environment, situation), *_bad_moment(environment, situation.now))


def _broken_demands(environment: Environment, situation: Situation) -> Iterator[_Broken]:
    rules, name = environment.rules, environment.name
    if rules.ticks and situation.verdict != "success":
        yield _Broken(f"{name} wants every item of the checklist ticked, and some are open.", "Tick them.")
    if situation.approvals < rules.approvals:
        yield _Broken(
            f"{name} wants {_approvals(rules.approvals)} of the head by others who may write, and there "
            f"{'is' if situation.approvals == 1 else 'are'} {situation.approvals or 'none'}.",
            "Ask for a review.",
        )
    if missing := [first for first in rules.after if first not in situation.migrated]:
        commands = _listed([f"/migrate {first}" for first in missing], "and")
        yield _Broken(f"{name} comes after {_listed(missing, 'and')}.", f"First: {commands}.")
    if rules.merged and not situation.merged:
        yield _Broken(f"{name} takes only what is merged.", "Merge the pull request.")


def _bad_moment(environment: Environment, now: datetime) -> Iterator[_Broken]:
    rules, name = environment.rules, environment.name
    if is_open(rules, now):
        return
    opens = next_opening(rules, now)
    way = f"It opens {moment_text(opens)}." if opens else "It has no window that ever opens."
    freeze = frozen(rules, now)
    if freeze is not None:
        yield _Broken(f"{name} is frozen until {moment_text(freeze.end)}: {freeze.reason}.", way)
    else:
        windows = _listed([window_text(window) for window in rules.windows], "and")
        yield _Broken(f"{name} is changed only {windows}.", way)


# ---------------------------------------------------------------- words


def _approvals(count: int) -> str:
    return "an approval" if count == 1 else f"{count} approvals"


def _listed(words: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
