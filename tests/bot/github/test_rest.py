from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import NotFound, Permanent, Retryable
from bot.github.client import Client
from tests.bot.github.scripted import WHAT, Answer, Scripted, X, told_by


def test_a_request(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json={"a": 1}))
    assert client.get("x", state="open", base=None, page=2) == {"a": 1}
    (asked,) = github.calls("GET", X)
    assert asked.query == {"state": "open", "page": "2"}
    wanted = ("Accept", "User-Agent", "X-Github-Api-Version")
    assert [asked.headers[name] for name in wanted] == ["application/vnd.github+json", "migration-bot", "2022-11-28"]


def test_nothing_in_the_body(client: Client, github: Scripted) -> None:
    github.on("DELETE", X, Answer(204))
    assert client.delete("x") is None


def test_each_write_sends_json(client: Client, github: Scripted) -> None:
    for method, call in (("POST", client.post), ("PATCH", client.patch)):
        github.on(method, X, Answer(json={"by": method}))
        assert call("x", {"n": method}) == {"by": method}
    assert [one.json for one in github.asked[1:]] == [{"n": "POST"}, {"n": "PATCH"}]


def test_a_password_file_of_the_machine_is_not_used(
    client: Client, github: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    github.on("GET", X, Answer(json={}))
    client.get("x")
    assert github.calls("GET", X)[0].headers["Authorization"] == "Bearer ghs_one"


# ---------------------------------------------------------------- pages


def linked(github: Scripted, page: int) -> dict[str, str]:
    there = f"{github.url}/api/v3{X}?per_page=100&page={page}"
    return {"Link": f'<{there}>; rel="next", <{there}>; rel="last"'}


def test_one_page(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json=[]))
    assert list(client.pages("x")) == []


def test_all_pages(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json=[1, 2], headers=linked(github, 2)), Answer(json=[3]))
    assert list(client.pages("x", state="all")) == [1, 2, 3]
    queries = [one.query for one in github.calls("GET", X)]
    assert queries == [{"per_page": "100", "state": "all"}, {"per_page": "100", "page": "2"}]


def test_pages_that_are_no_lists(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json={"total_count": 2, "runs": [1]}, headers=linked(github, 2)), Answer(json={}))
    with pytest.raises(Retryable, match=f"^{WHAT}: GitHub's answer has no list runs$"):
        list(client.pages("x", "runs"))


def test_pages_nobody_wants_are_not_fetched(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json=[1, 2], headers=linked(github, 2)))
    assert next(client.pages("x")) == 1
    assert len(github.calls("GET", X)) == 1


def test_a_page_elsewhere_does_not_get_the_token(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json=[1], headers={"Link": '<http://evil.test/x>; rel="next"'}))
    with pytest.raises(Permanent, match=r"^GET /x: GitHub sends us to evil.test$"):
        list(client.pages("x"))


# ---------------------------------------------------------------- what may be tried again


def test_a_read_is_tried_again(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(502, body=b"<html>"), Answer(cut=True), Answer(json={"a": 1}))
    assert client.get("x") == {"a": 1}


def test_a_read_is_not_tried_for_ever(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(503, {"message": "Service unavailable"}))
    assert told_by(client, Retryable) == f"{WHAT}: 503 Service unavailable"
    assert len(github.calls("GET", X)) == 3


def test_a_write_is_not_sent_twice_when_its_reply_is_lost(client: Client, github: Scripted) -> None:
    github.on("POST", X, Answer(201, {"id": 1}, cut=True))
    with pytest.raises(Retryable, match=r": no reply \(ConnectionError\), so it may have been done or not$"):
        client.post("x", {"body": "private words"})
    assert len(github.calls("POST", X)) == 1


def test_a_write_that_failed_is_not_sent_again(client: Client, github: Scripted) -> None:
    github.on("PATCH", X, Answer(500, {"message": "Server Error"}))
    with pytest.raises(Retryable, match=r"^PATCH /api/v3/repos/octo/shop/x: 500 Server Error$"):
        client.patch("x", {})
    assert len(github.calls("PATCH", X)) == 1


def test_a_server_that_is_not_there(client: Client) -> None:
    client._transport._api_url = "http://127.0.0.1:9/api/v3"
    with pytest.raises(Retryable, match=r"access_tokens: no reply \(ConnectionError\)$"):
        client.get("x")


def test_patience(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(404, {"message": "Not Found"}), Answer(404), Answer(json={"a": 1}))
    assert client.get("x", patience=(0, 0, 0)) == {"a": 1}
    assert len(github.calls("GET", X)) == 3


def test_patience_ends(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(404, {"message": "Not Found"}))
    with pytest.raises(NotFound, match=f"^{WHAT}: 404 Not Found$"):
        client.get("x", patience=(0, 0))
    assert len(github.calls("GET", X)) == 3
