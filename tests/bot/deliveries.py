"""Deliveries as GitHub would make them: every field that its OpenAPI document requires, and ours on top."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import types
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from githubkit.utils import UNSET
from githubkit.webhooks import parse
from pydantic import BaseModel

Json = dict[str, Any]

SECRET = "a secret of the tests"
APP_ID = 77
SHA = "0123456789abcdef0123456789abcdef01234567"
AT = "2026-01-31T12:00:00Z"
PERSON: Json = {"id": 5, "login": "ann", "type": "User"}
OURSELVES: Json = {"id": 9, "login": "migration-bot[bot]", "type": "Bot"}
OTHER_BOT: Json = {"id": 10, "login": "dependabot[bot]", "type": "Bot"}
_EVERYWHERE: Json = {"sender": PERSON, "repository": {"id": 42, "full_name": "acme/shop"}, "installation": {"id": 3}}


def actions(event: str) -> frozenset[str]:
    """All that GitHub documents for an event; one that has none has the empty one."""
    return frozenset(_models(event))


def payload(event: str, action: str, ours: Mapping[str, Any] | None = None) -> Json:
    """Valid by githubkit's models of GitHub's own document; `ours` goes over what would be there without it."""
    made: Json = _merged(_example(_models(event)[action], event), _EVERYWHERE)
    made = _merged(made, ours or {})
    parse(event, json.dumps(made))
    return made


def headers(event: str, body: bytes, guid: str = "", secret: str = SECRET) -> dict[str, str]:
    """As GitHub sends them, signed."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/4c5b3d1",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid or str(uuid.uuid4()),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


_WEBHOOKS = "githubkit_schemas.v2026_03_10.webhooks"


def _models(event: str) -> Mapping[str, type[BaseModel]]:
    """By action; by "" where there are no actions."""
    known = importlib.import_module(f"{_WEBHOOKS}.{event}").action_types
    if isinstance(known, dict):
        return known
    action = known.model_fields.get("action")
    return {action.annotation.__args__[0] if action else "": known}


def _example(form: Any, name: str) -> Any:
    """The smallest value of a type, never null where something else could be."""
    origin, arguments = get_origin(form), get_args(form)
    if origin is Annotated:
        return _example(arguments[0], name)
    if origin in (Union, types.UnionType):
        return _example(next(one for one in arguments if one not in (type(None), Literal[UNSET])), name)
    if origin is Literal:
        return arguments[0]
    if isinstance(form, type) and issubclass(form, BaseModel):
        fields = form.model_fields.items()
        sent = {key: field for key, field in fields if field.is_required() or key in _EVERYWHERE}
        return {field.alias or key: _example(field.annotation, key) for key, field in sent.items()}
    if form is str:
        return (
            f"https://api.github.com/repos/acme/shop/{name}" if name.endswith("url") else SHA if "sha" in name else name
        )
    plain: dict[Any, Any] = {int: 1, float: 1.0, bool: False, datetime: AT, date: AT[:10], list: [], dict: {}}
    return plain[origin or form]


def _merged(below: Json, above: Mapping[str, Any]) -> Json:
    made = dict(below)
    for key, value in above.items():
        old = made.get(key)
        made[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return made
