"""Answers a merge group: the members' migrations together, on the base that they will meet."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import check, record
from bot.github import checks, pulls
from bot.github.client import Client
from bot.github.pulls import Pull
from bot.markup import quoted
from bot.model import Group, GroupGone, Section, Verdict
from bot.outcome import Item, Outcome, Standing
from workers.conflicts import Conflict, conflicts, same_numbers
from workers.errors import CannotAnalyse, InputError, NoMigrations
from workers.jobs.present import NO_MIGRATIONS, asked_by_findings, not_reviewed, present
from workers.jobs.reviewing import gathered_from, opened
from workers.jobs.tools import Tools
from workers.mirror import Commits, Copy
from workers.reading import Gathered
from workers.review import review_gathered
from workers.rules import migration_number_taken

# gh-readonly-queue/main/pr-12-BASE names only the last of the group's pull requests.
_BRANCH = re.compile(r"gh-readonly-queue/(?P<base_branch>.+)/pr-(?P<number>\d+)-(?P<base>[0-9a-f]+)")
_IN_TITLE = re.compile(r"(?:^Merge pull request #|\(#(?=\d+\)$))(\d+)")
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The open pull requests into a group's base branch: those that are known to be in the group, and the others."""

    known: tuple[Pull, ...]
    others: tuple[Pull, ...]


@dataclass(frozen=True, slots=True)
class _Together:
    """The members' migrations, reviewed as one change. asked: what the findings ask to be confirmed. clashes: Markdown,
    one line each. witnesses: not known to be in the group, and they have a migration of it that no known member has."""

    outcome: Outcome
    asked: tuple[Item, ...] = ()
    clashes: tuple[str, ...] = ()
    witnesses: tuple[Pull, ...] = ()


@dataclass(frozen=True, slots=True)
class _Member:
    """A pull request, and what its own check says of it."""

    number: int
    section: Section | None

    @property
    def confirmed(self) -> Iterator[str]:
        """The ids of its items."""
        return (row.item for row in (self.section.rows if self.section else ()) if row.ticked)


def answer_group(tools: Tools, work: Group) -> None:
    """Success when each member is confirmed, and the combined review asks nothing that nobody confirmed: an item's id
    is its cause, so what is new comes of the members meeting each other, or the base. Raises Retryable, Permanent."""
    client = tools.app.client(work.repo)
    if _is_over(client, work):
        return
    checks.ensure_check(client, check.queued(work.head), _external_id(work.repo.id))
    waiting = _waiting(client, work)
    together = _together(tools, client, work, waiting)
    known, witnesses = (tuple(_member(client, one) for one in some) for some in (waiting.known, together.witnesses))
    problems = tuple(_problems(known, witnesses, together))
    checks.ensure_check(client, check.group(work.head, together.outcome, problems), _external_id(work.repo.id))


def end_group(tools: Tools, work: GroupGone) -> None:
    """Nothing is left waiting on a group that is no more."""
    client = tools.app.client(work.repo)
    for run in checks.runs(client, work.head):
        if run.status != "completed":
            checks.conclude(client, run)


def fail_group(tools: Tools, work: Group, why: str) -> None:
    """Fails closed: the queue takes the group apart, and the members stay as they were."""
    outcome = not_reviewed(why)
    wanted = check.group(work.head, outcome, (outcome.reason,))
    checks.ensure_check(tools.app.client(work.repo), wanted, _external_id(work.repo.id))


def groups_at(client: Client, sha: str) -> tuple[Group, ...]:
    """The merge groups whose commit this is, while they last. Raises what GitHub raises."""
    names = (str(branch["name"]) for branch in client.pages(f"commits/{sha}/branches-where-head"))
    found = ((name, match) for name in names if (match := _BRANCH.fullmatch(name)))
    return tuple(
        Group(client.repo, sha, _HEADS + name, match["base"], _HEADS + match["base_branch"]) for name, match in found
    )


def _is_over(client: Client, work: Group) -> bool:
    """Whether it was answered, and merged or given up since, so that its members are not there to be found: we may have
    answered without hearing that GitHub took it."""
    answered = any(run.status == "completed" for run in checks.runs(client, work.head))
    return answered and not groups_at(client, work.head)


def _external_id(repo: int) -> str:
    return f"{repo}:group"


# ---------------------------------------------------------------- gather


def _waiting(client: Client, work: Group) -> _Waiting:
    """GitHub does not list a group's members. A merge brings their heads into the group; after a squash there are the
    numbers in the commits' messages; and the branch names the last one. After a rebase the others stay unknown."""
    commits = pulls.between(client, work.base, work.head)
    heads = {commit.sha for commit in commits}
    named = {int(number) for commit in commits for number in _IN_TITLE.findall(commit.message.partition("\n")[0])}
    branch = _BRANCH.fullmatch(work.head_ref.removeprefix(_HEADS))
    named |= {int(branch["number"])} if branch else set()
    found = pulls.open_pulls(client, base=work.base_ref.removeprefix(_HEADS))
    known = tuple(pull for pull in found if pull.head_sha in heads or pull.number in named)
    return _Waiting(known, tuple(pull for pull in found if pull not in known))


def _member(client: Client, pull: Pull) -> _Member:
    sections = (record.section_of(pull.number, record.parse(run.text)) for run in checks.runs(client, pull.head_sha))
    return _Member(pull.number, next((section for section in sections if section), None))


def _together(tools: Tools, client: Client, work: Group, waiting: _Waiting) -> _Together:
    with opened(tools, client) as copy:
        copy.fetch((work.base, work.head))
        try:
            # Other files are each pull request's own: they do nothing together that they do not do alone.
            of_all = gathered_from(copy, Commits(work.base, work.head, work.base, merged=True))
            found = tuple(replace(one, around=()) for one in of_all if one.of_project)
            if not any(one.touched for one in found):
                return _Together(NO_MIGRATIONS)
            report = review_gathered(found, tools.machine)
        except NoMigrations:
            return _Together(NO_MIGRATIONS)
        except (InputError, CannotAnalyse) as error:
            return _Together(not_reviewed(str(error)))
        owners, witnesses = _owners(copy, found, waiting)
    numbers = tuple(map(_same_number, same_numbers([one.migrations for one in found], owners)))
    asked = asked_by_findings(report, found[0].policy)
    if numbers:  # which also says whose they are
        asked = tuple(item for item in asked if item.kind != migration_number_taken.RULE.name)
    clashes = (*map(_clash, conflicts(report, owners)), *numbers)
    return _Together(present(report, found[0].policy), asked, clashes, witnesses)


def _clash(conflict: Conflict) -> str:
    return f"{quoted(conflict.object)} is changed by {_numbers(conflict)}."


def _same_number(conflict: Conflict) -> str:
    return f"Migrations of {_numbers(conflict)} have the number {conflict.object}."


def _numbers(conflict: Conflict) -> str:
    return " and ".join(f"#{number}" for number in conflict.pulls)


def _owners(
    copy: Copy, found: Sequence[Gathered], waiting: _Waiting
) -> tuple[Mapping[str, frozenset[int]], tuple[Pull, ...]]:
    """Whose each added migration is: the pull requests whose head has the file. Others than the known members are asked
    only about what none of these has; those that have it are the witnesses."""
    blobs = {file.path: file.blob for file in copy.repository.files(found[0].migrations.head)}
    added = {(each.path, blobs[each.path]) for one in found for each in one.migrations.added}
    holders = _holders(copy, added, waiting.known)
    orphans = added.difference(*holders.values())
    more = _holders(copy, orphans, waiting.others) if orphans else {}
    witnesses = tuple(pull for pull in waiting.others if more.get(pull.number))
    holders |= more
    owners = {path: frozenset(n for n, held in holders.items() if (path, blob) in held) for path, blob in added}
    return owners, witnesses


def _holders(copy: Copy, wanted: Collection[tuple[str, str]], some: Sequence[Pull]) -> dict[int, set[tuple[str, str]]]:
    """Which of the wanted files, as path and blob, each pull request's head has."""
    copy.fetch(tuple(pull.head_sha for pull in some))
    return {
        pull.number: {(file.path, file.blob) for file in copy.repository.files(pull.head_sha)}.intersection(wanted)
        for pull in some
    }


# ---------------------------------------------------------------- decide


def _problems(known: Sequence[_Member], witnesses: Sequence[_Member], together: _Together) -> Iterator[str]:
    """One line of Markdown for each reason not to merge the group."""
    for member in known:
        if member.section is None or member.section.verdict is not Verdict.SUCCESS:
            yield f"#{member.number} is not confirmed itself: see its checklist."
    yield from together.clashes
    confirmed = {item for member in (*known, *witnesses) for item in member.confirmed}
    for item in together.asked:
        if item.id not in confirmed:
            yield f"Nobody confirmed: {item.text}"
    if together.outcome.standing is Standing.FAILED:
        yield together.outcome.reason
