"""What people do in these tests, without waiting for the product."""

from __future__ import annotations

from tests.conversations.conftest import DROP, INDEX, Shop
from tests.conversations.faults.quick import settle
from tests.github.state import Pull


def open_risky(shop: Shop, branch: str = "feature") -> Pull:
    """A pull request with two items or more to confirm, just opened."""
    github = shop.town.github
    github.push(shop.repo, branch, shop.migrations(m2_index=INDEX, m3_drop=DROP), by="ann", message=f"to {branch}")
    return github.open_pull(shop.repo, branch, "ann")


def opened(shop: Shop, branch: str = "feature") -> Pull:
    """The same, reviewed."""
    pull = open_risky(shop, branch)
    settle(shop.town)
    return pull


def push_docs(shop: Shop, text: str, branch: str = "feature") -> str:
    """A commit that leaves the migrations as they are."""
    return shop.town.github.push(shop.repo, branch, {"README.md": text}, by="ann")


def api(shop: Shop, path: str) -> str:
    """A pattern for the repository's own part of the API. path: a pattern, too."""
    return f"^/repos/{shop.repo.full_name}/{path}"
