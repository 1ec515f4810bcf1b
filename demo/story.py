"""The story of one pull request: red, ticked, changed, partly reset, on staging, green, in production and back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from demo import shop
from demo.glance import MARGIN, Box, box_lines, boxes, check_lines, checklists, newest, reply_to, wrapped
from demo.town import Town, Trouble
from tests.github.state import Comment, Group, Pull, Run

_REVIEW_S = 60.0
_ANSWER_S = 30.0
_OPERATION_S = 60.0


@dataclass(slots=True)
class Story:
    """Each step acts, waits, and says what stands then. say: takes a line."""

    town: Town
    say: Callable[[str], None] = print
    _began: float = field(default_factory=time.monotonic)

    def play(self) -> None:
        """Raises Trouble at the first step that does not come out as it should."""
        pull = self.half_way()
        self.confirm_as_team(pull)
        self.push(pull)
        self.ack(pull)
        self.staging(pull)
        self.merge(pull)
        self.production(pull)

    def half_way(self) -> Pull:
        """Until the team has to say something."""
        pull = self.open()
        self.tick(pull, self.boxes_open(pull), shop.REVIEWER)
        return pull

    def open(self) -> Pull:
        self._step(f"{shop.AUTHOR.login} opens a pull request: {shop.LOYALTY.title}")
        pull = self.town.open_pull(shop.LOYALTY)
        first = self.town.wait("a check, even before the review", lambda: self._run(pull), _ANSWER_S)
        self._say_lines(check_lines(first))
        self._until_red(pull)
        self._say(pull, boxes(self.town, pull))
        return pull

    def tick(self, pull: Pull, ticked: Iterable[Box], by: shop.Person) -> None:
        """One click for each box."""
        wanted = {box.item for box in ticked}
        self._step(f"{by.login} ({by.about}) ticks all {len(wanted)} boxes")
        for item in wanted:
            self.town.github.tick(by.login, pull, item)
        refused = self.town.wait("the tick of what is for the team is refused", lambda: self._refused(pull), _ANSWER_S)
        self._until(pull, "failing", f"{len(refused)} of ")
        self._say(pull, refused)

    def confirm_as_team(self, pull: Pull) -> None:
        left = self.boxes_open(pull)
        self._step(f"{shop.DBA.login} ({shop.DBA.about}) ticks the one that is left")
        for box in left:
            self.town.github.tick(shop.DBA.login, pull, box.item)
        self._until(pull, "success", "all ")
        self._say(pull, ())

    def push(self, pull: Pull) -> None:
        change = shop.CHANGES[0]
        before = {box.item for box in boxes(self.town, pull) if box.ticked}
        self._step(f"{shop.AUTHOR.login} pushes: {change.title}")
        self.town.push(pull, change, shop.AUTHOR.login)
        self._until_red(pull)
        after = boxes(self.town, pull)
        opened = [box for box in after if not box.ticked]
        self._expect(all(box.was_reset for box in opened), "each open item says why it is open again")
        self._expect(any(box.item in before and box.by_person for box in after), "the other ticks stayed")
        self._say(pull, opened)

    def ack(self, pull: Pull) -> None:
        items = " ".join(box.item for box in self.boxes_open(pull) if not box.of_staging)
        self._command(pull, shop.REVIEWER, f"/migrate ack {items} because orders are few at night")
        self._until(pull, "failing", "1 of ")
        self._say(pull, [box for box in boxes(self.town, pull) if box.item in items])

    def staging(self, pull: Pull) -> None:
        """The rows there would break it; once they are mended, it goes there, and the box ticks itself."""
        self._command(pull, shop.AUTHOR, "/migrate staging", done=False)
        self._step(f"{shop.DBA.login} gives every product a description")
        self.town.live.describe_products()
        self._command(pull, shop.AUTHOR, "/migrate staging")
        self._until(pull, "success", "all ")
        self._say(pull, [box for box in boxes(self.town, pull) if box.of_staging])

    def production(self, pull: Pull) -> None:
        self._command(pull, shop.DBA, "/migrate production")
        self._command(pull, shop.DBA, "/migrate rollback production")

    def _command(self, pull: Pull, by: shop.Person, body: str, *, done: bool = True) -> None:
        """Waits for the end, and says the first line of the answer."""
        self._step(f"{by.login} comments: {body}")
        comment = self.town.github.comment(by.login, pull, body)
        reaction = "rocket" if done else "confused"
        self.town.wait(f"a {reaction} on the command", lambda: _has(comment, reaction), _OPERATION_S)
        if answer := reply_to(self.town, pull, comment):
            self._say_lines(wrapped(answer, "", MARGIN))

    def merge(self, pull: Pull) -> None:
        self._step(f"{shop.REVIEWER.login} presses: Merge when ready")
        group = self.town.github.queue(shop.REVIEWER.login, pull)
        self.town.wait("the merge group's check", lambda: group.reason, _REVIEW_S)
        self._expect(group.reason == "merged", f"the group is merged, not {group.reason}")
        self._expect(pull.merged_at is not None, "the pull request is merged")
        self._say_group(group)
        self._expect(len(checklists(self.town, pull)) == 1, "the bot has one checklist")

    def boxes_open(self, pull: Pull) -> tuple[Box, ...]:
        return tuple(box for box in boxes(self.town, pull) if not box.ticked)

    # ------------------------------------------------------------ waiting

    def _until_red(self, pull: Pull) -> None:
        self._until(pull, "failing", " open")
        run = self._run(pull)
        self._expect(run is not None and run.conclusion == "action_required", "action is required")

    def _until(self, pull: Pull, state: str, title: str) -> None:
        """Until the required check comes to that, with such a title, and the comment agrees."""

        def reached() -> bool:
            run = self._run(pull)
            stands = self.town.github.required_state(self.town.repo, pull.head_sha)
            drawn = boxes(self.town, pull)
            agree = bool(drawn) and all(box.ticked for box in drawn) is (state == "success")
            return stands == state and agree and run is not None and title in (run.title or "")

        try:
            self.town.wait(f"the required check to be {state}, with a title like '{title}'", reached, _REVIEW_S)
        except Trouble:
            self._say(pull, boxes(self.town, pull))
            raise

    def _run(self, pull: Pull) -> Run | None:
        return newest(self.town, pull.head_sha)

    def _refused(self, pull: Pull) -> tuple[Box, ...]:
        shown = self.boxes_open(pull)
        return shown if shown and all(box.was_refused for box in shown) else ()

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            raise Trouble(f"expected: {what}")

    # ------------------------------------------------------------ saying

    def _step(self, what: str) -> None:
        self.say("")
        self._say_lines(wrapped(what, f"{time.monotonic() - self._began:5.1f} s", MARGIN))

    def _say(self, pull: Pull, shown: Iterable[Box]) -> None:
        run = self._run(pull)
        self._say_lines([*(check_lines(run) if run else ()), *box_lines(shown)])

    def _say_group(self, group: Group) -> None:
        run = newest(self.town, group.head_sha)
        self._say_lines([*(check_lines(run) if run else ()), *wrapped("merged into main", "", MARGIN)])

    def _say_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.say(line)


def _has(comment: Comment, reaction: str) -> bool:
    return any(one.content == reaction for one in comment.reactions)
