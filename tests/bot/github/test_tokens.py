from __future__ import annotations

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import BadSetting, Forbidden, NotFound, Retryable
from bot.github.client import App, Client
from bot.github.tokens import app_jwt
from tests.bot.github.scripted import REPO, TOKENS, Answer, Scripted, X, token


def test_the_jwt_is_back_dated_and_ends_within_ten_minutes(key: rsa.RSAPrivateKey, pem: str) -> None:
    now_s = int(time.time())
    claims = jwt.decode(app_jwt(99, pem, now_s), key.public_key(), algorithms=["RS256"])
    assert claims == {"iat": now_s - 60, "exp": now_s + 540, "iss": "99"}


@pytest.mark.parametrize("broken", ["", "secret words", "-----BEGIN RSA PRIVATE KEY-----\nsecret words\n"])
def test_a_key_that_is_none_is_not_repeated(broken: str) -> None:
    with pytest.raises(BadSetting) as caught:
        app_jwt(99, broken, 0)
    assert str(caught.value) == "MIGRATION_BOT_GITHUB_PRIVATE_KEY: not an RSA private key in PEM"


def test_no_token_before_it_is_needed(client: Client, github: Scripted) -> None:
    assert github.asked == []


def test_a_token_opens_one_repository_and_serves_many_requests(app: App, github: Scripted) -> None:
    github.on("GET", "/repos/octo/shop/pulls/1", Answer(json={}))
    for urgent in (False, True):
        app.client(REPO, urgent).get("pulls/1")
    assert [one.json for one in github.calls("POST", TOKENS)] == [{"repository_ids": [7]}]
    read = github.calls("GET", "/repos/octo/shop/pulls/1")
    assert [one.headers["Authorization"] for one in read] == ["Bearer ghs_one"] * 2


def test_a_token_that_ends_within_five_minutes_is_replaced(client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, token("ghs_old", minutes=4), token("ghs_new", minutes=6))
    assert [client.token() for _ in range(3)] == ["ghs_old", "ghs_new", "ghs_new"]


def test_a_refused_token_is_replaced_once(client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, token("ghs_dead"), token("ghs_new"))
    github.on("POST", X, Answer(401, {"message": "Bad credentials"}), Answer(201, {"done": True}))
    assert client.post("x", {}) == {"done": True}
    assert client.token() == "ghs_new"


def test_a_new_token_that_is_refused_may_not_be_known_everywhere_yet(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(401, {"message": "Bad credentials"}))
    with pytest.raises(Retryable, match=r"^GET /api/v3/repos/octo/shop/x: 401, also with a new token$"):
        client.get("x")
    assert len(github.calls("POST", TOKENS)) == 2


def test_a_refused_jwt_is_final(client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, Answer(401, {"message": "A JSON web token could not be decoded"}))
    with pytest.raises(Forbidden, match="401 A JSON web token could not be decoded"):
        client.get("x")
    assert len(github.calls("POST", TOKENS)) == 1


@pytest.mark.parametrize("status", [404, 422])  # the installation is gone, or the repository is not in it any more
def test_another_installation_is_looked_up(status: int, client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, Answer(status, {"message": "no"}))
    github.on("GET", "/repos/octo/shop/installation", Answer(json={"id": 6}))
    github.on("POST", "/app/installations/6/access_tokens", token("ghs_six"))
    assert client.token() == "ghs_six"
    assert client.token() == "ghs_six"
    assert len(github.asked) == 3


def test_the_same_installation_is_not_tried_again(client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, Answer(404, {"message": "Not Found"}))
    github.on("GET", "/repos/octo/shop/installation", Answer(json={"id": 5}))
    with pytest.raises(NotFound, match="access_tokens: 404 Not Found"):
        client.token()


def test_not_installed(client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, Answer(404, {"message": "Not Found"}))
    github.on("GET", "/repos/octo/shop/installation", Answer(404, {"message": "Not Found"}))
    with pytest.raises(NotFound, match=r"^GET /api/v3/repos/octo/shop/installation: 404 Not Found$"):
        client.token()


def test_half_an_answer(client: Client, github: Scripted) -> None:
    github.on("POST", TOKENS, Answer(201, {"token": "ghs_secret"}))
    with pytest.raises(Retryable) as caught:
        client.token()
    told = "POST /app/installations/5/access_tokens: GitHub's answer has no usable expires_at"
    assert str(caught.value) == told
    assert caught.value.__context__ is None
