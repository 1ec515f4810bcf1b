"""Pull requests, comments and reactions as GitHub writes them in JSON."""

from __future__ import annotations

from tests.github.bare import Bare
from tests.github.reviews import Review
from tests.github.shapes import api, app, node_id, repository, user
from tests.github.state import Comment, Json, Pull, Reaction, Repo, ReviewComment, State, User, stamp

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
_PULL_LINKS = {
    "self": "pulls/{n}",
    "html": None,
    "issue": "issues/{n}",
    "comments": "issues/{n}/comments",
    "review_comments": "pulls/{n}/comments",
    "review_comment": "pulls/comments{{/number}}",
    "commits": "pulls/{n}/commits",
    "statuses": "statuses/{sha}",
}


def pull(state: State, one: Pull) -> Json:
    """As in a list."""
    links = {name: _link(state, one, path) for name, path in _PULL_LINKS.items()}
    page = links["html"]
    return {
        "id": one.id,
        "node_id": node_id("PR", one.id),
        "number": one.number,
        "state": one.state,
        "locked": False,
        "title": one.title,
        "user": user(state, one.author),
        "body": one.body or None,
        **{f"{name}_url": link for name, link in links.items() if name not in ("self", "html")},
        "url": links["self"],
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "_links": {name: {"href": link} for name, link in links.items()},
        **_times(one),
        "head": _end(state, one.head_repo, one.head_ref, one.head_sha),
        "base": _end(state, one.repo, one.base_ref, one.base_sha),
        "merge_commit_sha": one.merge_sha,
        "draft": one.draft,
        "author_association": association(one.repo, one.author),
        **{name: [] for name in ("labels", "assignees", "requested_reviewers", "requested_teams")},
        **dict.fromkeys(("assignee", "milestone", "auto_merge", "active_lock_reason")),
    }


def full_pull(state: State, one: Pull) -> Json:
    """As in an answer of its own, or in an event."""
    known = one.mergeable is not None and not one.unknown_reads
    states = {True: "blocked" if one.repo.required else "clean", False: "dirty"}
    comments = sum(comment.pull is one for comment in one.repo.comments.values())
    bare = Bare(one.repo.directory)
    return {
        **pull(state, one),
        "merged": one.merged_at is not None,
        "mergeable": one.mergeable if known and one.state == "open" else None,
        "mergeable_state": states[bool(one.mergeable)] if known and one.state == "open" else "unknown",
        "rebaseable": None,
        "merged_by": user(state, one.merged_by) if one.merged_by else None,
        "comments": comments,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(bare.shas(one.head_sha, f"^{one.base_sha}")),
        **dict.fromkeys(("additions", "deletions", "changed_files"), 1),
    }


def issue(state: State, one: Pull) -> Json:
    """A pull request as the issue that it also is."""
    whole = pull(state, one)
    same = ("id", "node_id", "number", "title", "user", "state", "locked", "body", "author_association", "draft")
    times = ("created_at", "updated_at", "closed_at")
    empty = ("labels", "assignees", "assignee", "milestone", "active_lock_reason")
    at = whole["issue_url"]
    return {
        **{name: whole[name] for name in (*same, *times, *empty, "html_url")},
        "url": at,
        "repository_url": api(state, f"repos/{one.repo.full_name}"),
        "labels_url": f"{at}/labels{{/name}}",
        "comments_url": f"{at}/comments",
        "events_url": f"{at}/events",
        "timeline_url": f"{at}/timeline",
        "comments": sum(comment.pull is one for comment in one.repo.comments.values()),
        "pull_request": {
            **{name: whole[name] for name in ("url", "html_url", "diff_url", "patch_url", "merged_at")},
        },
        "reactions": tally(f"{at}/reactions", []),
        "performed_via_github_app": None,
        "state_reason": None,
    }


def comment(state: State, one: Comment) -> Json:
    at = api(state, f"repos/{one.pull.repo.full_name}/issues/comments/{one.id}")
    issue_url = api(state, f"repos/{one.pull.repo.full_name}/issues/{one.pull.number}")
    kind = "pull" if isinstance(one.pull, Pull) else "issues"
    return {
        "id": one.id,
        "node_id": node_id("IC", one.id),
        "url": at,
        "html_url": f"{state.url}/{one.pull.repo.full_name}/{kind}/{one.pull.number}#issuecomment-{one.id}",
        "issue_url": issue_url,
        "user": user(state, one.user),
        "body": one.body,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "author_association": association(one.pull.repo, one.user),
        "reactions": tally(f"{at}/reactions", one.reactions),
        "performed_via_github_app": app(state) if one.by_app else None,
    }


def review_comment(state: State, one: ReviewComment) -> Json:
    """https://docs.github.com/en/rest/pulls/comments; it names no App."""
    reply = {"in_reply_to_id": one.replies_to} if one.replies_to else {}
    return {
        "id": one.id,
        "node_id": node_id("PRRC", one.id),
        "url": api(state, f"repos/{one.pull.repo.full_name}/pulls/comments/{one.id}"),
        "html_url": f"{state.url}/{one.pull.repo.full_name}/pull/{one.pull.number}#discussion_r{one.id}",
        "pull_request_url": api(state, f"repos/{one.pull.repo.full_name}/pulls/{one.pull.number}"),
        "user": user(state, one.user),
        "body": one.body,
        "path": one.path,
        "line": one.line,
        "start_line": one.start_line,
        "side": "RIGHT",
        "commit_id": one.commit_id,
        "original_commit_id": one.commit_id,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "author_association": association(one.pull.repo, one.user),
        **reply,
    }


def reaction(state: State, one: Reaction) -> Json:
    return {
        "id": one.id,
        "node_id": node_id("REA", one.id),
        "user": user(state, one.user),
        "content": one.content,
        "created_at": stamp(one.created_at),
    }


def review(state: State, one: Review) -> Json:
    page, at = _link(state, one.pull, None), _link(state, one.pull, "pulls/{n}")
    return {
        "id": one.id,
        "node_id": node_id("PRR", one.id),
        "user": user(state, one.user),
        "body": "",
        "state": one.state,
        "html_url": f"{page}#pullrequestreview-{one.id}",
        "pull_request_url": at,
        "author_association": association(one.pull.repo, one.user),
        "_links": {"html": {"href": f"{page}#pullrequestreview-{one.id}"}, "pull_request": {"href": at}},
        "submitted_at": stamp(one.submitted_at),
        "commit_id": one.sha,
    }


def association(repo: Repo, one: User) -> str:
    """It is no permission: whoever hides the membership is a CONTRIBUTOR."""
    if one is repo.owner:
        return "OWNER"
    return "COLLABORATOR" if repo.may(one.login, "write") else "CONTRIBUTOR"


def _link(state: State, one: Pull, path: str | None) -> str:
    if path is None:
        return f"{state.url}/{one.repo.full_name}/pull/{one.number}"
    return api(state, f"repos/{one.repo.full_name}/{path.format(n=one.number, sha=one.head_sha)}")


def _end(state: State, repo: Repo, ref: str, sha: str) -> Json:
    return {
        "label": f"{repo.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(state, repo.owner),
        "repo": repository(state, repo),
    }


def _times(one: Pull) -> Json:
    return {name: stamp(getattr(one, name)) for name in ("created_at", "updated_at", "closed_at", "merged_at")}


def tally(url: str, reactions: list[Reaction]) -> Json:
    """How many there are of each."""
    counts = {content: sum(one.content == content for one in reactions) for content in REACTIONS}
    return {"url": url, "total_count": len(reactions), **counts}
