"""Clones of the base branch's database, one for each time that a migration is played."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from workers.postgres.cluster import Cluster, Role
from workers.postgres.connections import DATABASE
from workers.postgres.observe import Observer
from workers.postgres.prelude import Prelude
from workers.postgres.relations import Relations
from workers.postgres.session import Session


@dataclass(slots=True)
class Stage:
    """One database with the connection that a migration runs on. another: opens one more, as the given role."""

    database: str
    observer: Observer
    another: Callable[[Role], Session]
    _others: dict[str, Session] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        return self.observer.session

    def other(self, use: str, role: Role) -> Session:
        """A second connection for one use, opened when it is first wanted: most migrations need none."""
        if use not in self._others:
            self._others[use] = self.another(role)
        return self._others[use]


@dataclass(slots=True)
class Stand:
    """What the migrations of one pull request share. line: the database with all of them so far, without rows of ours.
    base: the relations of the base branch; known: those of the line; both are there once a first stage was set."""

    cluster: Cluster
    prelude: Prelude
    line: str = DATABASE
    base: Relations = field(default_factory=dict)
    known: Relations | None = None
    clones: int = 0
    _spent: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self) -> Iterator[Stage]:
        """A stage on a fresh clone; all its connections end with it. The clone stays, for the caller to `follow` or to
        `drop`. Raises CannotAnalyse, ServerLost."""
        for spent in self._spent:
            self.cluster.drop_database(spent)
        self._spent.clear()
        self.clones += 1
        database = f"play_{self.clones}"
        self.cluster.create_database(database, self.line)
        with Session(self.cluster, database=database) as session, contextlib.ExitStack() as others:
            observer = self._observer(session)

            def another(role: Role) -> Session:
                """Our own roles look from another database: in this one, a migration may have set a trap for them."""
                return others.enter_context(
                    Session(self.cluster, role, database if role is Role.MIGRATION else "template1")
                )

            yield Stage(database, observer, another)

    def _observer(self, session: Session) -> Observer:
        """A clone has the OIDs and the files of its original: what is known of the line need not be read again."""
        observer = Observer(session, relations=self.known or {})
        if self.known is None:
            observer.load()
            self.known = observer.relations
            self.base = self.base or self.known
        else:
            observer.settle()
        observer.base = frozenset(self.base)
        return observer

    def follow(self, stage: Stage) -> None:
        """The next clones are of this stage's database, where a migration has been played to its end."""
        if self.line != DATABASE:  # the base branch's own stays
            self.drop(self.line)
        self.line, self.known = stage.database, None  # some changes show only in a fresh look: a renamed schema

    def drop(self, database: str) -> None:
        """Once there is a next stage: a database costs 15 ms to drop, and the last ones go with the server."""
        self._spent.append(database)
