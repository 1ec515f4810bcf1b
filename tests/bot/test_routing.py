from pathlib import Path

import pytest
import yaml

from bot.github import checks
from bot.routing import RERUN, TABLE, route
from bot.webhook import Delivery
from tests.bot.deliveries import APP_ID, actions
from tests.bot.routes import GUID, ROUTES, Route

MANIFEST = Path(__file__).parents[2] / "app.yml"
# GitHub sends these without being asked for: the first two to who may write checks, the others to every App.
AUTOMATIC = {
    "check_run",
    "check_suite",
    "github_app_authorization",
    "installation",
    "installation_repositories",
    "ping",
}
LEFT_ALONE = {
    ("pull_request", action)
    for action in (
        *("assigned", "unassigned", "labeled", "unlabeled", "milestoned", "demilestoned", "locked", "unlocked"),
        *("review_requested", "review_request_removed", "auto_merge_enabled", "auto_merge_disabled"),
        *("enqueued", "dequeued", "converted_to_draft"),
    )
} | {
    ("issue_comment", "pinned"),
    ("issue_comment", "unpinned"),
    ("check_run", "created"),
    ("check_run", "completed"),
    ("check_suite", "completed"),
    ("installation", "deleted"),
    ("installation", "suspend"),
    ("installation_repositories", "removed"),
    ("github_app_authorization", "revoked"),
    ("ping", ""),
}


@pytest.mark.parametrize(("event", "action"), [("star", "created"), ("pull_request", "invented"), ("pull_request", "")])
def test_what_we_do_not_know(event: str, action: str) -> None:
    assert route(Delivery(GUID, event, action, {}), APP_ID) is None


@pytest.mark.parametrize("one", ROUTES, ids=str)
def test_route(one: Route) -> None:
    assert route(Delivery(GUID, one.event, one.action, one.payload), APP_ID) == one.work


def test_our_button_is_the_one_we_draw() -> None:
    assert checks.RERUN.identifier == RERUN


def test_what_is_left_alone_is_meant() -> None:
    assert {(one.event, one.action) for one in ROUTES if one.about == "left alone"} == LEFT_ALONE


@pytest.mark.parametrize("event", sorted({event for event, _action in TABLE}))
def test_every_action_that_github_documents_is_in_the_table(event: str) -> None:
    assert {action for one, action in TABLE if one == event} == actions(event)


def test_the_manifest_subscribes_to_what_the_table_has() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text())
    assert set(manifest["default_events"]) | AUTOMATIC == {event for event, _action in TABLE}
    assert AUTOMATIC & set(manifest["default_events"]) == set()


def test_the_manifest_asks_for_what_its_events_need() -> None:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads says it of each event."""
    permissions = yaml.safe_load(MANIFEST.read_text())["default_permissions"]
    assert permissions == {
        "checks": "write",
        "contents": "write",
        "deployments": "write",
        "issues": "write",
        "members": "read",
        "merge_queues": "read",
        "metadata": "read",
        "pull_requests": "write",
    }
