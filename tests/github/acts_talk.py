"""What people say and press on a pull request: comments, boxes, Re-run, the buttons of a check."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.github import checks, comments, deployments, reviews, suites
from tests.github.deployments import Deployment
from tests.github.reviews import Review
from tests.github.state import Comment, Issue, Json, Pull, Repo, Run, State, Suite

_BOX = re.compile(r"(?P<before>\s*[-*+] \[)(?P<mark>[ xX])(?P<after>\] .*<!-- item:(?P<item>\S+) -->.*)")


def typed(text: str) -> str:
    """As a browser sends a text field: the API gives back these line ends
    (https://github.com/actions/runner/issues/1462, https://github.com/Mergifyio/mergify/pull/3822)."""
    return re.sub(r"\r?\n|\r", "\r\n", text)


class Talk:
    state: State

    def comment(self, login: str, pull: Pull | Issue, body: str) -> Comment:
        with self.state.lock:
            return comments.create(self.state, pull, self.state.user(login), typed(body))

    def edit_comment(self, login: str, comment: Comment, body: str) -> None:
        """Raises Refused for somebody else's comment without write access."""
        with self.state.lock:
            comments.edit(self.state, comment, self.state.user(login), typed(body))

    def delete_comment(self, login: str, comment: Comment) -> None:
        with self.state.lock:
            comments.delete(self.state, comment, self.state.user(login))

    def tick(self, login: str, pull: Pull, item: str, *, on: bool = True) -> None:
        """A click on the box in the line of the app's comment that holds <!-- item:ITEM -->. Raises LookupError when
        there is no such box, Refused when the login may not edit the comment."""
        with self.state.lock:
            for comment in self._of_the_app(pull):
                box = next((one for one in _boxes(comment.body) if one["item"] == item), None)
                if box:
                    clicked = f"{box['before']}{'x' if on else ' '}{box['after']}"
                    self.edit_comment(login, comment, comment.body.replace(box[0], clicked, 1))
                    return
        raise LookupError(f"#{pull.number}: no box for item {item}")

    def boxes(self, pull: Pull) -> dict[str, bool]:
        """What stands in the app's comment: item → ticked."""
        with self.state.lock:
            found = [box for comment in self._of_the_app(pull) for box in _boxes(comment.body)]
        return {box["item"]: box["mark"] != " " for box in found}

    def review(self, login: str, pull: Pull, verdict: str, sha: str = "") -> Review:
        """verdict: APPROVED, CHANGES_REQUESTED or COMMENTED, of the head or of another commit."""
        with self.state.lock:
            return reviews.submit(self.state, pull, self.state.user(login), verdict, sha or pull.head_sha)

    def dismiss(self, login: str, review: Review) -> None:
        with self.state.lock:
            reviews.dismiss(review, self.state.user(login))

    def deploy(self, login: str, repo: Repo, ref: str, environment: str) -> Deployment:
        """What another tool does, such as one that deploys the application: a deployment that succeeds."""
        with self.state.lock:
            creator = self.state.user(login)
            wanted: Json = {"ref": ref, "environment": environment, "auto_merge": False, "required_contexts": []}
            made = deployments.create(self.state, repo, wanted, creator)
            deployments.tell(self.state, made, {"state": "success"}, creator)
            return made

    def rerun(self, login: str, run: Run) -> None:
        """Presses Re-run on a check run."""
        with self.state.lock:
            checks.rerequest(self.state, run, self.state.user(login))

    def rerun_all(self, login: str, suite: Suite) -> None:
        """Presses Re-run all checks."""
        with self.state.lock:
            suite.reset = True
            suites.announce(self.state, suite, "rerequested", self.state.user(login))

    def press(self, login: str, run: Run, identifier: str) -> None:
        """Presses a button of a check run. Raises LookupError when it has no such button; they show on completed
        runs only."""
        with self.state.lock:
            there = [action["identifier"] for action in run.actions if run.status == "completed"]
            if identifier not in there:
                raise LookupError(f"{run.name}: {identifier} is not among {there}")
            action = {"identifier": identifier}
            checks.announce(self.state, run, "requested_action", self.state.user(login), requested_action=action)

    def days_pass(self, repo: Repo, days: float) -> None:
        """For its check runs; GitHub gives up what is not completed by the fourteenth."""
        with self.state.lock:
            checks.age(repo, timedelta(days=days))

    def other_app_reports(self, repo: Repo, sha: str, name: str, conclusion: str) -> Run:
        """A check run of an app that is not ours."""
        with self.state.lock:
            wanted: Json = {"name": name, "head_sha": sha, "conclusion": conclusion}
            return checks.create(self.state, repo, wanted, self.state.app_id + 1)

    def _of_the_app(self, pull: Pull) -> list[Comment]:
        return [one for one in pull.repo.comments.values() if one.pull is pull and one.by_app]


def _boxes(body: str) -> list[re.Match[str]]:
    found = map(_BOX.fullmatch, re.split(r"\r?\n", body))
    return [box for box in found if box]
