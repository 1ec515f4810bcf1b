"""Takes a delivery from its headers and bytes: whoever signed it is believed, everybody else is refused unread."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic_core import from_json

from bot.errors import BadDelivery

# Larger events are not sent, https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
BODY_LIMIT_BYTES = 25_000_000
_GUID = re.compile(r"[0-9A-Za-z-]{1,64}")
_NAME = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """guid: the same when GitHub, or a person, delivers again. action: "" where the event has none."""

    guid: str
    event: str
    action: str
    payload: Mapping[str, object] = field(repr=False)


def parse(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> Delivery:
    """Raises BadDelivery: 413 for too many bytes, 401 for a signature that is not of one of the secrets, 415 for what
    is not application/json, 400 for what is not a delivery. Nothing unsigned is looked into. 401 and not 403, because
    it is the credential that fails: the same request is welcome with the right one."""
    if len(body) > BODY_LIMIT_BYTES:
        raise BadDelivery(413, f"more than {BODY_LIMIT_BYTES} bytes")
    given = {name.lower(): value for name, value in headers.items()}
    if not _signed(body, given.get("x-hub-signature-256", ""), secrets):
        raise BadDelivery(401, "X-Hub-Signature-256 is missing, or not made with our secret")
    if given.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise BadDelivery(415, "the webhook's content type must be application/json")
    guid = _header(given, "X-GitHub-Delivery", _GUID)
    event = _header(given, "X-GitHub-Event", _NAME)
    payload = _object(body)
    action = payload.get("action")
    return Delivery(guid, event, action if isinstance(action, str) and _NAME.fullmatch(action) else "", payload)


def sign(body: bytes, secret: str) -> str:
    """What GitHub sends as X-Hub-Signature-256
    (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _signed(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Every secret is tried, so that the time taken does not tell which one was right."""
    given = signature.encode("utf-8", "replace")
    return any([hmac.compare_digest(sign(body, secret).encode(), given) for secret in secrets])  # noqa: C419


def _header(given: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    """Headers are not signed, and these two become part of keys and log lines."""
    value = given.get(name.lower(), "")
    if not form.fullmatch(value):
        raise BadDelivery(400, f"{name} is missing or malformed")
    return value


def _object(body: bytes) -> Mapping[str, object]:
    try:
        payload = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise BadDelivery(400, "the body is not JSON") from None
    if not isinstance(payload, dict):
        raise BadDelivery(400, "the body is not a JSON object")
    return payload
