"""The nouns of the GitHub side, frozen: what work there is, and what stands in the check run."""

from __future__ import annotations

import enum
from dataclasses import dataclass

# ---------------------------------------------------------------- work


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository as an installation sees it. `id` is for ever; `name` (owner/name) and `installation` may change."""

    id: int
    name: str
    installation: int


@dataclass(frozen=True, slots=True)
class Touch:
    """A person's hand on one box: by editing our comment, or by a command. `source`: the delivery's GUID or the
    command's comment, so that the same touch told twice counts once. at: UTC, 2026-01-31T12:00:00Z. item: its id.

    done_at: the commit at which our own command saw to it, "" for people's touches: item is then a kind, and counts for
    the items of this kind as long as the commit is the head."""

    item: str
    ticked: bool
    login: str
    at: str
    source: str
    because: str = ""
    done_at: str = ""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Bring a pull request's check and comment up to date with everything. touches: what a delivery adds to it."""

    repo: Repo
    number: int
    touches: tuple[Touch, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """A comment that holds commands. at: when it was written, UTC."""

    repo: Repo
    number: int
    comment: int
    login: str
    at: str
    body: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """Somebody pressed Re-run: review again, whatever is remembered. A fork's payload names no pull request, so the
    commit counts; `number` is what our own external_id says, when it says so."""

    repo: Repo
    sha: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class BaseMoved:
    """A branch was pushed to; pull requests into it may stand on another history now."""

    repo: Repo
    branch: str


@dataclass(frozen=True, slots=True)
class Group:
    """A merge group asks for its checks."""

    repo: Repo
    head: str
    head_ref: str
    base: str
    base_ref: str


@dataclass(frozen=True, slots=True)
class GroupGone:
    """A merge group was merged, or given up."""

    repo: Repo
    head: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """Look at all open pull requests of an installation for what was missed; 0 stands for every installation."""

    installation: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Ask GitHub for deliveries of ours that failed, and for them again. forgetful: our memory of what was done is
    gone, so that recent deliveries are wanted again even if we once accepted them."""

    forgetful: bool = False


@dataclass(frozen=True, slots=True)
class Operate:
    """Do something to an environment, as a command in a comment asks. act: the command's name. arguments: behind the
    environment's name. at: when it was written, UTC."""

    repo: Repo
    number: int
    comment: int
    login: str
    at: str
    environment: str
    act: str
    arguments: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class OnCopy:
    """Take the measurements of a pull request once more, on a copy of real data."""

    repo: Repo
    number: int
    environment: str


@dataclass(frozen=True, slots=True)
class Landed:
    """See which environments a merged pull request has reached, by whatever hands."""

    repo: Repo
    number: int


@dataclass(frozen=True, slots=True)
class Drift:
    """Compare an environment with what its migrations build, as its schedule has it."""

    repo: Repo
    environment: str


Work = Refresh | Ask | Rerun | BaseMoved | Group | GroupGone | Sweep | Replay | Operate | OnCopy | Landed | Drift


# ---------------------------------------------------------------- what stands in the check run


class Verdict(enum.StrEnum):
    """What a pull request's section of a check run comes to, the worst last."""

    SUCCESS = "success"
    ACTION_REQUIRED = "action_required"
    FAILURE = "failure"

    @property
    def badness(self) -> int:
        """For max()."""
        return tuple(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Row:
    """What is recorded of one item: ticked by `login` (migration-bot for the machine's own) at a time and a commit, or
    open. note: why it is open again, or why a tick was refused; plain text."""

    item: str
    label: str
    ticked: bool
    login: str = ""
    at: str = ""
    commit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A pull request's part of the check run of its head: two pull requests may share one commit."""

    number: int
    verdict: Verdict
    rows: tuple[Row, ...] = ()
