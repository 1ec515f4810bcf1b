"""Neon branches as backups: made over HTTP from a stand-in whose branches are real databases."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.github.faults import Answer, Fault, Meanwhile, lost_response, server_error
from tests.live_server import OWNER, PASSWORD, LiveServer, live_server
from tests.neon.server import Server, neon
from tests.neon.world import KEY, Project
from workers.environments.backups.neon import prune_branches, stale, take_branch
from workers.environments.model import BackupMethod, Environment, EnvironmentKind, Progress
from workers.environments.neon.branches import Branch
from workers.environments.neon.client import Bearer, Pace, Unwatched
from workers.errors import Cancelled, Refused, Unreachable

_NUMBERS = count(1)


class Clock:
    """Waits that take no time, and how long they would have been."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    @property
    def pace(self) -> Pace:
        return Pace(sleep=self.waits_s.append)


class Impatient(Unwatched):
    """Somebody stops it at the nth question."""

    def __init__(self, questions: int) -> None:
        self.left = questions
        self.told: list[Progress] = []

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)

    def cancelled(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture(scope="module")
def live() -> Iterator[LiveServer]:
    with live_server() as server:
        yield server


@pytest.fixture
def place(live: LiveServer) -> Iterator[tuple[Server, Project, Environment]]:
    """An environment on Neon, with one table of three rows."""
    name = f"shop{next(_NUMBERS)}"
    url = live.create_database(name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 3) AS n")
    with neon(live, name) as (api, project):
        yield api, project, Environment("acme/shop", "staging", EnvironmentKind.STAGING, url, neon=api.configured())


Place = tuple[Server, Project, Environment]


def orders(project: Project, name: str) -> int:
    branch = next(branch for branch in project.branches.values() if branch.name == name)
    with psycopg.connect(project.server.url(OWNER, branch.physical)) as connection:
        found = connection.execute("SELECT count(*) FROM orders").fetchone()
    assert found is not None
    return int(found[0])


def take(environment: Environment, clock: Clock | None = None) -> str:
    return take_branch(environment, "pr123", Unwatched(), (clock or Clock()).pace).name


# ---------------------------------------------------------------- a backup


def test_nothing_without_a_project(place: Place) -> None:
    _, project, environment = place
    with pytest.raises(Refused, match=r"^staging has no Neon project in the bot's configuration$"):
        take(replace(environment, neon=None))
    assert project.requests == []


def test_a_backup_holds_the_data_of_before(place: Place) -> None:
    _, project, environment = place
    backup = take_branch(environment, "pr123", Unwatched(), Clock().pace)
    with psycopg.connect(environment.url) as connection:
        connection.execute("DELETE FROM orders")

    assert re.fullmatch(r"backup-\d{8}-\d{4}-pr123", backup.name)
    assert orders(project, backup.name) == 3
    branch = next(branch for branch in project.branches.values() if branch.name == backup.name)
    assert branch.parent
    assert (backup.method, backup.bytes) == (BackupMethod.NEON, 0)
    assert backup.where == f"Neon project shop, branch {branch.id}"
    assert abs(backup.taken_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert backup.expires_at == branch.expires_at
    assert backup.expires_at
    assert abs(backup.expires_at - datetime.now(UTC) - timedelta(hours=72)) < timedelta(minutes=1)
    moment = f"{backup.taken_at:%Y-%m-%d %H:%M} UTC"
    assert backup.checks == (
        f"The branch is ready. It is one of main ({branch.parent.id}) at LSN {branch.lsn}, {moment}.",
        f"It expires at {backup.expires_at:%Y-%m-%d %H:%M} UTC.",
    )
    assert backup.restore == (
        f"neonctl branches set-expiration {branch.id} --expires-at null --project-id shop",
        f"neonctl branches restore {branch.parent.id} {branch.id} "
        f"--preserve-under-name before-restore-of-{backup.name} --project-id shop",
    )


def test_the_source_may_be_in_use(place: Place) -> None:
    _, project, environment = place
    with psycopg.connect(environment.url):
        assert orders(project, take(environment)) == 3


def test_names_that_are_taken_are_numbered(place: Place) -> None:
    _, _, environment = place
    first = take(environment)
    assert [take(environment), take(environment)] == [f"{first}-2", f"{first}-3"]


def test_the_branch_may_be_configured_by_its_id(place: Place) -> None:
    api, project, environment = place
    [main] = project.branches
    assert orders(project, take(replace(environment, neon=api.configured(main)))) == 3
    with pytest.raises(Refused, match=r"^the Neon project shop has no branch develop$"):
        take(replace(environment, neon=api.configured("develop")))


def test_where_neon_sets_no_expiry_that_is_said(place: Place) -> None:
    _, project, environment = place
    project.early = False
    backup = take_branch(environment, "pr1", Unwatched(), Clock().pace)
    assert backup.expires_at is None
    assert backup.checks[1] == "Neon has set no time at which it expires; the bot removes it when it is old."


def test_an_expiry_is_never_later_than_neon_allows(place: Place) -> None:
    _, _, environment = place
    retention = replace(environment.backup.retention, branch_hours=2000)
    backup = take_branch(
        replace(environment, backup=replace(environment.backup, retention=retention)),
        "pr1",
        Unwatched(),
        Clock().pace,
    )
    assert backup.expires_at
    assert timedelta(days=29) < backup.expires_at - datetime.now(UTC) < timedelta(days=30)


def test_an_expired_branch_is_gone(place: Place) -> None:
    _, project, environment = place
    name = take(environment)
    project.ahead = timedelta(hours=71)
    assert project.names() == {"main", name}
    project.ahead = timedelta(hours=73)
    assert project.names() == {"main"}


# ---------------------------------------------------------------- Neon is busy, fails, says no


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503])
@pytest.mark.parametrize(("method", "path"), [("GET", "branches$"), ("POST", "branches$"), ("GET", "operations/")])
def test_a_failure_that_passes(place: Place, status: int, method: str, path: str) -> None:
    _, project, environment = place
    clock = Clock()
    project.faults.add(Fault(method, re.compile(path), Answer(status, "please wait"), times=3))
    if status >= 500:
        project.faults.add(Fault(method, re.compile(path), server_error(status), times=1))
    name = take(environment, clock)
    assert orders(project, name) == 3
    assert project.names() == {"main", name}


def test_what_was_not_done_is_sent_again(place: Place) -> None:
    _, project, environment = place
    clock = Clock()
    project.looks = 0
    project.faults.add(Fault("POST", re.compile("branches$"), Answer(423, "busy"), times=3))
    take(environment, clock)
    assert len(project.sent("POST")) == 4
    assert 1.75 <= sum(clock.waits_s) <= 3.5


def test_retry_after_is_waited_for(place: Place) -> None:
    _, project, environment = place
    clock = Clock()
    project.looks = 0
    project.faults.add(Fault("GET", re.compile("branches$"), Answer(429, "slow down", {"Retry-After": "17"})))
    take(environment, clock)
    assert sum(clock.waits_s) == 17


def test_a_lost_answer_makes_no_second_branch(place: Place) -> None:
    _, project, environment = place
    project.faults.add(Fault("POST", re.compile("branches$"), lost_response()))
    name = take(environment)
    assert orders(project, name) == 3
    assert project.names() == {"main", name}
    assert len(project.sent("POST")) == 1


def test_a_branch_that_shows_late_is_found_when_its_name_is_taken(place: Place) -> None:
    _, project, environment = place
    project.faults.add(Fault("POST", re.compile("branches$"), lost_response()))
    nothing_yet = Answer(200, "", {}, '{"branches": []}')
    project.faults.add(Fault("GET", re.compile("branches$"), nothing_yet, after=2))  # a list has two pages
    name = take(environment)
    assert orders(project, name) == 3
    assert project.names() == {"main", name}
    assert [status for method, _, status in project.requests if method == "POST"][-1] == 409


def test_an_error_before_the_work_is_tried_again_by_name(place: Place) -> None:
    _, project, environment = place
    project.faults.add(Fault("POST", re.compile("branches$"), Answer(500, "internal"), times=2))
    assert project.names() == {"main"}
    name = take(environment)
    assert project.names() == {"main", name}
    assert len(project.sent("POST")) == 3


def test_what_does_not_pass_ends(place: Place) -> None:
    _, project, environment = place
    clock = Clock()
    project.faults.add(Fault("GET", re.compile("branches$"), Answer(429, "slow down"), times=1000))
    with pytest.raises(Unreachable, match=r"^Neon answered GET /projects/shop/branches with 429: slow down, 8 times$"):
        take(environment, clock)
    assert sum(clock.waits_s) < 61
    with pytest.raises(Unreachable, match=r"^Neon answered GET /projects/shop/branches with 429: slow down, for more"):
        take_branch(environment, "pr1", Unwatched(), replace(clock.pace, longest_s=3))


def test_nobody_there(place: Place) -> None:
    api, _, environment = place
    assert environment.neon
    elsewhere = replace(environment.neon, api_url=api.url.replace(api.url.split(":")[2].split("/")[0], "1"))
    with pytest.raises(Unreachable, match=r"^Neon did not answer GET /projects/shop/branches \(ConnectionError\), 8 t"):
        take(replace(environment, neon=elsewhere))


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (
            {"api_key": "napi_wrong"},
            Refused,
            "Neon answered GET /projects/shop/branches with 401: authorization: key not found "
            "(the API key is not accepted)",
        ),
        (
            {"project": "other"},
            Refused,
            "Neon answered GET /projects/other/branches with 404: project not found "
            "(there is none such, or the API key may not see it)",
        ),
    ],
)
def test_what_neon_refuses(place: Place, change: dict[str, str], error: type[Exception], sentence: str) -> None:
    _, project, environment = place
    assert environment.neon
    with pytest.raises(error) as raised:
        take(replace(environment, neon=replace(environment.neon, **change)))
    assert str(raised.value) == sentence
    assert len(project.requests) == 1


def test_a_refused_branch_says_why(place: Place) -> None:
    _, project, environment = place
    next(iter(project.branches.values())).expires_at = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(Refused, match=r"with 422: a branch that expires can have no children$"):
        take(environment)


def test_a_branch_that_never_gets_ready_is_removed(place: Place) -> None:
    _, project, environment = place
    project.fails = True
    with pytest.raises(Unreachable, match=r"^Neon's operation create_branch is failed$"):
        take(environment)
    assert project.names() == {"main"}


def test_cancelled_while_waiting(place: Place) -> None:
    _, project, environment = place
    project.looks = 7
    watch = Impatient(3)
    with pytest.raises(Cancelled, match=r"^stopped while waiting for Neon$"):
        take_branch(environment, "pr1", watch, Clock().pace)
    assert project.names() == {"main"}
    assert [progress.step for progress in watch.told] == ["backup"]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("", "Neon's answer to GET /projects/shop/branches has no usable branches"),
        ("[]", "Neon's answer to GET /projects/shop/branches has no usable _Page"),
        ("<html>", "Neon's answer to GET /projects/shop/branches has no usable branches"),
        (
            '{"branches": [{"id": 7, "name": "main"}]}',
            "Neon's answer to GET /projects/shop/branches has no usable "
            "branches.0.created_at, branches.0.current_state, branches.0.id",
        ),
    ],
)
def test_answers_that_are_not_as_agreed(place: Place, raw: str, sentence: str) -> None:
    _, project, environment = place
    project.faults.add(Fault("GET", re.compile("branches$"), Answer(200, "", {}, raw)))
    with pytest.raises(Unreachable) as raised:
        take(environment)
    assert str(raised.value) == sentence


def test_it_goes_nowhere_else(place: Place) -> None:
    _, project, environment = place
    elsewhere = Answer(302, "moved", {"Location": "http://127.0.0.1:1/"})
    project.faults.add(Fault("GET", re.compile("branches$"), elsewhere))
    with pytest.raises(Unreachable, match=r"with 302: moved$"):
        take(environment)


def test_no_secret_in_words_or_logs(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    _, project, environment = place
    project.faults.add(Fault("GET", re.compile("branches$"), Answer(400, f"bad key {KEY}")))
    with caplog.at_level(logging.DEBUG), pytest.raises(Refused) as raised:
        take(environment)
    project.faults.add(Fault("DELETE", re.compile("branches/"), Answer(500, f"bad key {KEY}"), times=1000))
    project.fails = True
    with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable):
        take(environment)
    assert "stays until it expires" in caplog.text
    said = f"{raised.value!r}{caplog.text}{environment!r}{Bearer(KEY)!r}"
    assert [KEY in said, PASSWORD in said] == [False, False]


# ---------------------------------------------------------------- pruning


def test_nothing_to_prune(place: Place) -> None:
    _, _, environment = place
    assert prune_branches(environment, datetime.now(UTC) + timedelta(days=100), Clock().pace) == ()
    take(environment)
    assert prune_branches(environment, datetime.now(UTC) + timedelta(days=100), Clock().pace) == ()


def test_what_is_old_goes(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    _, project, environment = place
    project.early = False
    names = [take(environment) for _ in range(3)]
    for days, name in zip((9, 8, 1), names, strict=True):
        branch = next(one for one in project.branches.values() if one.name == name)
        branch.created_at = datetime(2026, 5, 20, 12, 30, tzinfo=UTC) - timedelta(days=days)
    with caplog.at_level(logging.INFO):
        told = prune_branches(environment, datetime(2026, 5, 20, 12, 30, tzinfo=UTC), Clock().pace)
    assert told == (
        f"The Neon branch {names[0]} of 2026-05-11 12:30 UTC was removed.",
        f"The Neon branch {names[1]} of 2026-05-12 12:30 UTC was removed.",
    )
    assert [record.getMessage() for record in caplog.records] == [f"staging: {sentence}" for sentence in told]
    assert project.names() == {"main", names[2]}


def test_what_neon_will_not_remove_stays_and_is_told(place: Place) -> None:
    _, project, environment = place
    project.early = False
    old, _ = take(environment), take(environment)
    branch = next(one for one in project.branches.values() if one.name == old)
    branch.created_at = datetime(2026, 1, 1, tzinfo=UTC)
    child = project.found("dev", "postgres", parent=branch)
    [told] = prune_branches(environment, datetime.now(UTC), Clock().pace)
    assert told.endswith(
        "could not be removed: Neon answered DELETE "
        f"/projects/shop/branches/{branch.id} with 422: the branch has children"
    )
    assert child.id in project.branches
    assert old in project.names()


def test_a_branch_that_is_gone_already(place: Place) -> None:
    _, project, environment = place
    project.early = False
    old, _ = take(environment), take(environment)
    branch = next(one for one in project.branches.values() if one.name == old)
    branch.created_at = datetime(2026, 1, 1, tzinfo=UTC)
    gone = Meanwhile(lambda: project._drop(branch))
    project.faults.add(Fault("DELETE", re.compile(branch.id), gone))
    assert len(prune_branches(environment, datetime.now(UTC), Clock().pace)) == 1


_NOW = datetime(2026, 5, 20, tzinfo=UTC)
_PARENT = Branch("br-main", "main", "ready", _NOW - timedelta(days=900), default=True)
_BRANCHES = st.lists(
    st.builds(
        Branch,
        id=st.uuids().map(str),
        name=st.sampled_from(
            ["main", "dev", "backup", "backup-2026", "rehearse-20260101-0000-ab12", "backup-20260101-0000-pr1"]
        ),
        state=st.sampled_from(["ready", "archived", "init"]),
        created_at=st.integers(0, 200).map(lambda hours: _NOW - timedelta(hours=hours)),
        parent_id=st.sampled_from(["br-main", "br-other", ""]),
        default=st.booleans(),
        protected=st.booleans(),
    ),
    max_size=8,
)


@given(_BRANCHES, st.integers(1, 150))
def test_pruning_keeps_what_it_must(branches: list[Branch], hours: int) -> None:
    before = _NOW - timedelta(hours=hours)
    gone = stale([_PARENT, *branches], _PARENT, before)
    left = [branch for branch in branches if branch not in gone]
    for branch in gone:
        assert branch.created_at < before
        assert branch.parent_id == "br-main"
        assert re.match(r"(backup|rehearse)-\d{8}-\d{4}-", branch.name)
        assert (branch.default, branch.protected) == (False, False)
    good = [branch for branch in branches if branch.name.startswith("backup-20260101") and branch.whole]
    ours = [branch for branch in good if branch.parent_id == "br-main"]
    if ours:
        newest = max(branch.created_at for branch in ours)
        assert any(branch.created_at == newest for branch in left if branch in ours)
