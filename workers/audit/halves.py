"""Audits the two halves of a history at once, each in a process of its own with a server of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from multiprocessing.connection import Connection

from workers.audit.chain import Ground, audited
from workers.audited import AuditedMigration
from workers.errors import CannotAnalyse
from workers.model import Migration

_LEAST = 30  # migrations, from which on a second process is worth its start
_TWICE_AS_SLOW = 1_500  # migrations, until one takes twice as long as the first: the schema has grown
_PATIENCE_S = 10.0  # with a process that was told to end

Tell = Callable[[int, AuditedMigration], None]


def audit_all(history: Sequence[Migration], wanted: Sequence[int], ground: Ground, tell: Tell) -> None:
    """Tells of each wanted migration as soon as it has been looked at. Raises CannotAnalyse where no server starts."""
    if len(wanted) < _LEAST or (os.cpu_count() or 1) < 2:
        with contextlib.closing(audited(history, wanted, ground)) as found:
            for told in found:
                tell(*told)
        return
    audit_in_halves(history, wanted, ground, tell)


def audit_in_halves(history: Sequence[Migration], wanted: Sequence[int], ground: Ground, tell: Tell) -> None:
    """The same, in two processes however few they are."""
    first, second = halves(wanted)
    with _elsewhere(history, second, ground) as other, contextlib.closing(audited(history, first, ground)) as found:
        missing = len(second)
        for told in found:
            tell(*told)
            while missing and other.poll():  # what is not taken soon keeps the other process waiting
                tell(*_received(other))
                missing -= 1
        for _ in range(missing):
            tell(*_received(other))


def halves(wanted: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Two parts that take about the same time."""
    costs = list(accumulate(1 + place / _TWICE_AS_SLOW for place in wanted))
    middle = next((number for number, cost in enumerate(costs) if cost > costs[-1] / 2), 0)
    return wanted[:middle], wanted[middle:]


# ---------------------------------------------------------------- the other process


@contextlib.contextmanager
def _elsewhere(history: Sequence[Migration], wanted: Sequence[int], ground: Ground) -> Iterator[Connection]:
    """A new interpreter, because a fork would share our servers and threads."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_audit_there, args=(theirs, history, wanted, ground), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.terminate()  # what has told all ends by itself, or so
        process.join(_PATIENCE_S)
        process.kill()
        process.join()
        process.close()


def _audit_there(told: Connection, history: Sequence[Migration], wanted: Sequence[int], ground: Ground) -> None:
    """Ends at the next result when nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal reaches us, too; we are told to end
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # by an exception, so that servers stop and folders go
    try:
        with contextlib.suppress(BrokenPipeError), contextlib.closing(audited(history, wanted, ground)) as found:
            for one in found:
                told.send(one)
    except CannotAnalyse as error:
        told.send(str(error))
    told.close()


def _received(other: Connection) -> tuple[int, AuditedMigration]:
    try:
        told = other.recv()
    except EOFError:
        raise CannotAnalyse("the process that audits the second half of the history ended before its time") from None
    if isinstance(told, str):
        raise CannotAnalyse(told)
    place, found = told
    return place, found
