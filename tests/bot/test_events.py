from collections.abc import Mapping

import pytest

from bot import events
from bot.errors import BadDelivery
from bot.model import Repo
from tests.bot.deliveries import AT, SHA, payload


def refusal(kind: type[events.Event], ours: Mapping[str, object]) -> tuple[int, str]:
    with pytest.raises(BadDelivery) as error:
        events.read(kind, ours)
    return error.value.status, str(error.value)


def test_what_we_do_not_read_may_be_anything() -> None:
    event = events.read(
        events.PullRequestEvent,
        {
            "number": 7,
            "pull_request": "nothing we know",
            "repository": {"id": 42, "full_name": "acme/shop.js", "private": "yes"},
            "installation": {"id": 3},
        },
    )
    assert (event.number, event.repo) == (7, Repo(42, "acme/shop.js", 3))


def test_a_whole_comment() -> None:
    event = events.read(events.IssueCommentEvent, payload("issue_comment", "created"))
    assert (event.repo, event.sender.login, event.comment.created_at) == (Repo(42, "acme/shop", 3), "ann", AT)


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        ("2026-01-31T12:00:00Z", AT),
        ("2026-01-31T12:00:00.987Z", AT),
        ("2026-01-31T14:00:00+02:00", AT),
    ],
)
def test_times_are_utc(given: str, utc: str) -> None:
    made = payload("issue_comment", "created", {"comment": {"updated_at": given}})
    assert events.read(events.IssueCommentEvent, made).comment.updated_at == utc


@pytest.mark.parametrize(
    "full_name", ["acme", "acme/", "../x", "acme/..", "acme/shop/x", "acme/shop\n", "a b/c", "acme/shóp"]
)
def test_a_name_that_is_no_repository(full_name: str) -> None:
    made = payload("push", "", {"repository": {"full_name": full_name}})
    assert refusal(events.PushEvent, made) == (422, "not a PushEvent: repository.full_name")


@pytest.mark.parametrize("sha", ["", SHA[:-1], SHA.upper(), f"{SHA}0", f"{SHA}\n", "--upload-pack=x"])
def test_a_commit_that_is_none(sha: str) -> None:
    made = payload("check_run", "rerequested", {"check_run": {"head_sha": sha}})
    assert refusal(events.CheckRunEvent, made) == (422, "not a CheckRunEvent: check_run.head_sha")


def test_a_repository_may_have_long_commits() -> None:
    made = payload("check_run", "rerequested", {"check_run": {"head_sha": "ab" * 32}})
    assert events.read(events.CheckRunEvent, made).check_run.head_sha == "ab" * 32


def test_an_error_names_fields_and_no_values() -> None:
    made = {"number": "a secret", "installation": {"id": True}, "repository": {"id": "x", "full_name": "a secret"}}
    fields = "installation.id, number, repository.full_name, repository.id"
    assert refusal(events.PullRequestEvent, made) == (422, f"not a PullRequestEvent: {fields}")


def test_a_time_that_is_none() -> None:
    made = payload("issue_comment", "created")
    made["comment"]["created_at"] = "yesterday"
    assert refusal(events.IssueCommentEvent, made) == (422, "not a IssueCommentEvent: comment.created_at")
