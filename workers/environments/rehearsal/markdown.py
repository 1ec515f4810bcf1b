"""A rehearsal on real data as a short table for a comment: the costly statements, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from workers.environments.rehearsal.on_copy import Measured, OnCopy, TakenLock
from workers.report.markup import code, prose
from workers.report.words import count, duration, size, tick

_MOST_BYTES = 4000
_NAME_BYTES = 160
_HEAD = "| Statement | Took | Strongest lock, held for | Table |\n| --- | ---: | --- | --- |\n"


def on_copy_markdown(result: OnCopy) -> str:
    """At most 4 kB, whatever the migrations' names are."""
    above = prose(_headline(result)) + "\n\n"
    below = "".join(f"\n{prose(sentence, 800)}\n" for sentence in _notes(result))
    room = _MOST_BYTES - len((above + below + _HEAD).encode()) - 100
    rows, left_out = _rows(result.statements, room)
    more = f"\n{count(left_out, 'quicker statement')} not shown.\n" if left_out else ""
    return above + (_HEAD + rows + more if rows else "") + below


def _headline(result: OnCopy) -> str:
    lock = max((lock for one in result.statements for lock in one.locks), key=_weight, default=None)
    held = f" The strongest lock, {lock.mode.sql} on {tick(lock.relation)}: {duration(lock.held_ms)}." if lock else ""
    end = "failed after " if result.error else "stopped after " if result.stopped else ""
    took = duration(sum(one.duration_ms for one in result.statements))
    return f"Rehearsed on real data, {result.copy}: {end}{count(len(result.statements), 'statement')}, {took}.{held}"


def _notes(result: OnCopy) -> list[str]:
    notes = []
    if error := result.error:
        last = result.statements[-1]
        line = error.line or last.line
        notes.append(f"{tick(last.migration)} fails on line {line}: {error.message} ({error.sqlstate}).")
    if result.stopped:
        notes.append(f"{count(result.planned - len(result.statements), 'statement')} not run: {result.stopped}.")
    if result.left_migrated:
        notes.append("The copy is no longer as it was: these migrations cannot run in a transaction that is undone.")
    return notes


def _rows(statements: Sequence[Measured], room_bytes: int) -> tuple[str, int]:
    """Those that fit, what costs most first, in their order; and how many do not."""
    by_cost = sorted(range(len(statements)), key=lambda index: _cost(statements[index]), reverse=True)
    chosen: dict[int, str] = {}
    for index in by_cost:
        row = _row(statements[index])
        room_bytes -= len(row.encode())
        if room_bytes < 0:
            break
        chosen[index] = row
    return "".join(chosen[index] for index in sorted(chosen)), len(statements) - len(chosen)


def _row(one: Measured) -> str:
    lock = max(one.locks, key=_weight, default=None)
    held = f"{lock.mode.sql}, {duration(lock.held_ms)}" if lock else ""
    rewritten = " · rewritten" if lock and lock.relation in one.rewritten else ""
    table = f"{code(str(lock.relation), _NAME_BYTES)}, {_size(lock)}{rewritten}" if lock else ""
    place = f"{code(one.migration, _NAME_BYTES)}, line {one.line}"
    failed = " · failed" if one.error else ""
    return f"| {prose(one.action, _NAME_BYTES)}<br>{place} | {duration(one.duration_ms)}{failed} | {held} | {table} |\n"


def _size(lock: TakenLock) -> str:
    rows = count(lock.rows, "row") if lock.rows >= 0 else "rows not counted"
    return f"{rows}, {size(lock.bytes)}"


def _weight(lock: TakenLock) -> tuple[int, float]:
    return lock.mode, lock.held_ms


def _cost(one: Measured) -> tuple[bool, float]:
    return one.error is not None, max((one.duration_ms, *(lock.held_ms for lock in one.locks)))
