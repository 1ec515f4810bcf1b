import json

import pytest

from bot.errors import BadDelivery
from bot.webhook import BODY_LIMIT_BYTES, Delivery, parse, sign
from tests.bot.deliveries import headers

BODY = b'{"action": "opened", "number": 7}'
NEW, OLD = "the new secret", "the old secret"


def refusal(given: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (NEW,)) -> tuple[int, str]:
    with pytest.raises(BadDelivery) as error:
        parse(given, body, secrets)
    return error.value.status, str(error.value)


def test_the_example_of_github() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    assert (
        sign(b"Hello, World!", "It's a Secret to Everybody")
        == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


@pytest.mark.parametrize("signer", [NEW, OLD])
def test_each_of_several_secrets_is_good(signer: str) -> None:
    given = headers("pull_request", BODY, "guid-1", signer)
    assert parse(given, BODY, (NEW, OLD)) == Delivery(
        "guid-1", "pull_request", "opened", {"action": "opened", "number": 7}
    )


def test_names_of_headers_have_no_case() -> None:
    given = {name.lower(): value for name, value in headers("ping", b"{}", "g", NEW).items()}
    assert parse(given, b"{}", (NEW,)) == Delivery("g", "ping", "", {})


def test_a_charset_does_not_matter() -> None:
    given = {**headers("ping", b"{}", "g", NEW), "Content-Type": "application/JSON; charset=utf-8"}
    assert parse(given, b"{}", (NEW,)) == Delivery("g", "ping", "", {})


SIGNATURE = (401, "X-Hub-Signature-256 is missing, or not made with our secret")


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        sign(BODY, "another secret"),
        sign(BODY + b" ", NEW),
        sign(BODY, NEW).removeprefix("sha256="),
        sign(BODY, NEW).replace("sha256=", "sha1="),
        sign(BODY, NEW).upper(),
        sign(BODY, NEW) + "00",
        "sha256=ü",
        "sha256=\udcff",
    ],
)
def test_a_forged_signature(signature: str) -> None:
    assert refusal({**headers("pull_request", BODY, "g"), "X-Hub-Signature-256": signature}) == SIGNATURE


def test_a_missing_signature() -> None:
    given = headers("pull_request", BODY, "g", NEW)
    del given["X-Hub-Signature-256"]
    assert refusal(given) == SIGNATURE


def test_no_secret_is_no_way_in() -> None:
    assert refusal(headers("pull_request", BODY, "g", ""), secrets=()) == SIGNATURE


def test_the_old_signature_alone_is_not_enough() -> None:
    given = headers("pull_request", BODY, "g", NEW)
    given["X-Hub-Signature"] = given.pop("X-Hub-Signature-256")
    assert refusal(given) == SIGNATURE


def test_nothing_unsigned_is_looked_into() -> None:
    given = {"Content-Type": "text/plain", "X-GitHub-Event": "!"}
    assert refusal(given, b"not JSON") == SIGNATURE


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json5"])
def test_another_content_type(kind: str) -> None:
    given = {**headers("pull_request", BODY, "g", NEW), "Content-Type": kind}
    assert refusal(given) == (415, "the webhook's content type must be application/json")


@pytest.mark.parametrize("name", ["X-GitHub-Event", "X-GitHub-Delivery"])
@pytest.mark.parametrize("value", ["", "a b", "a\nb", "x" * 65, "../x"])
def test_malformed_headers(name: str, value: str) -> None:
    given = {**headers("pull_request", BODY, "g", NEW), name: value}
    assert refusal(given) == (400, f"{name} is missing or malformed")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": NaN}', b"\xff", b"{}{}", b'{"a": "\\ud800"}', b"[" * 100_000, '{"a": 1}'.encode("utf-16")],
)
def test_broken_json(body: bytes) -> None:
    assert refusal(headers("ping", body, "g", NEW), body) == (400, "the body is not JSON")


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"text"'])
def test_json_that_is_no_object(body: bytes) -> None:
    assert refusal(headers("ping", body, "g", NEW), body) == (400, "the body is not a JSON object")


@pytest.mark.parametrize("action", [None, 1, "", "a b", "a\nb", "x" * 65])
def test_an_action_that_is_none(action: object) -> None:
    body = json.dumps({"action": action}).encode()
    assert parse(headers("ping", body, "g", NEW), body, (NEW,)).action == ""


def test_the_largest_payload() -> None:
    body = b'{"a": "%s"}' % (b"x" * (BODY_LIMIT_BYTES - 9))
    assert parse(headers("ping", body, "g", NEW), body, (NEW,)).event == "ping"
    assert refusal(headers("ping", body + b" ", "g", NEW), body + b" ") == (413, "more than 25000000 bytes")


def test_a_payload_does_not_show() -> None:
    assert repr(Delivery("g", "ping", "", {"a": "private"})) == "Delivery(guid='g', event='ping', action='')"
