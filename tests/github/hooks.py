"""Webhook deliveries as GitHub makes them: signed, recorded, never retried, and not always in order."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import requests

_LARGEST_BYTES = 25_000_000  # https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
_NOBODY_THERE = "failed to connect to host"

Order = Callable[[list["Delivery"]], Iterable["Delivery"]]


@dataclass(eq=False, slots=True)
class Delivery:
    """One attempt. Attempts of one event share the guid and differ in id. status_code: 0 when nothing was answered."""

    id: int
    guid: str
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    body: bytes
    headers: dict[str, str]
    redelivery: bool = False
    delivered_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    duration_s: float = 0.0
    status: str = ""
    status_code: int = 0
    answer: str = ""
    answer_headers: dict[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> Any:
        return json.loads(self.body)

    @property
    def name(self) -> str:
        """As the documentation writes it: pull_request.opened, or push."""
        return f"{self.event}.{self.action}" if self.action else self.event


@dataclass(eq=False)
class Hooks:
    """Delivers in one background thread. url: the app's; None when nobody listens there. timeout_s: GitHub's ten
    (https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks)."""

    secret: str
    app_id: int
    host: str = ""
    url: str | None = None
    timeout_s: float = 10.0
    deliveries: list[Delivery] = field(default_factory=list)
    _waiting: list[Delivery] = field(default_factory=list)
    _held: list[Delivery] | None = None
    _to_lose: list[str] = field(default_factory=list)
    _busy: bool = False
    _over: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _last_id: int = 5000

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()

    def send(self, event: str, payload: dict[str, Any], installation_id: int | None, repository_id: int | None) -> None:
        """Queues a new delivery."""
        body = json.dumps(payload).encode()
        if len(body) > _LARGEST_BYTES:
            return
        guid = str(uuid.uuid4())
        action = payload.get("action")
        delivery = Delivery(0, guid, event, action, installation_id, repository_id, body, self._headers(event, guid))
        self._enqueue(delivery)

    def again(self, old: Delivery) -> Delivery:
        """The same event once more, as when somebody asks for a redelivery: another id, the same guid."""
        fresh = replace(old, redelivery=True, answer="", answer_headers={}, status="", status_code=0)
        fresh.delivered_at = datetime.now(UTC)
        self._enqueue(fresh)
        return fresh

    def find(self, delivery_id: int) -> Delivery | None:
        return next((one for one in self.deliveries if one.id == delivery_id), None)

    def hold(self) -> None:
        """From now on nothing is delivered."""
        with self._changed:
            self._held = []

    def release(self, order: Order = list) -> None:
        """Delivers what was held, as `order` gives it back: reversed, twice, in part. What it leaves out is recorded
        as failed."""
        with self._changed:
            held, self._held = self._held or [], None
            chosen = list(order(held))
            for lost in (one for one in held if one not in chosen):
                self._fail(lost, _NOBODY_THERE)
            seen: set[int] = set()
            for one in chosen:
                self._waiting.append(one if one.id not in seen else self._numbered(replace(one)))
                seen.add(one.id)
            self._changed.notify_all()

    def lose(self, *names: str) -> None:
        """The next delivery of each name (issue_comment.edited, push …) fails without reaching anybody."""
        with self._changed:
            self._to_lose.extend(names)

    def settle(self, timeout_s: float = 30.0) -> None:
        """Returns when everything that is not held was delivered. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_s):
                raise TimeoutError(f"webhooks still under way after {timeout_s} s: {[d.name for d in self._waiting]}")

    def _enqueue(self, delivery: Delivery) -> None:
        with self._changed:
            self._numbered(delivery)
            if delivery.name in self._to_lose:
                self._to_lose.remove(delivery.name)
                self._fail(delivery, _NOBODY_THERE)
                return
            (self._waiting if self._held is None else self._held).append(delivery)
            self._changed.notify_all()

    def _numbered(self, delivery: Delivery) -> Delivery:
        self._last_id += 1
        delivery.id = self._last_id
        return delivery

    def _headers(self, event: str, guid: str) -> dict[str, str]:
        return {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/4c5b3d1",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": guid,
            "X-GitHub-Hook-ID": "4242",
            "X-GitHub-Hook-Installation-Target-ID": str(self.app_id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-GitHub-Enterprise-Host": self.host,
            "X-GitHub-Enterprise-Version": "3.20.0",
        }

    def sign(self, body: bytes) -> dict[str, str]:
        """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
        return {
            f"X-Hub-Signature{suffix}": f"{name}={hmac.new(self.secret.encode(), body, name).hexdigest()}"
            for suffix, name in (("", hashlib.sha1().name), ("-256", hashlib.sha256().name))
        }

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while delivery := self._next():
                self._deliver(session, delivery)

    def _next(self) -> Delivery | None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._over)
            if self._over:
                return None
            self._busy = True
            return self._waiting.pop(0)

    def _deliver(self, session: requests.Session, delivery: Delivery) -> None:
        if self.url is None:
            self._fail(delivery, _NOBODY_THERE)
            return
        delivery.headers |= self.sign(delivery.body)
        started = time.monotonic()
        try:
            answer = session.post(
                self.url, delivery.body, headers=delivery.headers, timeout=self.timeout_s, allow_redirects=False
            )
        except requests.Timeout:
            self._fail(delivery, "timed out")
            return
        except requests.RequestException:
            self._fail(delivery, _NOBODY_THERE)
            return
        delivery.duration_s = round(time.monotonic() - started, 3)
        delivery.status_code, delivery.answer = answer.status_code, answer.text
        delivery.answer_headers = dict(answer.headers)
        delivery.status = "OK" if answer.ok else f"Invalid HTTP Response: {answer.status_code}"
        self.deliveries.append(delivery)

    def _fail(self, delivery: Delivery, why: str) -> None:
        delivery.status = why
        self.deliveries.append(delivery)
