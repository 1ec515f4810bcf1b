"""The stand-in GitHub's webhooks reach a real listener, signed and recorded; and fail, double and overtake each other
when asked to."""

from __future__ import annotations

import contextlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.github.asking import Asking
from tests.github.hooks import Hooks
from tests.github.state import Pull, Repo
from tests.github.world import World


class Listener(ThreadingHTTPServer):
    """Answers with `status` and keeps what came. patience: what it waits for before it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.status = 202
        self.patience: threading.Event | None = None
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/webhook"

    def events(self) -> list[str]:
        names = ((headers["X-GitHub-Event"], json.loads(body).get("action")) for headers, body in self.got)
        return [f"{event}.{action}" if action else event for event, action in names]


class _Hook(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers.items()), body))
        if self.server.patience:
            self.server.patience.wait()
        with contextlib.suppress(ConnectionError):  # who was not patient is gone
            self.send_response(self.server.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("github")) as running:
        yield running


@pytest.fixture(scope="module")
def shop(github: World) -> Repo:
    made = github.create_repository("acme/shop", {"m/1.sql": "create table a (id int);\n"})
    github.allow(made, "ann", "write")
    github.push(made, "feature", {"m/2.sql": "drop table a;\n"})
    return made


@pytest.fixture(scope="module")
def pull(github: World, shop: Repo) -> Pull:
    return github.open_pull(shop, "feature", "ann")


@pytest.fixture
def hooks(github: World, pull: Pull, listener: Listener) -> Iterator[Hooks]:
    github.hooks.settle()
    github.hooks.deliveries.clear()
    github.webhook_url = listener.url
    yield github.hooks
    github.webhook_url = None


def test_the_signature_is_that_of_the_documentation() -> None:
    signature = Hooks("It's a Secret to Everybody", 1).sign(b"Hello, World!")
    assert signature["X-Hub-Signature-256"] == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_a_delivery_is_signed_and_recorded(github: World, hooks: Hooks, listener: Listener, pull: Pull) -> None:
    github.comment("ann", pull, "hëllo")
    hooks.settle()
    (headers, body), (delivery,) = listener.got[0], hooks.deliveries
    secret = github.app_settings()["MIGRATION_BOT_WEBHOOK_SECRETS"].encode()
    assert headers["X-Hub-Signature-256"] == f"sha256={hmac.new(secret, body, 'sha256').hexdigest()}"
    assert headers["X-GitHub-Delivery"] == delivery.guid
    assert headers["X-GitHub-Hook-Installation-Target-ID"] == "4711"
    assert headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert (delivery.name, delivery.status, delivery.status_code) == ("issue_comment.created", "OK", 202)
    assert json.loads(body)["comment"]["body"] == "hëllo"


def test_an_edit_tells_what_was_there(github: World, hooks: Hooks, pull: Pull) -> None:
    comment = github.comment("ann", pull, "one")
    github.edit_comment("ann", comment, "one")
    github.edit_comment("ann", comment, "two")
    hooks.settle()
    assert [one.name for one in hooks.deliveries] == ["issue_comment.created", "issue_comment.edited"]
    assert hooks.deliveries[1].payload["changes"] == {"body": {"from": "one"}}


def test_the_bot_hears_of_what_it_does(github: World, hooks: Hooks, shop: Repo, pull: Pull) -> None:
    with Asking(github).session as session:
        client = Asking(github, session=session)
        client.become(shop)
        client.ask("POST", f"/repos/acme/shop/issues/{pull.number}/comments", {"body": "hello"})
        wanted = {"name": "migrations", "head_sha": pull.head_sha, "conclusion": "success"}
        client.ask("POST", "/repos/acme/shop/check-runs", wanted)
    hooks.settle()
    assert [(one.name, one.payload["sender"]["login"]) for one in hooks.deliveries] == [
        (name, "migration-bot[bot]")
        for name in ("issue_comment.created", "check_run.created", "check_run.completed", "check_suite.completed")
    ]
    run = hooks.deliveries[1].payload["check_run"]
    assert ([one["number"] for one in run["pull_requests"]], run["check_suite"]["head_branch"]) == ([1], "feature")


def test_the_checks_of_a_fork_name_no_pull_request(github: World, hooks: Hooks, shop: Repo) -> None:
    fork = github.fork(shop, "zoe")
    sha = github.push(fork, "idea", {"m/9.sql": "select 9;\n"}, by="zoe")
    github.open_pull(shop, "idea", "zoe", fork=fork)
    with Asking(github).session as session:
        client = Asking(github, session=session)
        client.become(shop)
        client.ask("POST", "/repos/acme/shop/check-runs", {"name": "migrations", "head_sha": sha})
    hooks.settle()
    assert [one.name for one in hooks.deliveries] == [
        "check_suite.requested",
        "pull_request.opened",
        "check_run.created",
    ]
    suite, run = hooks.deliveries[0].payload["check_suite"], hooks.deliveries[2].payload["check_run"]
    assert (suite["pull_requests"], suite["head_branch"]) == ([], None)
    assert (run["pull_requests"], run["check_suite"]["head_branch"]) == ([], None)


def test_nobody_hears_of_a_suspended_installation(github: World, hooks: Hooks, shop: Repo, pull: Pull) -> None:
    github.suspend(github.installation(shop))
    github.comment("ann", pull, "psst")
    github.unsuspend(github.installation(shop))
    github.accept_permissions(github.installation(shop), issues="none")
    github.comment("ann", pull, "psst")
    github.accept_permissions(github.installation(shop), issues="write")
    hooks.settle()
    assert [one.name for one in hooks.deliveries] == [
        "installation.suspend",
        "installation.unsuspend",
        "installation.new_permissions_accepted",
    ]


def test_order_doubles_and_losses_are_at_will(github: World, hooks: Hooks, listener: Listener, pull: Pull) -> None:
    hooks.hold()
    github.comment("ann", pull, "one")
    github.close("ann", pull)
    github.reopen("ann", pull)
    hooks.settle()
    assert listener.events() == []
    hooks.release(lambda held: [held[2], held[0], held[0]])
    hooks.settle()
    assert listener.events() == ["pull_request.reopened", "issue_comment.created", "issue_comment.created"]
    assert len({headers["X-GitHub-Delivery"] for headers, _ in listener.got}) == 2
    lost = [one for one in hooks.deliveries if one.status != "OK"]
    assert [(one.name, one.status_code) for one in lost] == [("pull_request.closed", 0)]
    hooks.lose("issue_comment.created")
    github.comment("ann", pull, "two")
    hooks.settle()
    assert len(listener.got) == 3


def test_who_is_slow_has_failed(github: World, hooks: Hooks, listener: Listener, pull: Pull) -> None:
    listener.patience = threading.Event()
    hooks.timeout_s = 0.1
    github.comment("ann", pull, "one")
    hooks.settle()
    listener.patience.set()
    hooks.timeout_s = 10
    assert [(one.status, one.status_code) for one in hooks.deliveries] == [("timed out", 0)]


def test_what_is_over_25_megabytes_is_never_sent(hooks: Hooks) -> None:
    hooks.send("push", {"x": "x" * 25_000_001}, 1, 1)
    hooks.settle()
    assert hooks.deliveries == []


def test_a_redelivery_keeps_the_guid(github: World, hooks: Hooks, listener: Listener, pull: Pull) -> None:
    app = Asking(github)
    listener.status = 500
    github.comment("ann", pull, "one")
    hooks.settle()
    (failed,) = app.get("/app/hook/deliveries?status=failure")
    assert (failed["status"], failed["status_code"]) == ("Invalid HTTP Response: 500", 500)
    listener.status = 202
    assert app.ask("POST", f"/app/hook/deliveries/{failed['id']}/attempts").status_code == 202
    hooks.settle()
    (again,) = app.get("/app/hook/deliveries?status=success")
    assert (again["guid"], again["redelivery"], again["id"] > failed["id"]) == (failed["guid"], True, True)
    whole = app.get(f"/app/hook/deliveries/{again['id']}")
    assert (whole["request"]["payload"]["comment"]["body"], whole["response"]["payload"]) == ("one", "ok")
    app.session.close()


def test_deliveries_are_listed_by_cursor_newest_first(github: World, hooks: Hooks, pull: Pull) -> None:
    app = Asking(github)
    github.webhook_url = None
    for n in range(5):
        github.comment("ann", pull, str(n))
    hooks.settle()
    hooks.deliveries[0].delivered_at -= timedelta(days=4)
    pages, path = [], "/app/hook/deliveries?per_page=2"
    while path:
        answer = app.ask("GET", path)
        pages.append([one["status"] for one in answer.json()])
        path = answer.links.get("next", {}).get("url", "")
    assert pages == [["failed to connect to host"] * 2] * 2
    assert app.get("/app/hook/deliveries?status=failure") == []
    app.session.close()
