"""The stand-in GitHub beside GitHub's own OpenAPI document, as githubkit's models carry it: every event and
every answer parses, and githubkit's client can drive it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.github.bare import Bare
from tests.github.hooks import Delivery
from tests.github.world import World

SHOP = ("acme", "shop")
SUMMARY = {"title": "1 of 2", "summary": "one is open"}
BUTTON = {"label": "Re-run", "description": "Review again", "identifier": "rerun"}
NOTE = {"path": "m/2.sql", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "locks"}
BARE = {"auto_merge": False, "required_contexts": [], "payload": {"key": "1"}}


class Clients:
    """githubkit's, as an installation and as the app. It is slow to import, so only here."""

    def __init__(self, github: World, installation: int) -> None:
        from githubkit import AppAuthStrategy, AppInstallationAuthStrategy, GitHub
        from githubkit.cache import MemCacheStrategy

        options: Any = {"base_url": f"{github.url}/api/v3/", "auto_retry": False, "http_cache": False}
        options["cache_strategy"] = MemCacheStrategy()  # else the JWT of another world's key serves this one's App
        self._app = GitHub(AppAuthStrategy(4711, github.private_key), **options)
        self._installed = GitHub(AppInstallationAuthStrategy(4711, github.private_key, installation), **options)

    @property
    def app(self) -> Any:
        return self._app.rest

    @property
    def rest(self) -> Any:
        return self._installed.rest


@dataclass
class Known:
    """What the story left behind, by number."""

    installation: int
    repo: int
    pull: int
    sha: str
    comment: int
    run: int
    suite: int
    deployment: int
    issue: int
    delivery: int
    blob: str
    tree: str


class Story:
    """A repository with a pull request."""

    def __init__(self, github: World) -> None:
        self.github = github
        self.shop = github.create_repository("acme/shop", {"m/1.sql": "create table a (id int);\n"})
        for login, role in (("ann", "write"), ("ben", "read"), ("cat", "maintain")):
            github.allow(self.shop, login, role)
        github.add_team("acme", "dba", "cat")
        github.push(self.shop, "feature", {"m/2.sql": "drop table a;\n"}, by="ann")
        self.pull = github.open_pull(self.shop, "feature", "ann", draft=True)
        self.clients = Clients(github, github.installation(self.shop).id)

    def report(self, sha: str, **more: Any) -> Any:
        return self.clients.rest.checks.create(*SHOP, data={"name": "migrations", "head_sha": sha, **more}).parsed_data

    def known(self) -> Known:
        github, shop, sha = self.github, self.shop, self.pull.head_sha
        run = shop.runs[self.report(sha, output={**SUMMARY, "annotations": [NOTE]}).id]
        comment = github.comment("ann", self.pull, "hello")
        github.review("cat", self.pull, "APPROVED")
        made = github.deploy("cat", shop, sha, "staging")
        issue = self.clients.rest.issues.create(*SHOP, data={"title": "drift"}).parsed_data.number
        bare = Bare(shop.directory)
        github.hooks.settle()
        blob, tree = bare.git("rev-parse", f"{sha}:m/2.sql"), bare.git("rev-parse", f"{sha}^{{tree}}")
        installation, delivery = github.installation(shop).id, github.hooks.deliveries[0].id
        first = (installation, shop.id, self.pull.number, sha, comment.id, run.id, run.suite.id)
        return Known(*first, made.id, issue, delivery, blob, tree)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with World(tmp_path_factory.mktemp("github")) as github:
        yield Story(github)


@pytest.fixture(scope="module")
def known(story: Story) -> Known:
    return story.known()


def test_every_event_parses(story: Story) -> None:
    github, shop, pull = story.github, story.shop, story.pull
    _live(story)
    _merge_queue(story)
    _install_and_more(story)
    github.hooks.settle()
    assert [bad for bad in map(_complaint, github.hooks.deliveries) if bad] == []
    assert sorted({one.name for one in github.hooks.deliveries}) == sorted(EVENTS)
    assert (pull.state, github.required_state(shop, pull.head_sha)) == ("closed", "success")


EVENTS = (
    "check_run.completed",
    "check_run.created",
    "check_run.requested_action",
    "check_run.rerequested",
    "check_suite.completed",
    "check_suite.requested",
    "check_suite.rerequested",
    "installation.created",
    "installation.deleted",
    "installation.new_permissions_accepted",
    "installation.suspend",
    "installation.unsuspend",
    "installation_repositories.added",
    "installation_repositories.removed",
    "issue_comment.created",
    "issue_comment.deleted",
    "issue_comment.edited",
    "merge_group.checks_requested",
    "merge_group.destroyed",
    "pull_request.closed",
    "pull_request.dequeued",
    "pull_request.edited",
    "pull_request.enqueued",
    "pull_request.opened",
    "pull_request.ready_for_review",
    "pull_request.reopened",
    "pull_request.synchronize",
    "push",
)


def _live(story: Story) -> None:
    github, shop, pull = story.github, story.shop, story.pull
    run = story.report(pull.head_sha, status="in_progress", output={**SUMMARY, "annotations": [NOTE]})
    story.clients.rest.checks.update(
        *SHOP, run.id, data={"conclusion": "action_required", "output": SUMMARY, "actions": [BUTTON]}
    )
    ours = shop.runs[run.id]
    github.press("ann", ours, "rerun")
    github.rerun("ann", ours)
    github.rerun_all("ann", ours.suite)
    text = "# Checklist\n- [ ] safe <!-- item:1a2b3c4d -->"
    comment = story.clients.rest.issues.create_comment(*SHOP, pull.number, data={"body": text}).parsed_data
    github.tick("ann", pull, "1a2b3c4d")
    github.comment("ben", pull, "/migrate help")
    github.delete_comment("ann", shop.comments[comment.id])
    github.ready_for_review("ann", pull)
    github.push(shop, "feature", {"m/3.sql": "create table b (id int);\n"}, by="ann")
    github.push(shop, "other", {})
    github.change_base("ann", pull, "other")
    github.change_base("ann", pull, "main")
    github.close("ann", pull)
    github.reopen("ann", pull)


def _merge_queue(story: Story) -> None:
    github, pull = story.github, story.pull
    story.report(pull.head_sha, conclusion="success")
    github.leave_queue(github.queue("ann", pull))
    group = github.queue("ann", pull)
    story.report(group.head_sha, conclusion="success")


def _install_and_more(story: Story) -> None:
    github = story.github
    fork = github.fork(story.shop, "zoe")
    github.push(fork, "idea", {"m/4.sql": "drop table b;\n"})
    github.open_pull(story.shop, "idea", "zoe", fork=fork)
    second = github.create_repository("acme/second", {"a": "b"})
    github.take_away(second)
    other = github.create_repository("globex/site", {"a": "b"})
    installation = github.installation(other)
    github.suspend(installation)
    github.unsuspend(installation)
    github.accept_permissions(installation, actions="write")
    github.uninstall(installation)


def _complaint(delivery: Delivery) -> str:
    from githubkit.webhooks import parse
    from pydantic import ValidationError

    try:
        parse(delivery.event, delivery.body)
    except ValidationError as error:
        return f"{delivery.name}: {error}"
    return ""


ANSWERS: dict[str, Callable[[Any, Any], Any]] = {
    "apps/get-authenticated": lambda us, it: us.app.apps.get_authenticated(),
    "apps/list-installations": lambda us, it: us.app.apps.list_installations(),
    "apps/get-installation": lambda us, it: us.app.apps.get_installation(it.installation),
    "apps/get-repo-installation": lambda us, it: us.app.apps.get_repo_installation(*SHOP),
    "apps/create-installation-access-token": lambda us, it: us.app.apps.create_installation_access_token(
        it.installation, data={"repository_ids": [it.repo], "permissions": {"checks": "write"}}
    ),
    "apps/list-webhook-deliveries": lambda us, it: us.app.apps.list_webhook_deliveries(),
    "apps/get-webhook-delivery": lambda us, it: us.app.apps.get_webhook_delivery(it.delivery),
    "apps/redeliver-webhook-delivery": lambda us, it: us.app.apps.redeliver_webhook_delivery(it.delivery),
    "apps/list-repos-accessible-to-installation": lambda us, it: us.rest.apps.list_repos_accessible_to_installation(),
    "rate-limit/get": lambda us, it: us.rest.rate_limit.get(),
    "repos/get": lambda us, it: us.rest.repos.get(*SHOP),
    "repos/get-commit": lambda us, it: us.rest.repos.get_commit(*SHOP, it.sha),
    "repos/compare-commits": lambda us, it: us.rest.repos.compare_commits(*SHOP, f"main...{it.sha}"),
    "repos/list-pull-requests-associated-with-commit": lambda us, it: (
        us.rest.repos.list_pull_requests_associated_with_commit(*SHOP, it.sha)
    ),
    "repos/get-collaborator-permission-level": lambda us, it: us.rest.repos.get_collaborator_permission_level(
        *SHOP, "cat"
    ),
    "repos/get-content": lambda us, it: us.rest.repos.get_content(*SHOP, "m/1.sql"),
    "repos/create-or-update-file-contents": lambda us, it: us.rest.repos.create_or_update_file_contents(
        *SHOP, "m/down.sql", data={"message": "more", "content": "YQ==", "branch": "feature"}
    ),
    "teams/get-membership-for-user-in-org": lambda us, it: us.rest.teams.get_membership_for_user_in_org(
        "acme", "dba", "cat"
    ),
    "pulls/list": lambda us, it: us.rest.pulls.list(*SHOP, head="acme:feature"),
    "pulls/get": lambda us, it: us.rest.pulls.get(*SHOP, it.pull),
    "pulls/list-commits": lambda us, it: us.rest.pulls.list_commits(*SHOP, it.pull),
    "pulls/list-reviews": lambda us, it: us.rest.pulls.list_reviews(*SHOP, it.pull),
    "repos/create-deployment": lambda us, it: us.rest.repos.create_deployment(*SHOP, data={"ref": it.sha, **BARE}),
    "repos/list-deployments": lambda us, it: us.rest.repos.list_deployments(*SHOP, environment="staging"),
    "repos/get-deployment": lambda us, it: us.rest.repos.get_deployment(*SHOP, it.deployment),
    "repos/create-deployment-status": lambda us, it: us.rest.repos.create_deployment_status(
        *SHOP, it.deployment, data={"state": "in_progress", "description": "1 of 2", "log_url": "https://x.example"}
    ),
    "repos/list-deployment-statuses": lambda us, it: us.rest.repos.list_deployment_statuses(*SHOP, it.deployment),
    "issues/create": lambda us, it: us.rest.issues.create(*SHOP, data={"title": "drift", "body": "text"}),
    "issues/list-for-repo": lambda us, it: us.rest.issues.list_for_repo(*SHOP, state="all"),
    "issues/get": lambda us, it: us.rest.issues.get(*SHOP, it.issue),
    "issues/update": lambda us, it: us.rest.issues.update(*SHOP, it.issue, data={"state": "closed"}),
    "issues/list-comments": lambda us, it: us.rest.issues.list_comments(*SHOP, it.pull),
    "issues/get-comment": lambda us, it: us.rest.issues.get_comment(*SHOP, it.comment),
    "issues/create-comment": lambda us, it: us.rest.issues.create_comment(*SHOP, it.pull, data={"body": "+"}),
    "issues/update-comment": lambda us, it: us.rest.issues.update_comment(*SHOP, it.comment, data={"body": "*"}),
    "reactions/create-for-issue-comment": lambda us, it: us.rest.reactions.create_for_issue_comment(
        *SHOP, it.comment, data={"content": "eyes"}
    ),
    "reactions/list-for-issue-comment": lambda us, it: us.rest.reactions.list_for_issue_comment(*SHOP, it.comment),
    "checks/create": lambda us, it: us.rest.checks.create(*SHOP, data={"name": "migrations", "head_sha": it.sha}),
    "checks/get": lambda us, it: us.rest.checks.get(*SHOP, it.run),
    "checks/update": lambda us, it: us.rest.checks.update(*SHOP, it.run, data={"output": SUMMARY}),
    "checks/list-annotations": lambda us, it: us.rest.checks.list_annotations(*SHOP, it.run),
    "checks/list-for-ref": lambda us, it: us.rest.checks.list_for_ref(*SHOP, it.sha),
    "checks/list-suites-for-ref": lambda us, it: us.rest.checks.list_suites_for_ref(*SHOP, it.sha),
    "checks/list-for-suite": lambda us, it: us.rest.checks.list_for_suite(*SHOP, it.suite),
    "checks/get-suite": lambda us, it: us.rest.checks.get_suite(*SHOP, it.suite),
    "checks/rerequest-run": lambda us, it: us.rest.checks.rerequest_run(*SHOP, it.run),
    "checks/rerequest-suite": lambda us, it: us.rest.checks.rerequest_suite(*SHOP, it.suite),
    "git/get-ref": lambda us, it: us.rest.git.get_ref(*SHOP, "heads/main"),
    "git/create-ref": lambda us, it: us.rest.git.create_ref(*SHOP, data={"ref": "refs/heads/new", "sha": it.sha}),
    "git/get-commit": lambda us, it: us.rest.git.get_commit(*SHOP, it.sha),
    "git/create-blob": lambda us, it: us.rest.git.create_blob(*SHOP, data={"content": "x"}),
    "git/get-blob": lambda us, it: us.rest.git.get_blob(*SHOP, it.blob),
    "git/get-tree": lambda us, it: us.rest.git.get_tree(*SHOP, it.tree),
}


@pytest.mark.parametrize("operation", ANSWERS)
def test_every_answer_parses(story: Story, known: Known, operation: str) -> None:
    answer = ANSWERS[operation](story.clients, known)
    assert answer.parsed_data is not None
    assert answer.headers["x-github-request-id"]
