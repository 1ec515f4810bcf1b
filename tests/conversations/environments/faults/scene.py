"""A site where things go wrong: what people do there and do not wait for, and what happens in its database."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import redis

from tests.conversations.environments.conftest import Site
from tests.conversations.environments.faults.story import Story
from tests.conversations.faults.quick import settle
from tests.github.state import Comment, Pull
from tests.live_server import OWNER

_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped"
_OURS = "datname = current_database() AND application_name LIKE 'migration-bot: %'"
_SESSIONS = f"SELECT application_name FROM pg_stat_activity WHERE {_OURS}"
_ADVISORY = """SELECT 'advisory lock' FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE locktype = 'advisory' AND datname = current_database()"""
_WAITING = f"""SELECT pid, waitstart FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND waitstart IS NOT NULL AND locktype LIKE '{{}}' AND {_OURS}"""
_CUT = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database()"


@dataclass(frozen=True)
class Scene(Site):
    """All its environments are one database: staging."""

    # ------------------------------------------------------------ what people do

    def begin(self, login: str, pull: Pull, body: str) -> Comment:
        """Says it, and does not wait for what comes of it."""
        return self.town.github.comment(login, pull, body)

    def end(self, said: Comment) -> str:
        """What it was answered, when all work is done."""
        settle(self.town)
        answer = self.reply(said)
        assert not answer.startswith("\n⏳"), answer
        return answer

    def reply(self, said: Comment) -> str:
        """The one answer to a command, as people read it; empty where there is none yet."""
        marker = f"<!-- migration-bot:reply {said.id} -->"
        found = [one for one in self.replies(said.pull) if one.startswith(marker)]
        assert len(found) <= 1
        return html.unescape("".join(found).removeprefix(marker)).replace("<code>", "`").replace("</code>", "`")

    def exchange(self, login: str, pull: Pull, body: str) -> tuple[Comment, str]:
        """What is said, and what it is answered at last."""
        said = self.begin(login, pull, body)
        return said, self.end(said)

    # ------------------------------------------------------------ what then is told everywhere

    def story(self, said: Comment, environment: str = "staging") -> Story:
        """said: the command whose reaction counts."""
        assert isinstance(said.pull, Pull)
        return Story(
            columns=tuple(name for (name,) in self.ask("staging", _COLUMNS)),
            marks=self.ask("staging", "SELECT count(*) FROM marks")[0][0],
            history=tuple(sorted(self.history("staging"))),
            deployments=tuple(map(tuple, self.states(environment))),
            ticked=self._ticked(said.pull),
            reaction="".join(sorted(self.reactions(said) - {"eyes"})),
            left=tuple(self._left()),
        )

    def _ticked(self, pull: Pull) -> bool | None:
        boxes = self.shop.boxes(pull)
        return next((ticked for item, ticked in boxes.items() if "Staging" in self.shop.line(pull, item)), None)

    def _left(self) -> Iterator[str]:
        for query in (_SESSIONS, _ADVISORY):
            yield from (name for (name,) in self.ask("staging", query))
        with redis.Redis.from_url(self.town.redis.url) as connection:
            for what in ("lock:environment", "running", "cancel"):
                yield from (key.decode() for key in connection.scan_iter(f"migration-bot:{what}:{self.shop.repo.id}:*"))

    # ------------------------------------------------------------ what happens in the database

    def execute(self, sql: str) -> None:
        with self.connect("staging") as connection:
            connection.execute(sql.encode())

    @contextlib.contextmanager
    def holding(
        self, what: str = 'LOCK TABLE "orders"', application: str = "reports"
    ) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """Another session is in a transaction that has locks, until the block ends or it is rolled back."""
        url = self.server.url(OWNER, f"{self.name}_staging")
        with contextlib.closing(psycopg.connect(url, application_name=application)) as connection:
            connection.execute(what.encode())
            yield connection

    @contextlib.contextmanager
    def bookkeeping_waits(self) -> Iterator[None]:
        """An index was built outside a transaction, and until the block ends its row in the history table cannot be
        written."""
        with self.holding('LOCK TABLE "orders" IN ROW EXCLUSIVE MODE') as orders:  # which the index waits for
            self.waiting(locktype="virtualxid")
            with self.holding("SELECT id FROM _prisma_migrations WHERE finished_at IS NULL FOR UPDATE", "audit"):
                orders.rollback()
                self.waiting(locktype="transactionid")
                yield

    def waiting(self, how_often: int = 1, locktype: str = "%") -> None:
        """Returns when a session of ours waits for a lock, for the how_often-th time."""
        seen: set[object] = set()

        def so() -> bool:
            seen.update(self.ask("staging", _WAITING.format(locktype)))
            return len(seen) >= how_often

        self.town.until(so, "a session of ours waits for a lock")

    def cut(self, application: str = "migration-bot: deploy") -> None:
        """The server ends our session; returns when it is gone."""
        assert self.ask("staging", f"{_CUT} AND application_name = '{application}'") == [(True,)]
