"""Reviews of pull requests: people's words on a commit, which stay there when the head moves on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.github.state import Pull, Refused, State, User

_OWN = {"APPROVED": "approve", "CHANGES_REQUESTED": "request changes on"}


@dataclass(eq=False, repr=False, slots=True)
class Review:
    """state: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED."""

    id: int
    pull: Pull
    user: User
    state: str
    sha: str
    submitted_at: datetime = field(default_factory=lambda: datetime.now(UTC))


def submit(state: State, pull: Pull, user: User, verdict: str, sha: str) -> Review:
    """Raises Refused for an author who judges himself, and for who cannot read the repository, which is private
    (https://docs.github.com/en/rest/pulls/reviews#create-a-review-for-a-pull-request)."""
    if not pull.repo.may(user.login, "read"):
        raise Refused(404, "Not Found")
    if user is pull.author and verdict in _OWN:
        raise Refused(422, f"Unprocessable Entity: Can not {_OWN[verdict]} your own pull request")
    made = Review(state.next_id(), pull, user, verdict, sha)
    pull.repo.reviews[made.id] = made
    return made


def dismiss(review: Review, sender: User) -> None:
    """It stays where it is, and says so."""
    if not review.pull.repo.may(sender.login, "write"):
        raise Refused(403, "Must have write access to dismiss a review")
    if review.state == "COMMENTED":
        raise Refused(422, "Can not dismiss a commented pull request review")
    review.state = "DISMISSED"
