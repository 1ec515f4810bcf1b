from __future__ import annotations

import pytest

from bot.errors import NotFound, RateLimited, Retryable
from bot.github.client import Client
from bot.github.comments import (
    MARKER,
    comment,
    conclude,
    edit_reply,
    ensure_comment,
    find,
    is_answered,
    notice,
    reactions,
    reply,
)
from tests.bot.github.scripted import Answer, Scripted
from tests.github.acts_talk import typed
from tests.github.faults import lost_response, secondary_limit
from tests.github.state import Pull, Repo
from tests.github.world import World

BODY = f"{MARKER}\nTwo items are open.\n"


@pytest.fixture
def pull(world: World, shop: Repo) -> Pull:
    world.allow(shop, "ann", "write")
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"}, by="ann")
    return world.open_pull(shop, "feature", "ann")


def ensure(client: Client, pull: Pull, body: str = BODY, known: int | None = None) -> int:
    return ensure_comment(client, pull.number, known, body).id


def bodies(world: World, pull: Pull) -> list[str]:
    return [one.body for one in world.bot_comments(pull)]


def test_no_comments(here: Client, pull: Pull) -> None:
    assert find(here, pull.number) == ()


def test_nothing_is_written_when_it_says_so_already(world: World, here: Client, pull: Pull) -> None:
    known = ensure(here, pull)
    before = world.writes()
    assert {ensure(here, pull), ensure(here, pull, known=known)} == {known}
    world.bot_comments(pull)[0].body = BODY.replace("\n", "\r\n").rstrip()  # as a browser saves it
    assert ensure(here, pull, known=known) == known
    assert world.writes() == before


def test_the_comment_as_it_is_read(here: Client, pull: Pull) -> None:
    made = comment(here, ensure(here, pull))
    assert (made.body, made.login, made.app_id) == (BODY, "migration-bot[bot]", here.app_id)
    assert find(here, pull.number) == (made,)


@pytest.mark.parametrize("remembered", [True, False])
def test_one_comment_is_edited(remembered: bool, world: World, here: Client, pull: Pull) -> None:
    first = ensure(here, pull)
    assert ensure(here, pull, f"{MARKER} other", first if remembered else None) == first
    assert bodies(world, pull) == [f"{MARKER} other"]


def test_a_person_who_writes_our_marker(world: World, here: Client, pull: Pull) -> None:
    forged = world.comment("ann", pull, BODY)
    words = typed(BODY)
    assert find(here, pull.number) == ()
    ensure(here, pull, known=forged.id)
    assert (forged.body, bodies(world, pull)) == (words, [BODY])


def test_a_deleted_comment_comes_back(world: World, here: Client, pull: Pull) -> None:
    first = ensure(here, pull)
    world.delete_comment("ann", world.bot_comments(pull)[0])
    assert ensure(here, pull, known=first) != first
    assert bodies(world, pull) == [BODY]


def test_an_edited_comment_is_restored(world: World, here: Client, pull: Pull) -> None:
    first = ensure(here, pull)
    world.edit_comment("ann", world.bot_comments(pull)[0], "nothing to see here")
    assert ensure(here, pull, known=first) == first
    assert bodies(world, pull) == [BODY]


def test_it_is_found_behind_many_others(world: World, here: Client, pull: Pull) -> None:
    for number in range(101):
        world.comment("ann", pull, f"words {number}")
    first = ensure(here, pull)
    assert ensure(here, pull) == first


def test_duplicates_are_healed(world: World, here: Client, pull: Pull) -> None:
    """Two processes that found nothing both create: the lowest id stays."""
    world.meanwhile("POST", "/comments$", lambda: here.post(f"issues/{pull.number}/comments", {"body": "x" + BODY}))
    kept = ensure(here, pull)
    (there,) = world.bot_comments(pull)
    assert (there.id, there.body) == (kept, BODY)


def test_a_lost_reply_makes_no_second_comment(world: World, here: Client, pull: Pull) -> None:
    world.fail("POST", "/comments$", lost_response())
    with pytest.raises(Retryable):
        ensure(here, pull)
    ensure(here, pull)
    assert bodies(world, pull) == [BODY]


def test_a_limit_on_content(world: World, here: Client, pull: Pull) -> None:
    world.fail("POST", "/comments$", secondary_limit(60))
    with pytest.raises(RateLimited) as caught:
        ensure(here, pull)
    assert round(caught.value.after_s) == 60
    assert bodies(world, pull) == []


# ---------------------------------------------------------------- replies, reactions


def test_one_reply_to_each_comment(world: World, here: Client, pull: Pull) -> None:
    asked = [world.comment("ann", pull, "/migrate help").id for _ in range(2)]
    for body in ("first", "second", "second"):
        for one in asked:
            reply(here, pull.number, one, body)
    assert bodies(world, pull) == [f"<!-- migration-bot:reply {one} -->\nsecond" for one in asked]


def test_a_reply_is_not_the_comment(world: World, here: Client, pull: Pull) -> None:
    reply(here, pull.number, 1, "words")
    ensure(here, pull)
    assert len(bodies(world, pull)) == 2


def test_a_reply_is_edited(world: World, here: Client, pull: Pull) -> None:
    known = reply(here, pull.number, 1, "going on")
    edit_reply(here, known.id, 1, "gone on")
    reply(here, pull.number, 1, "done")
    assert bodies(world, pull) == ["<!-- migration-bot:reply 1 -->\ndone"]


@pytest.mark.parametrize(("done", "last"), [(True, "rocket"), (False, "confused")])
def test_reactions(world: World, here: Client, pull: Pull, done: bool, last: str) -> None:
    asked = world.comment("ann", pull, "/migrate help").id
    assert reactions(here, asked) == ()
    notice(here, asked)
    notice(here, asked)
    assert not is_answered(here, asked)
    conclude(here, asked, done=done)
    assert [one.content for one in reactions(here, asked)] == ["eyes", last]
    assert is_answered(here, asked)


def test_reactions_of_others(client: Client, github: Scripted) -> None:
    path = "/repos/octo/shop/issues/comments/1/reactions"
    logins = ("migration-bot", "migration-bot[bot]", None)
    told = [{"id": n, "content": "eyes", "user": login and {"login": login}} for n, login in enumerate(logins)]
    github.on("GET", "/app", Answer(json={"slug": "migration-bot"}))
    github.on("GET", path, Answer(json=told))
    assert [one.id for one in reactions(client, 1)] == [1]


def test_reactions_to_a_comment_that_is_gone(here: Client, pull: Pull) -> None:
    with pytest.raises(NotFound):
        notice(here, 999_999)
