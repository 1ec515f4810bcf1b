"""What the server and the way to it can do wrong; and that the token is nowhere but in git's environment."""

from __future__ import annotations

import base64
import os
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git_server import GitServer, running_git_server
from tests.workers.mirror.conftest import TOKEN, Origin, noise
from workers.errors import FetchFailed, MirrorTooLarge
from workers.mirror import Copy

BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def commit(origin: Origin) -> str:
    return origin.repo.commit({"noise": noise(400_000)})


def failure(origin: Origin, commit: str, token: str = TOKEN) -> FetchFailed:
    with origin.mirror.opened(token) as copy, pytest.raises(FetchFailed) as failed:
        copy.fetch((commit,))
    text = str(failed.value)
    assert origin.mirror.url in text
    assert "\n" not in text
    assert not any(secret in text for secret in (TOKEN, BASIC))
    return failed.value


def test_wrong_token(origin: Origin, commit: str) -> None:
    failed = failure(origin, commit, "ghs_other")
    assert failed.retryable  # with another token, which is not this call's to get
    assert "does not know the App's token" in str(failed)
    assert len(origin.server.seen) == 1  # nobody is asked for another


@pytest.mark.parametrize(
    ("status", "retryable"), [(403, False), (404, False), (429, True), (500, True), (502, True), (503, True)]
)
def test_statuses(origin: Origin, commit: str, status: int, retryable: bool) -> None:
    origin.server.fault = status
    failed = failure(origin, commit)
    assert failed.retryable is retryable
    assert ("not found" if status == 404 else f"returned error: {status}") in str(failed)
    origin.server.fault = None
    with origin.mirror.opened(TOKEN) as copy:
        copy.fetch((commit,))
    assert copy.directory.name == "1"  # it was not the copy's fault


def test_no_such_repository(origin: Origin, commit: str) -> None:
    origin.server.repositories.clear()
    assert not failure(origin, commit).retryable


def test_nobody_listens(origin: Origin, commit: str) -> None:
    with running_git_server() as other:
        pass
    gone = origin.mirror.__class__(origin.mirror.folder, other.url("acme/shop"), origin.mirror.limits)
    with gone.opened(TOKEN) as copy, pytest.raises(FetchFailed) as failed:
        copy.fetch((commit,))
    assert failed.value.retryable


def test_the_token_does_not_follow_a_redirect(origin: Origin, commit: str) -> None:
    with running_git_server() as other:
        other.repositories.update(origin.server.repositories)
        origin.server.elsewhere = other.base
        failed = failure(origin, commit)
    assert (failed.retryable, other.seen) == (False, [])
    assert "has moved" in str(failed)


def test_too_large(origin: Origin, commit: str) -> None:
    for _ in range(2):
        with origin.limited(size_bytes=100_000).opened(TOKEN) as copy, pytest.raises(MirrorTooLarge) as failed:
            copy.fetch((commit,))
        assert not failed.value.retryable
    with origin.mirror.opened(TOKEN) as copy:
        assert sum(path.stat().st_size for path in copy.directory.rglob("*")) < 100_000
        copy.fetch((commit,))


# ---------------------------------------------------------------- a server that stalls


@pytest.fixture
def stalled(origin: Origin) -> GitServer:
    origin.server.open.clear()
    return origin.server


def running(copy: Copy) -> Iterator[Path]:
    """The /proc folders of processes that work on the copy."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(copy.directory).encode() in (process / "environ").read_bytes():
                yield process
        except OSError:  # it has ended
            continue


def ends(process: Path) -> bool:
    """Whether a process, killed already, is gone in a while; git's children are not ours to wait for."""
    try:
        ended = os.pidfd_open(int(process.name))
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([ended], [], [], 10)[0])
    finally:
        os.close(ended)


def test_a_call_takes_no_longer_than_it_may(origin: Origin, commit: str, stalled: GitServer) -> None:
    with origin.limited(time_ms=300).opened(TOKEN) as copy:
        with pytest.raises(FetchFailed, match=r"longer than 0\.3 s") as failed:
            copy.fetch((commit,))
        assert failed.value.retryable
        assert all(ends(process) for process in running(copy))


def test_when_the_job_is_stopped_git_is(origin: Origin, copy: Copy, commit: str, stalled: GitServer) -> None:
    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGUSR1, stop)
    main = threading.main_thread().ident
    assert main is not None

    def stop_main() -> None:
        stalled.waiting.wait()
        signal.pthread_kill(main, signal.SIGUSR1)

    stopper = threading.Thread(target=stop_main)
    stopper.start()
    try:
        with pytest.raises(TimeoutError):
            copy.fetch((commit,))
    finally:
        signal.signal(signal.SIGUSR1, before)
        stopper.join()
    assert all(ends(process) for process in running(copy))


def test_the_token_is_in_no_file_and_no_command_line(
    origin: Origin, copy: Copy, commit: str, stalled: GitServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_TRACE_CURL", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_CURL_VERBOSE", "1")
    monkeypatch.setenv("MIGRATION_BOT_GITHUB_PRIVATE_KEY", "key")
    fetching = threading.Thread(target=lambda: copy.fetch((commit,)))
    fetching.start()
    try:
        assert stalled.waiting.wait(10)
        seen = [(p.joinpath("cmdline").read_bytes(), p.joinpath("environ").read_bytes()) for p in running(copy)]
    finally:
        stalled.open.set()
        fetching.join()
    assert len(seen) >= 2  # git and its helper for HTTP
    for line, environment in seen:
        assert BASIC.encode() not in line
        assert TOKEN.encode() not in line
        assert BASIC.encode() in environment
        assert b"MIGRATION_BOT" not in environment
    assert copy.repository.has(commit)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(secret.encode() in content for content in written for secret in (TOKEN, BASIC))
    assert not (tmp_path / "trace").exists()
    assert TOKEN not in repr(copy)


def test_settings_of_the_machine_do_not_count(
    origin: Origin, copy: Copy, commit: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".gitconfig").write_text(f'[url "file:///nowhere"]\n\tinsteadOf = {origin.server.base}\n')
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    copy.fetch((commit,))
    assert "remote" not in (copy.directory / "config").read_text()
    assert copy.repository.refs() == {f"refs/commits/{commit}": commit}
