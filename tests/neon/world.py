"""A Neon project whose branches are databases of a live server: made, busy, expired, removed."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.github.faults import Faults
from tests.live_server import OWNER, PASSWORD, LiveServer

Json = dict[str, Any]
KEY = "napi_correct0horse0battery0staple"  # of a stand-in; nothing may ever print it
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LONGEST = timedelta(days=30)


class Refusal(Exception):
    """As Neon says no: code and message (https://api-docs.neon.tech/reference/createprojectbranch, "General Error")."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Branch:
    """physical: the database that holds its data."""

    id: str
    name: str
    physical: str
    created_at: datetime
    parent: Branch | None = None
    lsn: str = ""
    expires_at: datetime | None = None
    default: bool = False
    protected: bool = False
    compute: bool = False
    state: str = "ready"

    def json(self) -> Json:
        told = {
            "id": self.id,
            "project_id": "shop",
            "name": self.name,
            "current_state": self.state,
            "default": self.default,
            "primary": self.default,
            "protected": self.protected,
            "created_at": f"{self.created_at:{_TIME}}",
            "creation_source": "console",
            "cpu_used_sec": 0,
        }
        if self.parent:
            told |= {"parent_id": self.parent.id, "parent_lsn": self.lsn}
            told["parent_timestamp"] = told["created_at"]
        return told | ({"expires_at": f"{self.expires_at:{_TIME}}"} if self.expires_at else {})


@dataclass
class Operation:
    """looks: how many requests it takes until it is finished."""

    action: str
    branch: Branch
    looks: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    fails: bool = False

    def json(self) -> Json:
        status = "running" if self.looks > 0 else "failed" if self.fails else "finished"
        told = {"id": self.id, "project_id": "shop", "branch_id": self.branch.id, "action": self.action}
        return told | {"status": status, "failures_count": 0}


@dataclass
class Project:
    """database: the name that clients know. looks: of each operation. fails: whether new operations do. now: the
    project's clock. early: whether it may set an expiry (the OpenAPI document has it for early access only)."""

    server: LiveServer
    database: str
    looks: int = 2
    fails: bool = False
    early: bool = True
    ahead: timedelta = timedelta()
    branches: dict[str, Branch] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    # ------------------------------------------------------------ what a test does and asks

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def found(self, name: str, physical: str, **more: Any) -> Branch:
        """A branch that was there before, with a database that exists."""
        branch = Branch(f"br-{secrets.token_hex(4)}", name, physical, more.pop("created_at", self.now()), **more)
        self.branches[branch.id] = branch
        return branch

    def names(self) -> set[str]:
        self.tick()
        return {branch.name for branch in self.branches.values()}

    def sent(self, method: str) -> list[str]:
        """The paths of the requests with this method, below the project's."""
        return [path for sent, path, _ in self.requests if sent == method]

    # ------------------------------------------------------------ what Neon does

    def tick(self) -> None:
        """With each request: operations go on, and what has expired goes."""
        for operation in self.operations:
            operation.looks -= 1
            if operation.looks == 0 and not operation.fails:
                operation.branch.state = "ready"
        for branch in list(self.branches.values()):
            if branch.expires_at and branch.expires_at <= self.now():
                self._drop(branch)

    def refuse_busy(self) -> None:
        if any(operation.looks > 0 for operation in self.operations):
            raise Refusal(423, "project already has running operations, scheduling of new ones is prohibited")

    def branch(self, id: str) -> Branch:
        if id not in self.branches:
            raise Refusal(404, "branch not found")
        return self.branches[id]

    def create(self, sent: Json) -> tuple[Branch, list[Operation]]:
        self.refuse_busy()
        wanted = sent.get("branch", {})
        parent, expires_at = self.branch(wanted["parent_id"]), self._expiry(wanted)
        if wanted["name"] in {branch.name for branch in self.branches.values()}:
            raise Refusal(409, "branch with the provided name already exists")
        if parent.expires_at:
            raise Refusal(422, "a branch that expires can have no children")
        branch = Branch(f"br-{secrets.token_hex(4)}", wanted["name"], f"br_{secrets.token_hex(4)}", self.now(), parent)
        branch.expires_at, branch.compute = expires_at, bool(sent.get("endpoints"))
        branch.state = "init" if self.looks else "ready"
        branch.lsn = self._copy(parent.physical, branch.physical)
        self.branches[branch.id] = branch
        actions = ["create_branch", "start_compute"] if branch.compute else ["create_branch"]
        started = [Operation(action, branch, self.looks, fails=self.fails) for action in actions]
        self.operations += started
        return branch, started

    def delete(self, branch: Branch) -> list[Operation]:
        self.refuse_busy()
        if branch.default or branch.protected or branch.parent is None:
            raise Refusal(422, "the branch is default, protected or the root")
        if any(other.parent is branch for other in self.branches.values()):
            raise Refusal(422, "the branch has children")
        self._drop(branch)
        started = [Operation("delete_timeline", branch, self.looks)]
        self.operations += started
        return started

    def uri(self, asked: Mapping[str, str]) -> str:
        branch = self.branch(asked["branch_id"])
        if not branch.compute or branch.state != "ready":
            raise Refusal(404, "endpoint not found")
        if (asked["database_name"], asked["role_name"]) != (self.database, OWNER) or asked.get("pooled") == "true":
            raise Refusal(404, "database or role not found")
        return self.server.url(OWNER, branch.physical)

    def _expiry(self, wanted: Json) -> datetime | None:
        if not self.early or wanted.get("expires_at") is None:
            return None
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", wanted["expires_at"]):
            raise Refusal(400, "expires_at must be an RFC 3339 timestamp")
        expires_at = datetime.strptime(wanted["expires_at"], _TIME).replace(tzinfo=UTC)
        if not self.now() < expires_at <= self.now() + _LONGEST:
            raise Refusal(422, "expires_at must be in the future, and at most 30 days ahead")
        return expires_at

    def _copy(self, source: str, target: str) -> str:
        """The place in the history. Neon does not mind that others are connected to the source; PostgreSQL does, after
        five seconds."""
        with self.server.admin() as admin:
            if admin.execute("SELECT FROM pg_stat_activity WHERE datname = %s", (source,)).fetchone() is None:
                admin.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}" OWNER {OWNER}')
            else:
                admin.execute(f'CREATE DATABASE "{target}" OWNER {OWNER}')
                self._pour(source, target)
            found = admin.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        assert found is not None
        return str(found[0])

    def _pour(self, source: str, target: str) -> None:
        folder = self.server.installation.bin
        where = ("-h", "127.0.0.1", "-p", str(self.server.port), "-U", "postgres")
        known = {**os.environ, "PGPASSWORD": PASSWORD}
        dump = subprocess.run((folder / "pg_dump", *where, source), env=known, check=True, capture_output=True)
        subprocess.run((folder / "psql", *where, "-q", target), env=known, check=True, input=dump.stdout, stdout=-3)

    def _drop(self, branch: Branch) -> None:
        del self.branches[branch.id]
        with self.server.admin() as admin:
            admin.execute(f'DROP DATABASE "{branch.physical}" WITH (FORCE)')
