from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot import model
from bot.errors import Conflict, Forbidden, NotFound
from bot.github.client import App, Client
from bot.github.pulls import open_pulls
from tests.bot.github.scripted import Answer, Scripted
from tests.github.state import Repo
from tests.github.world import World


def test_nothing_installed(world: World, installed: App) -> None:
    assert installed.installations() == ()


def test_installations_and_their_repositories(world: World, shop: Repo, installed: App) -> None:
    other = world.create_repository("globex/site", {"x": "y"})
    ids = [world.installation(repo).id for repo in (shop, other)]
    assert list(installed.installations()) == ids
    assert installed.clients(ids[0]) == ()
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"})
    world.open_pull(shop, "feature", "acme")
    (client,) = installed.clients(ids[0])
    assert client.repo == model.Repo(shop.id, "acme/shop", ids[0])
    assert [pull.head_ref for pull in open_pulls(client)] == ["feature"]
    world.suspend(world.installation(other))
    assert list(installed.installations()) == ids[:1]
    with pytest.raises(Forbidden, match="suspended"):
        installed.client(model.Repo(other.id, "globex/site", ids[1])).token()


def test_more_repositories_than_a_page_without_archived_ones(app: App, github: Scripted) -> None:
    told = [{"id": n, "full_name": f"octo/{n}", "archived": n == 2} for n in range(1, 4)]
    there = {"Link": f'<{github.url}/api/v3/installation/repositories?page=2>; rel="next"'}
    first, second = ({"total_count": 3, "repositories": part} for part in (told[:2], told[2:]))
    github.on("GET", "/installation/repositories", Answer(json=first, headers=there), Answer(json=second))
    assert [one.repo for one in app.clients(5)] == [model.Repo(1, "octo/1", 5), model.Repo(3, "octo/3", 5)]


def test_installations_that_have_taken_our_permissions_back(world: World, shop: Repo, installed: App) -> None:
    world.accept_permissions(world.installation(shop), checks="none")
    assert installed.installations() == ()


def test_the_apps_name(world: World, installed: App) -> None:
    assert [installed.slug(), installed.slug()] == ["migration-bot"] * 2
    assert [one.path for one in world.requests()] == ["/app"]


def test_a_repository_that_was_renamed(world: World, shop: Repo, here: Client) -> None:
    world.rename(shop, "store")
    sha = world.push(shop, "feature", {"b.sql": "SELECT 2;\n"})
    assert open_pulls(here) == ()
    here.post("check-runs", {"name": "migrations", "head_sha": sha})
    assert len(world.checks(shop, sha)) == 1


def test_an_app_that_was_installed_again(world: World, shop: Repo, installed: App, here: Client) -> None:
    open_pulls(here)
    world.uninstall(world.installation(shop))
    world.install(shop)
    assert open_pulls(here) == ()
    assert installed.installation_of(here.repo) == world.installation(shop).id != here.repo.installation


def test_a_permission_that_is_accepted_under_way(world: World, shop: Repo, here: Client) -> None:
    """The token from before does not have it."""
    sha = world.push(shop, "feature", {"b.sql": "SELECT 2;\n"})
    world.accept_permissions(world.installation(shop), checks="none")
    with pytest.raises(Forbidden, match="needs the permission"):
        here.post("check-runs", {"name": "migrations", "head_sha": sha})
    world.accept_permissions(world.installation(shop), checks="write")
    here.post("check-runs", {"name": "migrations", "head_sha": sha})
    assert len(world.checks(shop, sha)) == 1


def test_a_repository_that_was_added_under_way(world: World, shop: Repo, installed: App) -> None:
    installation = world.installation(shop).id
    assert installed.clients(installation) == ()
    other = world.create_repository("acme/other", {"x": "y"})
    world.push(other, "feature", {"b.sql": "SELECT 2;\n"})
    world.open_pull(other, "feature", "acme")
    assert [one.repo.id for one in installed.clients(installation, changed=True)] == [other.id]


def test_a_repository_that_was_taken_away(world: World, shop: Repo, installed: App, here: Client) -> None:
    world.create_repository("acme/other", {"x": "y"})
    world.take_away(shop)
    with pytest.raises((NotFound, Conflict)):
        open_pulls(here)
    with pytest.raises(NotFound):
        installed.installation_of(here.repo)


def test_a_token_opens_one_repository(world: World, shop: Repo, here: Client) -> None:
    world.create_repository("acme/other", {"x": "y"})
    with pytest.raises(NotFound):
        here.get("/repos/acme/other/pulls")


def test_tokens_that_are_revoked_under_way(world: World, shop: Repo, here: Client) -> None:
    first = here.token()
    world.revoke_tokens(world.installation(shop))
    assert open_pulls(here) == ()
    assert here.token() != first


def test_deliveries(world: World, shop: Repo, installed: App) -> None:
    """Nobody listens, so none arrives."""
    world.push(shop, "feature", {"b.sql": "SELECT 2;\n"})
    world.hooks.settle()
    found = tuple(installed.deliveries(datetime.now(UTC) - timedelta(hours=1)))
    assert {one.event for one in found} >= {"installation", "push"}
    assert not any(one.arrived for one in found)
    assert [one.id for one in found] == sorted((one.id for one in found), reverse=True)
    installed.redeliver(found[0].id)
    world.hooks.settle()
    again = next(installed.deliveries(datetime.now(UTC) - timedelta(hours=1)))
    assert again.guid == found[0].guid
    assert again.id != found[0].id


def test_old_deliveries_are_not_fetched(app: App, github: Scripted) -> None:
    def told(number: int, at: str) -> dict[str, object]:
        return {"id": number, "guid": "g", "delivered_at": at, "status": "OK", "event": "push", "action": None}

    page = [told(3, "2026-01-03T00:00:00Z"), told(2, "2026-01-02T00:00:00Z"), told(1, "2026-01-01T00:00:00Z")]
    there = {"Link": f'<{github.url}/api/v3/app/hook/deliveries?cursor=v1_1>; rel="next"'}
    github.on("GET", "/app/hook/deliveries", Answer(json=page, headers=there))
    found = tuple(app.deliveries(datetime(2026, 1, 2, tzinfo=UTC)))
    assert [(one.id, one.arrived) for one in found] == [(3, True), (2, True)]
    assert len(github.asked) == 1
