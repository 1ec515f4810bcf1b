from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient

from bot.app import create_app
from bot.errors import BadSetting
from bot.metrics import Metrics
from bot.model import Refresh, Repo, Work
from bot.queue import Queue, key
from bot.scripts import WORK
from bot.settings import GitHubSettings, Settings
from bot.store import PREFIX
from bot.webhook import BODY_LIMIT_BYTES
from bot.wire import dumps, to_json
from tests.bot.deliveries import APP_ID, SECRET, headers, payload
from tests.bot.routes import GUID, ROUTES, Route
from tests.bot.web_process import Web, procfile, running_web
from tests.redis_server import RedisServer, free_port

OLD_SECRET = "the secret before"
HUSH = "nobody else's business"  # stands in every payload and header that is refused
OPENED = json.dumps({**payload("pull_request", "opened", {"number": 7}), "hush": HUSH}).encode()


def settings(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url, github=GitHubSettings(APP_ID, "", (SECRET, OLD_SECRET)))


@pytest.fixture
def stored(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def web(redis_url: str) -> FlaskClient:
    return create_app(settings(redis_url)).test_client()


@pytest.fixture
def deaf_web() -> FlaskClient:
    """Its Redis is down."""
    return create_app(settings(f"redis://user:{SECRET}@127.0.0.1:{free_port()}/0")).test_client()


# ---------------------------------------------------------------- pages


def test_the_page(web: FlaskClient) -> None:
    answer = web.get("/")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.text.startswith("migration-bot reviews PostgreSQL migrations in pull requests.\n")


def test_health(web: FlaskClient, deaf_web: FlaskClient) -> None:
    well, ill = web.get("/healthz"), deaf_web.get("/healthz")
    assert (well.status_code, well.json) == (200, {"redis": "ok"})
    assert (ill.status_code, ill.json) == (503, {"redis": "down"})


def test_no_metrics_without_a_token(web: FlaskClient) -> None:
    for given in ({}, {"Authorization": "Bearer "}):
        assert web.get("/metrics", headers=given).status_code == 404


def test_metrics(redis_url: str, stored: redis.Redis, caplog: pytest.LogCaptureFixture) -> None:
    Metrics(stored).count("jobs", kind="Ask", outcome="done")
    web = create_app(replace(settings(redis_url), metrics_token=SECRET)).test_client()
    answer = web.get("/metrics", headers={"Authorization": f"Bearer {SECRET}"})
    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'migration_bot_jobs_total{kind="Ask",outcome="done"} 1.0' in answer.text.splitlines()
    for wrong in ("", SECRET, f"Bearer {SECRET}x", f"Basic {SECRET}", "Bearer \xfc"):
        refused = web.get("/metrics", headers={"Authorization": wrong})
        assert (refused.status_code, refused.json, refused.headers["WWW-Authenticate"]) == (
            401,
            {"error": "Unauthorized"},
            "Bearer",
        )
        assert quiet(refused.text + caplog.text)


def test_metrics_without_redis() -> None:
    deaf = replace(settings(f"redis://127.0.0.1:{free_port()}/0"), metrics_token=SECRET)
    answer = create_app(deaf).test_client().get("/metrics", headers={"Authorization": f"Bearer {SECRET}"})
    assert (answer.status_code, answer.json) == (503, {"redis": "down"})


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nothing", 404, None),
        ("POST", "/nothing", 404, None),
        ("GET", "/webhook", 405, {"POST", "OPTIONS"}),
        ("PUT", "/webhook", 405, {"POST", "OPTIONS"}),
        ("POST", "/", 405, {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/healthz", 405, {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_what_is_not_there(web: FlaskClient, method: str, path: str, status: int, allowed: set[str] | None) -> None:
    answer = web.open(path, method=method)
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert (set(answer.headers["Allow"].split(", ")) if "Allow" in answer.headers else None) == allowed


def test_without_an_app_there_is_nothing_to_receive() -> None:
    with pytest.raises(BadSetting) as error:
        create_app(Settings())
    assert str(error.value) == "MIGRATION_BOT_GITHUB_APP_ID is not set, and nothing can be received without it"


# ---------------------------------------------------------------- every event and action


@pytest.mark.parametrize("one", ROUTES, ids=str)
def test_a_delivery(web: FlaskClient, stored: redis.Redis, one: Route) -> None:
    body = json.dumps(one.payload).encode()
    answer = web.post("/webhook", data=body, headers=headers(one.event, body, GUID))
    if one.work is None:
        assert (answer.status_code, answer.json, stored.dbsize()) == (200, {"accepted": "nothing"}, 0)
        return
    assert (answer.status_code, answer.json) == (202, {"accepted": "new"})
    bare = replace(one.work, touches=()) if isinstance(one.work, Refresh) else one.work
    touches = one.work.touches if isinstance(one.work, Refresh) else ()
    assert waiting(stored, one.work) == to_json(bare)
    assert stored.lrange(f"{PREFIX}touches:{key(one.work)}", 0, -1) == [dumps(touch) for touch in touches]
    assert stored.smembers(f"{PREFIX}guids:{key(one.work)}") == {GUID.encode()}


def waiting(stored: redis.Redis, work: Work) -> object:
    told = stored.hget(f"{WORK}{key(work)}", "payload")
    assert isinstance(told, bytes)
    return json.loads(told)


@pytest.mark.parametrize("event", ["star", "an_event_of_next_year"])
def test_an_unknown_event(web: FlaskClient, stored: redis.Redis, event: str) -> None:
    body = b'{"action": "created"}'
    answer = web.post("/webhook", data=body, headers=headers(event, body))
    assert (answer.status_code, answer.json, stored.dbsize()) == (200, {"accepted": "nothing"}, 0)


def test_a_redelivery(web: FlaskClient, stored: redis.Redis) -> None:
    """Of work that is lost or waits it passes, of finished work it does not."""

    def deliver() -> tuple[int, object]:
        answer = web.post("/webhook", data=OPENED, headers=headers("pull_request", OPENED, GUID))
        return answer.status_code, answer.json

    queue, name = Queue(stored), key(Refresh(Repo(42, "acme/shop", 3), 7))
    assert deliver() == (202, {"accepted": "new"})
    assert deliver() == (202, {"accepted": "coalesced"})
    begun = queue.begin(name)
    assert begun
    queue.finish(name, begun)
    assert deliver() == (200, {"accepted": "done"})


def test_the_secret_before_is_good_as_well(web: FlaskClient) -> None:
    given = headers("pull_request", OPENED, GUID, OLD_SECRET)
    assert web.post("/webhook", data=OPENED, headers=given).status_code == 202


# ---------------------------------------------------------------- what is refused

MISSHAPEN = b'{"action": "opened", "hush": "nobody else\'s business"}'
REFUSED = {
    "forged": (401, {**headers("pull_request", OPENED, GUID, "guessed"), "X-Hush": HUSH}, OPENED),
    "unsigned": (401, {"Content-Type": "application/json", "X-GitHub-Event": "ping", "X-Hush": HUSH}, OPENED),
    "form": (415, {**headers("pull_request", OPENED), "Content-Type": "application/x-www-form-urlencoded"}, OPENED),
    "no event": (400, {**headers("", OPENED), "X-Hush": HUSH}, OPENED),
    "a guid of two lines": (400, headers("ping", OPENED, f"a\t{HUSH}"), OPENED),
    "broken": (400, headers("ping", OPENED[:-1]), OPENED[:-1]),
    "a list": (400, headers("ping", b"[%s]" % OPENED), b"[%s]" % OPENED),
    "misshapen": (422, headers("pull_request", MISSHAPEN), MISSHAPEN),
    "nothing": (401, {}, b""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal(web: FlaskClient, stored: redis.Redis, caplog: pytest.LogCaptureFixture, name: str) -> None:
    status, given, body = REFUSED[name]
    caplog.set_level(logging.DEBUG)
    answer = web.post("/webhook", data=body, headers=given)
    assert (answer.status_code, stored.dbsize()) == (status, 0)
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    (line,) = (record.getMessage() for record in caplog.records if record.name == "bot.app")
    assert f" status={status} " in line
    assert quiet(caplog.text)
    assert quiet(answer.text)


def quiet(text: str) -> bool:
    """Whether no secret, payload or header is in a text."""
    return not any(word in text for word in (SECRET, OLD_SECRET, HUSH, "sha256=", "acme/shop", "octocat"))


def test_a_log_line(web: FlaskClient, stored: redis.Redis, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    web.post("/webhook", data=OPENED, headers=headers("pull_request", OPENED, GUID))
    line, _, took = caplog.messages[0].rpartition(" ms=")
    told = f"guid={GUID} event=pull_request action=opened repo=42 number=7 work=pr:42:7"
    assert line == f"delivery {told} accepted=new status=202"
    assert float(took) > 0


def test_redis_is_down(deaf_web: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = deaf_web.post("/webhook", data=OPENED, headers=headers("pull_request", OPENED, GUID))
    assert (answer.status_code, answer.json) == (503, {"error": "the queue does not answer"})
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert quiet(record.getMessage())


def test_redis_has_no_room(stored: redis.Redis, redis_url: str) -> None:
    client = create_app(settings(redis_url)).test_client()
    stored.config_set("maxmemory", "1")
    try:
        answer = client.post("/webhook", data=OPENED, headers=headers("pull_request", OPENED, GUID))
    finally:
        stored.config_set("maxmemory", "0")
    assert (answer.status_code, stored.dbsize()) == (503, 0)


# ---------------------------------------------------------------- under gunicorn


@pytest.fixture(scope="module")
def gunicorn(redis_process: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with running_web(redis_process.url, tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.mark.parametrize("chunk_bytes", [0, 10_000])
def test_gunicorn_delivers(gunicorn: Web, stored: redis.Redis, chunk_bytes: int) -> None:
    assert gunicorn.post(OPENED, headers("pull_request", OPENED, GUID), chunk_bytes) == 202
    assert stored.smembers(f"{PREFIX}guids:pr:42:7") == {GUID.encode()}


@pytest.mark.parametrize("chunk_bytes", [0, 1_000_000])
def test_the_largest_payload(gunicorn: Web, stored: redis.Redis, chunk_bytes: int) -> None:
    body = OPENED + b" " * (BODY_LIMIT_BYTES - len(OPENED))
    assert gunicorn.post(body, headers("pull_request", body, GUID), chunk_bytes) == 202
    stored.flushall()
    body += b" "
    assert (gunicorn.post(body, headers("pull_request", body), chunk_bytes), stored.dbsize()) == (413, 0)


def test_a_length_that_is_too_long_is_not_waited_for(gunicorn: Web, stored: redis.Redis) -> None:
    given = {**headers("pull_request", OPENED), "Content-Length": str(BODY_LIMIT_BYTES + 2)}
    assert (gunicorn.post(OPENED, given), stored.dbsize()) == (413, 0)


def test_what_gunicorn_logs(redis_process: RedisServer, tmp_path: Path) -> None:
    with running_web(redis_process.url, tmp_path) as web:
        statuses = [web.post(body, given) for _status, given, body in REFUSED.values()]
        statuses.append(web.post(OPENED, headers("pull_request", OPENED)))
    text = web.log.read_text()
    assert statuses == [*(status for status, _given, _body in REFUSED.values()), 202]
    assert [text.count(f" status={status} ") for status in (401, 415, 400, 422, 202)] == [3, 1, 4, 1, 1]
    assert "Traceback" not in text
    assert quiet(text)


def test_the_procfile() -> None:
    assert list(procfile()) == ["web", "worker", "operator"]
