"""Comments and reactions: who may write them, how long they may be, who is told."""

from __future__ import annotations

from tests.github import shapes_issues, shapes_pulls
from tests.github.bare import Bare
from tests.github.events import emit
from tests.github.refusals import invalid
from tests.github.state import Comment, Issue, Json, Pull, Reaction, Refused, ReviewComment, State, User, now

# GitHub says characters and may mean bytes; the stricter reading is the safe one here.
_LONGEST_BYTES = 65_536


def create(state: State, pull: Pull | Issue, author: User, body: str) -> Comment:
    """Raises Refused, with 410 for an issue where there are to be none."""
    if isinstance(pull, Issue) and not pull.repo.has_issues:
        raise Refused(410, "Issues are disabled for this repo")
    _accept(body)
    made = Comment(state.next_id(), pull, author, body, by_app=author is state.bot)
    pull.repo.comments[made.id] = made
    pull.updated_at = now()
    _announce(state, made, author, {"action": "created"})
    return made


def edit(state: State, comment: Comment, sender: User, body: str) -> None:
    """Whoever may write to the repository may edit anybody's comment; others only their own."""
    _allow(comment, sender, state)
    _accept(body)
    before, comment.body, comment.updated_at = comment.body, body, now()
    if before != body:
        _announce(state, comment, sender, {"action": "edited", "changes": {"body": {"from": before}}})


def delete(state: State, comment: Comment, sender: User) -> None:
    _allow(comment, sender, state)
    del comment.pull.repo.comments[comment.id]
    _announce(state, comment, sender, {"action": "deleted"})


def create_on_lines(state: State, pull: Pull, author: User, told: Json) -> ReviewComment:
    """On lines that the diff shows, of its right side."""
    _accept(told.get("body"))
    first, last = told.get("start_line", told["line"]), told["line"]
    shown = Bare(pull.repo.directory).shown(pull.base_sha, pull.head_sha, told["path"])
    if told["commit_id"] != pull.head_sha or not {first, last} <= shown:
        message = "pull_request_review_thread.line must be part of the diff"
        raise invalid("PullRequestReviewComment", "pull_request_review_thread.line", message)
    start = first if first != last else None
    made = ReviewComment(state.next_id(), pull, author, told["body"], told["path"], last, start, pull.head_sha)
    pull.repo.review_comments[made.id] = made
    return made


def react(state: State, comment: Comment, sender: User, content: object) -> tuple[Reaction, bool]:
    """The reaction, and whether it is a new one."""
    if content not in shapes_pulls.REACTIONS:
        raise invalid("Reaction", "content", f"{content} is not a reaction", "invalid")
    for one in comment.reactions:
        if (one.user, one.content) == (sender, content):
            return one, False
    made = Reaction(state.next_id(), sender, str(content))
    comment.reactions.append(made)
    return made, True


def _allow(comment: Comment, sender: User, state: State) -> None:
    if sender not in (comment.user, state.bot) and not comment.pull.repo.may(sender.login, "write"):
        raise Refused(403, f"{sender.login} may not edit the comment of {comment.user.login}.")


def _accept(body: object) -> None:
    if not isinstance(body, str) or not body.strip():
        raise invalid("IssueComment", "body", "Body can't be blank", "missing_field")
    if len(body.encode()) > _LONGEST_BYTES:
        raise invalid("IssueComment", "body", f"Body is too long (maximum is {_LONGEST_BYTES} characters)")


def _announce(state: State, comment: Comment, sender: User, payload: Json) -> None:
    whole = {
        **payload,
        "issue": shapes_issues.any_issue(state, comment.pull),
        "comment": shapes_pulls.comment(state, comment),
    }
    emit(state, comment.pull.repo, "issue_comment", sender, whole)
