"""Issues that are no pull requests: who may write them, how long they may be, why one is closed.

Events of them go to apps that ask for them, which ours does not: https://docs.github.com/en/rest/issues/issues."""

from __future__ import annotations

from tests.github.pulls import next_number
from tests.github.refusals import find, invalid
from tests.github.state import Issue, Json, Pull, Refused, Repo, State, User, now

_LONGEST_BYTES, _LONGEST_TITLE = 65_536, 256
_REASONS = {"open": ("reopened",), "closed": ("completed", "not_planned", "duplicate")}


def numbered(repo: Repo, number: int) -> Pull | Issue:
    """Raises Refused: 410 for what was deleted, and for all issues where there are to be none; 404."""
    if number in repo.pulls:
        return repo.pulls[number]
    if number in repo.deleted_issues:
        raise Refused(410, "This issue was deleted")
    found = find(repo.issues, number)
    _enabled(repo)
    return found


def create(state: State, repo: Repo, author: User, wanted: Json) -> Issue:
    """Everybody who can read may."""
    _enabled(repo)
    _accept(wanted)
    if "title" not in wanted:
        raise invalid("Issue", "title", "title is missing", "missing_field")
    title, text = wanted["title"], wanted.get("body") or ""
    made = Issue(state.next_id(), next_number(repo), repo, author, title, text, by_app=author is state.bot)
    repo.issues[made.number] = made
    return made


def change(state: State, issue: Issue, sender: User, wanted: Json) -> None:
    """Whoever may write to the repository changes anybody's issue; others only their own. A reason counts only with a
    change of the state, and there is always one."""
    if sender not in (issue.author, state.bot) and not issue.repo.may(sender.login, "write"):
        raise Refused(403, f"{sender.login} may not change the issue of {issue.author.login}.")
    _accept(wanted)
    wished, reason = wanted.get("state", issue.state), wanted.get("state_reason")
    if wished not in _REASONS:
        raise invalid("Issue", "state", f"{wished} is not a member of ['open', 'closed']", "invalid")
    if reason is not None and reason not in sum(_REASONS.values(), ()):
        raise invalid("Issue", "state_reason", f"{reason} is not a reason", "invalid")
    issue.title = wanted.get("title", issue.title)
    issue.body = wanted.get("body", issue.body) or ""
    if wished != issue.state:
        issue.state, issue.closed_at = wished, now() if wished == "closed" else None
        issue.reason = reason if reason in _REASONS[wished] else _REASONS[wished][0]
    issue.updated_at = now()


def delete(issue: Issue, sender: User) -> None:
    """https://docs.github.com/en/issues/tracking-your-work-with-issues/administering-issues/deleting-an-issue"""
    if not issue.repo.may(sender.login, "admin"):
        raise Refused(403, f"{sender.login} may not delete issues.")
    del issue.repo.issues[issue.number]
    issue.repo.deleted_issues.add(issue.number)


def _enabled(repo: Repo) -> None:
    """https://github.com/ossf/allstar/issues/64"""
    if not repo.has_issues:
        raise Refused(410, "Issues are disabled for this repo")


def _accept(wanted: Json) -> None:
    title, text = wanted.get("title", "-"), wanted.get("body") or ""
    if not isinstance(title, str) or not title.strip():
        raise invalid("Issue", "title", "title can't be blank", "missing_field")
    if len(title) > _LONGEST_TITLE:
        raise invalid("Issue", "title", f"title is too long (maximum is {_LONGEST_TITLE} characters)")
    if len(text.encode()) > _LONGEST_BYTES:
        raise invalid("Issue", "body", f"body is too long (maximum is {_LONGEST_BYTES} characters)")
