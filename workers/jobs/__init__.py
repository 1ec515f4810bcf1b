"""What the queue runs: one piece of work from its beginning to its end, and the only place that decides on retries."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot import logs
from bot.errors import NotFound, NotYet, Permanent, RateLimited, Retryable
from bot.locks import Busy, lock
from bot.model import (
    Ask,
    BaseMoved,
    Drift,
    Group,
    GroupGone,
    Landed,
    OnCopy,
    Operate,
    Refresh,
    Replay,
    Rerun,
    Sweep,
    Work,
)
from bot.outcome import Standing
from bot.queue import Begun, key
from bot.settings import read_settings
from bot.wire import from_json
from workers.jobs import answers, drifting, groups, landed, on_copy, operations, refresh, rounds
from workers.jobs.tools import Tools, tools_of
from workers.report.markup import prose

_LOG = logging.getLogger(__name__)


def perform(payload: Mapping[str, Any]) -> None:
    """Called by RQ with one Work as plain values. Raises only for a bug, after the check was failed for it."""
    tools = tools_of(read_settings(os.environ))
    work = from_json(payload)
    begun = tools.queue.begin(key(work))
    if begun is None:
        return
    kind, began = type(work).__name__, time.monotonic()
    outcome = "failed"  # where a bug ends it
    try:
        with logs.about(key(work)):
            outcome = _attempted(tools, work, begun)
    finally:
        tools.metrics.count("jobs", kind=kind, outcome=outcome)
        tools.metrics.observe("job_seconds", time.monotonic() - began, kind=kind)


def _attempted(tools: Tools, work: Work, begun: Begun) -> str:
    """What became of it, in the words of the metrics."""
    try:
        if begun.exhausted:
            raise Permanent("It ended with its worker each time; the log of the workers says more.")
        begun = _HANDLERS[type(work)](tools, work, begun) or begun
    except (RateLimited, Busy, NotYet) as later:
        tools.queue.put_off(work, later.after_s)
        return "put_off"
    except Retryable as error:
        if tools.queue.retry(work, error.after_s) is not None:
            return "retried"
        _give_up(tools, work, begun, f"GitHub could not be asked: {error}")
        return "given_up"
    except Permanent as error:
        _give_up(tools, work, begun, str(error))
        return "given_up"
    except Exception as bug:
        _give_up(tools, work, begun, f"migration-bot failed ({type(bug).__name__}); its log says more.")
        raise
    tools.queue.finish(key(work), begun)
    return "done"


def _refresh(tools: Tools, work: Refresh, begun: Begun) -> Begun:
    """Where there is no review, nobody knows whose touches count: they stay for the next one."""
    with lock(tools.redis, key(work)):
        drawn = refresh.refresh(tools, work, begun.touches)
    failed = drawn is not None and drawn.outcome.standing is Standing.FAILED
    return replace(begun, touch_count=0) if failed else begun


def _ask(tools: Tools, work: Ask, begun: Begun) -> None:
    with lock(tools.redis, key(Refresh(work.repo, work.number))):
        answers.answer(tools, work)


# What a handler returns instead of what was begun is what came to its end.
_HANDLERS: dict[type[Any], Callable[[Tools, Any, Begun], Begun | None]] = {
    Refresh: _refresh,
    Ask: _ask,
    Rerun: lambda tools, work, _: rounds.rerun(tools, work),
    BaseMoved: lambda tools, work, _: rounds.base_moved(tools, work),
    Group: lambda tools, work, _: groups.answer_group(tools, work),
    GroupGone: lambda tools, work, _: groups.end_group(tools, work),
    Sweep: lambda tools, work, begun: rounds.sweep(tools, work, told=bool(begun.guids)),
    Replay: lambda tools, work, _: rounds.replay(tools, work),
    Operate: lambda tools, work, _: operations.operate(tools, work),
    OnCopy: lambda tools, work, _: on_copy.measure(tools, work),
    Landed: lambda tools, work, _: landed.look(tools, work),
    Drift: lambda tools, work, _: drifting.compare(tools, work),
}


def _give_up(tools: Tools, work: Work, begun: Begun, why: str) -> None:
    """Fails closed where there is a check to fail. What cannot even be told to GitHub is left to the sweep. why: a
    sentence, which may quote anything."""
    _LOG.error("gave up %s: %s", key(work), why)  # RQ logs where a bug was
    why = prose(why)
    with contextlib.suppress(NotFound, Retryable, Permanent):
        match work:
            case Refresh():
                refresh.fail(tools, work, why)
            case Group():
                groups.fail_group(tools, work, why)
            case Ask():
                answers.refuse(tools, work, why)
            case Operate():
                operations.refuse(tools, work, why)
            case _:
                pass
    tools.queue.give_up(key(work), begun)
