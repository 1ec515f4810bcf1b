"""What comes of running SQL: an outcome with the server's words, bounded, or the loss of the server."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from psycopg.pq import TransactionStatus

from workers.errors import CannotAnalyse
from workers.postgres import wire

NOTICES_KEPT = 50
NOTICE_LENGTH = 500  # code points, of each
TEXT_LENGTH = 4000  # code points of any field of an error


class Loss(enum.Enum):
    """Why a session is over."""

    TIME = "time"
    DISK = "disk"
    CRASH = (
        "crash"  # the server or the connection ended by itself: memory, a limit on files, a bug, pg_terminate_backend
    )


class ServerLost(CannotAnalyse):
    """The session is over, and mostly the server with it (see Cluster.alive). Its text is a sentence for people."""

    def __init__(self, loss: Loss, sentence: str, duration_ms: float) -> None:
        super().__init__(sentence)
        self.loss = loss
        self.duration_ms = duration_ms


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error as the server sent it."""

    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    position: int | None = None  # in code points of the SQL that was run, from 1
    context: str | None = None


class QueryRefused(CannotAnalyse):
    """A query of our own that the server refused."""

    def __init__(self, error: ServerError) -> None:
        super().__init__(f"the server refused a query about its catalog: {error.message} ({error.sqlstate})")
        self.error = error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of running SQL. `timed_out`: it was past its deadline and we asked the server to cancel it; the error,
    if it obeyed, is 57014."""

    tag: str  # CREATE TABLE, INSERT 0 5 …; of the last statement that completed, "" when none did
    rows: int  # that the tags of all completed statements add up to
    duration_ms: float
    notices: tuple[str, ...]  # WARNING: there is already a transaction in progress
    error: ServerError | None
    transaction_status: TransactionStatus
    timed_out: bool = False


class Heard:
    """Gathers what the server says in answer to one message of ours."""

    def __init__(self) -> None:
        self.tag = ""
        self.rows = 0
        self.error: ServerError | None = None
        self._notices: list[str] = []
        self._unkept = 0

    def hear(self, message: wire.Message) -> None:
        """Takes command tags, notices and errors in; all other kinds are of no interest here."""
        if message.kind == "C":
            self.tag = message.body.rstrip(b"\0").decode("utf8", "replace")
            self.rows += int(found[0]) if (found := re.search(r"\d+$", self.tag)) else 0
        elif message.kind == "N":
            self._hear_notice(message.body)
        elif message.kind == "E" and self.error is None:
            self.error = _error(wire.fields(message.body))

    def _hear_notice(self, body: bytes) -> None:
        if len(self._notices) == NOTICES_KEPT:
            self._unkept += 1
            return
        said = wire.fields(body)
        self._notices.append(f"{said.get('V', 'NOTICE')}: {said.get('M', '')}"[:NOTICE_LENGTH])

    def notices(self) -> tuple[str, ...]:
        """The first ones, cut; the last item then tells how many more there were."""
        return (*self._notices, *([f"… and {self._unkept} more"] if self._unkept else []))


def _error(said: dict[str, str]) -> ServerError:
    cut = {letter: text[:TEXT_LENGTH] for letter, text in said.items()}
    position = cut.get("P", "")
    return ServerError(
        cut.get("C", "XX000"),
        cut.get("M", ""),
        cut.get("D"),
        cut.get("H"),
        int(position) if position.isdigit() else None,
        cut.get("W"),
    )
