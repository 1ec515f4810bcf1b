from __future__ import annotations

import os

import pytest
import requests

from bot.errors import Permanent
from bot.github.client import Client
from bot.github.transport import _session
from tests.bot.github.scripted import TOKENS, WHAT, Answer, Scripted, X, token, told_by

# ---------------------------------------------------------------- renames


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_rename_is_followed_with_the_same_request(method: str, status: int, client: Client, github: Scripted) -> None:
    github.on(method, X, Answer(status, headers={"Location": f"{github.url}/api/v3/repositories/7/x"}))
    github.on(method, "/repositories/7/x", Answer(json={"done": method}))
    sent = client.get("x", state="open") if method == "GET" else client._write(method, "x", {"n": 1})
    assert sent == {"done": method}
    (asked,) = github.calls(method, "/repositories/7/x")
    expected = ({"state": "open"}, None) if method == "GET" else ({}, {"n": 1})
    assert (asked.query, asked.json) == expected


def test_a_location_with_a_query_is_whole(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(301, headers={"Location": "/api/v3/repositories/7/x?state=open"}))
    github.on("GET", "/repositories/7/x", Answer(json=[]))
    client.get("x", state="open", page=1)
    assert github.calls("GET", "/repositories/7/x")[0].query == {"state": "open"}


def test_a_redirect_elsewhere_is_refused(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(302, headers={"Location": "https://evil.test/x"}))
    assert told_by(client, Permanent) == f"{WHAT}: GitHub sends us to evil.test"


def test_redirects_in_a_ring(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(302, headers={"Location": f"/api/v3{X}"}))
    assert told_by(client, Permanent) == f"{WHAT}: redirected more than 3 times"


# ---------------------------------------------------------------- ETags


def test_what_did_not_change_is_not_sent_again(client: Client, github: Scripted) -> None:
    headers = {"ETag": '"v1"', "Link": f'<{github.url}/api/v3{X}?page=2>; rel="next"'}
    github.on("GET", X, Answer(json=[1], headers=headers), Answer(json=[2]), Answer(304), Answer(304))
    assert list(client.pages("x")) == [1, 2]
    assert next(client.pages("x")) == 1
    sent = [one.headers.get("If-None-Match") for one in github.calls("GET", X)]
    assert sent == [None, None, '"v1"']


def test_another_token_has_other_etags(client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, token("ghs_one", minutes=6), token("ghs_two"))
    github.on("GET", X, Answer(json=1, headers={"ETag": '"v1"'}), Answer(401), Answer(json=2))
    assert [client.get("x"), client.get("x")] == [1, 2]
    sent = [one.headers.get("If-None-Match") for one in github.calls("GET", X)]
    assert sent == [None, '"v1"', None]


def test_a_reply_without_an_etag_takes_the_place_of_one_with(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json=1, headers={"ETag": '"v1"'}), Answer(json=2), Answer(json=3))
    assert [client.get("x"), client.get("x"), client.get("x")] == [1, 2, 3]
    sent = [one.headers.get("If-None-Match") for one in github.calls("GET", X)]
    assert sent == [None, '"v1"', None]


def test_a_fork_does_not_share_its_parents_connections(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(json={}))
    client.get("x")
    mine, child = _session(os.getpid()), _session(os.getpid() + 1)
    assert isinstance(child, requests.Session)
    assert mine is not child
