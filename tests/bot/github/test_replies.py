from __future__ import annotations

import logging

import pytest

from bot.errors import Conflict, Forbidden, NotFound, Permanent, Retryable
from bot.github.client import Client
from tests.bot.github.scripted import TOKENS, WHAT, Answer, Scripted, X, token, told_by

# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Permanent), (403, Forbidden), (404, NotFound), (409, Conflict), (410, NotFound), (422, Conflict)],
)
def test_refusals(status: int, kind: type[Permanent], client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(status, {"message": "No,\nnot so."}))
    assert told_by(client, kind) == f"{WHAT}: {status} No, not so."


def test_the_details_of_a_refusal(client: Client, github: Scripted) -> None:
    errors = [
        {"resource": "Run", "field": "sha", "code": "invalid", "value": "private"},
        {"message": "Too long"},
        "Odd",
    ]
    github.on("GET", X, Answer(422, {"message": "Validation Failed", "errors": errors}))
    assert told_by(client, Conflict) == f"{WHAT}: 422 Validation Failed · sha invalid · Too long · Odd"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"message": null, "errors": null}', b"\xff"])
def test_a_refusal_without_words(body: bytes, client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(404, body=body))
    assert told_by(client, NotFound) == f"{WHAT}: 404"


def test_the_permission_that_is_missing_is_named(client: Client, github: Scripted) -> None:
    headers = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
    github.on("GET", X, Answer(403, {"message": "Resource not accessible by integration"}, headers))
    assert told_by(client, Forbidden) == (
        f"{WHAT}: 403 Resource not accessible by integration; the App needs the permission issues=write or "
        "pull_requests=write, and the installation's owner has to accept it"
    )


def test_a_reply_that_is_cut_off(client: Client, github: Scripted) -> None:
    github.on("GET", X, Answer(body=b'{"a": '))
    assert told_by(client, Retryable) == f"{WHAT}: 200, and a body that is not JSON"


# ---------------------------------------------------------------- secrets


def test_no_token_in_any_error_or_log(
    client: Client, github: Scripted, caplog: pytest.LogCaptureFixture, pem: str
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "ghs_99_eyJhbGciOi.eyJpc3M-_iOi.Sflk"
    github.on("POST", TOKENS, token(secret))
    github.on("POST", X, Answer(422, {"message": f"bad token {secret}, bad jwt eyJhbG.eyJpc3.c2ln"}))
    with pytest.raises(Conflict) as caught:
        client.post("x", {"body": "private words"})
    jwt = github.calls("POST", TOKENS)[0].headers["Authorization"].removeprefix("Bearer ")
    seen = repr((caught.value, client.__dict__, client._installation.bearer()))
    for hidden in (secret, jwt, "eyJpc3", "private words", pem.splitlines()[1]):
        assert hidden not in seen + caplog.text
    assert str(caught.value) == "POST /api/v3/repos/octo/shop/x: 422 bad token [token], bad jwt [token]"


def test_an_error_of_the_library_is_not_passed_on(client: Client, github: Scripted) -> None:
    github.on("POST", X, Answer(cut=True))
    with pytest.raises(Retryable) as caught:
        client.post("x?secret=words", {})
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "words" not in str(caught.value)
