"""Who and where, as GitHub writes it in JSON: users, repositories, the app, its installations."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from tests.github.state import ROLES, Installation, Json, Repo, State, User, stamp

CLIENT_ID = "Iv23liStandInGitHub"

_USER_LINKS = (
    "followers",
    "gists{/gist_id}",
    "subscriptions",
    "repos",
    "received_events",
    "following{/other_user}",
    "starred{/owner}{/repo}",
    "events{/privacy}",
)
_USER_LINKS_OF = {"organizations_url": "orgs"}
_REPO_LINKS = (
    "assignees{/user}",
    "branches{/branch}",
    "collaborators{/collaborator}",
    "comments{/number}",
    "commits{/sha}",
    "compare/{base}...{head}",
    "contents/{+path}",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "hooks",
    "issues{/number}",
    "keys{/key_id}",
    "labels{/name}",
    "languages",
    "merges",
    "milestones{/number}",
    "notifications{?since,all,participating}",
    "pulls{/number}",
    "releases{/id}",
    "stargazers",
    "statuses/{sha}",
    "subscribers",
    "subscription",
    "tags",
    "teams",
)
_REPO_LINKS_OF = {
    "archive_url": "{archive_format}{/ref}",
    "blobs_url": "git/blobs{/sha}",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "trees_url": "git/trees{/sha}",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
}
_COUNTS = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size")
_FALSE = (
    "has_projects",
    "has_wiki",
    "has_pages",
    "has_discussions",
    "disabled",
    "web_commit_signoff_required",
)


def api(state: State, path: str) -> str:
    return f"{state.url}/api/v3/{path}"


def node_id(kind: str, number: int) -> str:
    return f"{kind}_" + base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def user(state: State, one: User) -> Json:
    at = api(state, f"users/{one.login}")
    slug = one.login.removesuffix("[bot]")
    return {
        "login": one.login,
        "id": one.id,
        "node_id": node_id("U", one.id),
        "avatar_url": f"{state.url}/avatars/u/{one.id}?v=4",
        "gravatar_id": "",
        "url": at,
        "html_url": f"{state.url}/{slug if one.type != 'Bot' else 'apps/' + slug}",
        "type": one.type,
        "site_admin": False,
        **_links(at, _USER_LINKS),
        **{name: f"{at}/{path}" for name, path in _USER_LINKS_OF.items()},
    }


def repository(state: State, repo: Repo) -> Json:
    at, page = api(state, f"repos/{repo.full_name}"), f"{state.url}/{repo.full_name}"
    return {
        **repository_id(repo),
        "owner": user(state, repo.owner),
        "html_url": page,
        "description": None,
        "fork": repo.fork_of is not None,
        "url": at,
        **_links(at, _REPO_LINKS),
        **{name: f"{at}/{path}" for name, path in _REPO_LINKS_OF.items()},
        "clone_url": f"{page}.git",
        "git_url": f"{page.replace('http:', 'git:')}.git",
        "ssh_url": f"git@github.example:{repo.full_name}.git",
        "svn_url": page,
        **dict.fromkeys(("mirror_url", "homepage", "language", "license")),
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(_FALSE, False),
        **dict.fromkeys(("open_issues", "open_issues_count"), _open(repo)),
        "archived": repo.archived,
        "has_issues": repo.has_issues,
        "allow_forking": True,
        "is_template": False,
        "topics": [],
        "visibility": "private",
        "default_branch": repo.default_branch,
        **{name: stamp(repo.created_at) for name in ("created_at", "updated_at", "pushed_at")},
    }


def _open(repo: Repo) -> int:
    states = [*(one.state for one in repo.pulls.values()), *(one.state for one in repo.issues.values())]
    return states.count("open")


def full_repository(state: State, repo: Repo) -> Json:
    """What GET /repos/OWNER/NAME adds."""
    parent = {"parent": repository(state, repo.fork_of)} if repo.fork_of else {}
    return {**repository(state, repo), "subscribers_count": 0, "network_count": 0, **parent}


def repository_id(repo: Repo) -> Json:
    """What installation events say of a repository."""
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": True,
    }


def app(state: State) -> Json:
    return {
        "id": state.app_id,
        "client_id": CLIENT_ID,
        "slug": state.slug,
        "node_id": node_id("A", state.app_id),
        "owner": user(state, state.owner),
        "name": state.slug,
        "description": "",
        "external_url": "https://migration-bot.example.org",
        "html_url": f"{state.url}/github-apps/{state.slug}",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "permissions": state.permissions,
        "events": list(state.events),
    }


def installation(state: State, one: Installation) -> Json:
    return {
        "id": one.id,
        "client_id": CLIENT_ID,
        "account": user(state, one.account),
        "repository_selection": "selected",
        "access_tokens_url": api(state, f"app/installations/{one.id}/access_tokens"),
        "repositories_url": api(state, "installation/repositories"),
        "html_url": f"{state.url}/organizations/{one.account.login}/settings/installations/{one.id}",
        "app_id": state.app_id,
        "app_slug": state.slug,
        "target_id": one.account.id,
        "target_type": one.account.type,
        "permissions": one.permissions,
        "events": list(one.events),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(state, one.account) if one.suspended_at else None,
        "suspended_at": stamp(one.suspended_at),
    }


def permission(state: State, repo: Repo, one: User) -> Json:
    """permission knows only the old roles; role_name is the true one
    (https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user)."""
    role = repo.roles.get(one.login, "none")
    legacy = {"maintain": "write", "triage": "read"}.get(role, role)
    words = {"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}
    can = {word: ROLES.index(role) >= ROLES.index(least) for word, least in words.items()}
    return {
        "permission": legacy,
        "role_name": role,
        "user": {**user(state, one), "permissions": can, "role_name": role},
    }


def _links(at: str, paths: Iterable[str]) -> Json:
    """issues{/number} → issues_url: …/issues{/number}."""
    return {f"{path.replace('/', '{').partition('{')[0]}_url": f"{at}/{path}" for path in paths}
