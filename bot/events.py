"""The fields of GitHub's payloads that we read, checked where they enter; everything else in them is not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bot.errors import BadDelivery
from bot.model import Repo


def _utc(text: str) -> str:
    """As the nouns have it: 2026-01-31T12:00:00Z."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Time = Annotated[str, AfterValidator(_utc)]


class _Fields(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Numbered(_Fields):
    """Anything of which only the id matters: an installation, an app, a comment's author."""

    id: int


class Sender(_Fields):
    """Whoever did it. type: User, Bot or Organization."""

    id: int
    login: str
    type: str

    @property
    def is_person(self) -> bool:
        return self.type != "Bot"


class _Repository(_Fields):
    id: int
    full_name: Annotated[str, Field(pattern=r"^(?-u:[\w-]+/[\w.-]*[\w-][\w.-]*)$")]


class _InRepository(_Fields):
    repository: _Repository
    installation: Numbered

    @property
    def repo(self) -> Repo:
        return Repo(self.repository.id, self.repository.full_name, self.installation.id)


class _Was(_Fields):
    text: str = Field(alias="from")


class _Changes(_Fields):
    base: Any = None
    body: _Was | None = None


class PullRequestEvent(_InRepository):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request"""

    number: int
    changes: _Changes = _Changes()


class _Issue(_Fields):
    number: int
    pull_request: Any = None


class _Comment(_Fields):
    id: int
    body: str
    created_at: Time
    updated_at: Time
    user: Numbered | None = None
    performed_via_github_app: Numbered | None = None


class IssueCommentEvent(_InRepository):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#issue_comment"""

    issue: _Issue
    comment: _Comment
    sender: Sender
    changes: _Changes = _Changes()

    @property
    def by_its_author(self) -> bool:
        return self.comment.user is not None and self.comment.user.id == self.sender.id

    def is_of(self, app_id: int) -> bool:
        """Whether an app wrote the comment. Its login says little: anybody may be called like it."""
        app = self.comment.performed_via_github_app
        return self.issue.pull_request is not None and app is not None and app.id == app_id


class _Run(_Fields):
    head_sha: Sha
    external_id: str | None = None
    app: Numbered | None = None


class _Button(_Fields):
    identifier: str


class CheckRunEvent(_InRepository):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run"""

    check_run: _Run
    requested_action: _Button | None = None


class _BaseOfPull(_Fields):
    repo: Numbered


class _Pull(_Fields):
    number: int
    base: _BaseOfPull


class _Suite(_Fields):
    head_sha: Sha
    app: Numbered | None = None
    pull_requests: Annotated[tuple[_Pull, ...], Field(strict=False)] = ()


class CheckSuiteEvent(_InRepository):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_suite"""

    check_suite: _Suite


class _MergeGroup(_Fields):
    head_sha: Sha
    head_ref: str
    base_sha: Sha
    base_ref: str


class MergeGroupEvent(_InRepository):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#merge_group"""

    merge_group: _MergeGroup


class PushEvent(_InRepository):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#push"""

    ref: str
    deleted: bool


class InstallationEvent(_Fields):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation"""

    installation: Numbered


Event = TypeVar("Event", bound=BaseModel)


def read(kind: type[Event], payload: Mapping[str, object]) -> Event:
    """Raises BadDelivery, 422, which names the fields that are not as documented, and none of their values."""
    try:
        return kind.model_validate(payload)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        fields = ", ".join(sorted({".".join(map(str, one["loc"])) for one in wrong}))
        raise BadDelivery(422, f"not a {kind.__name__}: {fields}") from None
