"""The branches of a Neon project: listed, made and waited for, removed."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

import requests
from pydantic import AliasPath, AwareDatetime, BeforeValidator, Field

from workers.environments.model import Environment, Watch
from workers.environments.neon.client import Client, Lost, NotThere, Pace, Patience, Request, Unwatched
from workers.errors import Refused, Unreachable

_LOG = logging.getLogger(__name__)

_PAGE = "1000"  # branches; at most 10000 (https://api-docs.neon.tech/reference/listprojectbranches)
# https://neon.com/docs/reference/api/key-concepts#asynchronous-operations
_DONE = frozenset({"finished", "skipped"})
_FAILED = frozenset({"failed", "error", "cancelling", "cancelled"})

_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


@dataclass(frozen=True, slots=True)
class Branch:
    """parent_lsn, parent_timestamp: the place in the parent's history whose data it holds. default: the project's."""

    id: str
    name: str
    state: Annotated[str, Field(validation_alias="current_state")]
    created_at: AwareDatetime
    parent_id: _Text = ""
    parent_lsn: _Text = ""
    parent_timestamp: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    default: bool = False
    protected: bool = False

    @property
    def whole(self) -> bool:
        """Its data are there; Neon moves those that nobody uses to cheaper storage by itself
        (https://neon.com/docs/guides/branch-archiving)."""
        return self.state in ("ready", "archived")


@dataclass(frozen=True, slots=True)
class NewBranch:
    """compute: with an endpoint to connect to; one that only keeps data needs none."""

    name: str
    parent: Branch
    expires_at: datetime
    compute: bool

    def json(self) -> dict[str, object]:
        """https://neon.com/docs/guides/branch-expiration#timestamp-format-requirements: whole seconds."""
        expires_at = f"{self.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        branch = {"name": self.name, "parent_id": self.parent.id, "expires_at": expires_at}
        return {"branch": branch, "endpoints": [{"type": "read_write"}] if self.compute else []}


@dataclass(frozen=True, slots=True)
class _Operation:
    id: str
    action: str
    status: str
    branch_id: _Text = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """One branch, with what has to be finished before it is as it should be."""

    branch: Branch
    operations: tuple[_Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class _OneOperation:
    operation: _Operation


@dataclass(frozen=True, slots=True)
class _Operations:
    operations: tuple[_Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Page:
    branches: tuple[Branch, ...]
    next: Annotated[_Text, Field(validation_alias=AliasPath("pagination", "next"))] = ""


@dataclass(frozen=True, slots=True)
class _Address:
    uri: str = Field(repr=False)


@contextlib.contextmanager
def branches_of(environment: Environment, watch: Watch, pace: Pace) -> Iterator[Branches]:
    """The environment's project. Raises Refused where none is configured."""
    if environment.neon is None:
        raise Refused(f"{environment.name} has no Neon project in the bot's configuration")
    with requests.Session() as session:
        yield Branches(Client(session, environment.neon, Patience(watch, pace)))


@dataclass(frozen=True, slots=True)
class Branches:
    """Each method raises Refused, Unreachable and Cancelled as Client.send does."""

    client: Client

    def all(self, search: str = "") -> tuple[Branch, ...]:
        """Those whose name or id has `search` in it."""
        found: list[Branch] = []
        params = {"limit": _PAGE, **({"search": search} if search else {})}
        while True:
            page = self.client.send(Request("GET", self._path("branches"), params), _Page)
            found += page.branches
            if not page.next or not page.branches or page.next == params.get("cursor"):
                return tuple(found)
            params["cursor"] = page.next

    def own(self, among: tuple[Branch, ...]) -> Branch:
        """The environment's branch, which is configured by its id or its name."""
        wanted = self.client.project.branch
        for branch in among:
            if wanted in (branch.id, branch.name):
                return branch
        raise Refused(f"the Neon project {self.client.project.project} has no branch {wanted}")

    def create(self, wanted: NewBranch) -> Branch:
        """A branch that is ready. Where that fails, or is no longer wanted, it is removed again."""
        made = self._made(wanted)
        try:
            self._finish(made.operations)
            return self._ready(made.branch.id, wanted)
        except BaseException:
            self.give_up(made.branch)
            raise

    def delete(self, branch: Branch) -> None:
        """Returns when it is gone; also when it was gone already."""
        with contextlib.suppress(NotThere):
            self._finish(self.client.send(Request("DELETE", self._path("branches", branch.id)), _Operations).operations)

    def give_up(self, branch: Branch) -> None:
        """Removes it, whoever wants to stop meanwhile; if Neon will not, its expiry has to."""
        patient = Patience(Unwatched(), self.client.patience.pace)
        try:
            Branches(replace(self.client, patience=patient)).delete(branch)
        except (Refused, Unreachable) as error:
            _LOG.warning("the Neon branch %s stays until it expires: %s", branch.name, error)

    def uri(self, branch: Branch, database: str, role: str) -> str:
        """Its direct address, with the password. A child of a protected branch has passwords of its own
        (https://neon.com/docs/guides/protected-branches), and an answer to POST holds the address only where a branch
        has one database and one role (https://neon.com/docs/changelog/2023-02-24): so it is asked for."""
        params = {"branch_id": branch.id, "database_name": database, "role_name": role, "pooled": "false"}
        return self.client.send(Request("GET", self._path("connection_uri"), params), _Address).uri

    # ------------------------------------------------------------ one step

    def _made(self, wanted: NewBranch) -> _Answer:
        """Asked for once; where the answer is lost, it is first looked for by its name, which is unique."""
        request = Request("POST", self._path("branches"), json=wanted.json(), once=True)
        told = ""
        for pause_s in self.client.patience.pace.pauses_s:
            try:
                return self.client.send(request, _Answer)
            except Lost as lost:
                told = str(lost)
            except Refused:
                if not told or not (answer := self._found(wanted.name)):
                    raise
                return answer
            self.client.patience.wait(pause_s, told)
            if answer := self._found(wanted.name):
                return answer
        raise Unreachable(f"{told}, {len(self.client.patience.pace.pauses_s)} times")

    def _found(self, name: str) -> _Answer | None:
        branch = next((branch for branch in self.all(name) if branch.name == name), None)
        if branch is None:
            return None
        recent = self.client.send(Request("GET", self._path("operations"), {"limit": "100"}), _Operations)
        return _Answer(branch, tuple(one for one in recent.operations if one.branch_id == branch.id))

    def _finish(self, operations: tuple[_Operation, ...]) -> None:
        polls_s = self._polls_s()
        for operation in operations:
            path = self._path("operations", operation.id)
            while operation.status not in _DONE:
                told = f"Neon's operation {operation.action} is {operation.status}"
                if operation.status in _FAILED:
                    raise Unreachable(told)
                self.client.patience.wait(next(polls_s), told)
                operation = self.client.send(Request("GET", path), _OneOperation).operation

    def _ready(self, id: str, wanted: NewBranch) -> Branch:
        for poll_s in self._polls_s():
            branch = self.client.send(Request("GET", self._path("branches", id)), _Answer).branch
            if branch.parent_id != wanted.parent.id:
                raise Unreachable(f"Neon made the branch {branch.name} of another parent than {wanted.parent.name}")
            if branch.whole:
                return branch
            self.client.patience.wait(poll_s, f"the Neon branch {branch.name} is {branch.state}")
        raise AssertionError("polls do not end")

    def _polls_s(self) -> Iterator[float]:
        polls_s = self.client.patience.pace.polls_s
        return itertools.chain(polls_s, itertools.repeat(polls_s[-1]))

    def _path(self, *parts: str) -> str:
        return "/".join(("/projects", *(quote(part, safe="") for part in (self.client.project.project, *parts))))
