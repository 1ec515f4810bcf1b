"""Which commits show a pull request as it would merge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workers.errors import Gone
from workers.mirror.copy import Copy


@dataclass(frozen=True, slots=True)
class Commits:
    """Full SHAs to review: what `head` does since `fork`, on top of `base`. merged: head is GitHub's test merge, not
    the pull request's own head."""

    base: str
    head: str
    fork: str
    merged: bool


def as_it_would_merge(
    copy: Copy, number: int, head: str, base_ref: str, merge_base: Callable[[str, str], str]
) -> Commits:
    """Fetches the tip of the base branch, and the test merge of it with `head`; `head` itself and the fork point where
    there is no such merge: the two conflict, or GitHub has not made it yet.

    base_ref: a branch's name. merge_base: asks GitHub for the best common ancestor of two SHAs, as the copy holds no
    history. Raises Gone when the branch or the head is no more, and what the copy raises.
    """
    branch, test_merge = f"refs/heads/{base_ref}", f"refs/pull/{number}/merge"
    found = copy.heads((branch, test_merge))
    base, merge = found.get(branch), found.get(test_merge)
    if base is None:
        raise Gone(f"{copy.server.url} has no branch {base_ref}", branch)
    if merge is not None and copy.repository.parents(merge) == (base, head):
        return Commits(base, merge, fork=base, merged=True)
    fork = merge_base(base, head)
    copy.fetch((head, fork))
    return Commits(base, head, fork, merged=False)
