"""What the shops of the estate are configured with, by the word that their names begin with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from tests.neon.world import KEY

MISTAKEN = "wrong-horse-battery"  # a password that no server takes; nothing may print it either

# What most stories need.
_SITE = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
timeouts = {{ lock_seconds = 0.2, lock_attempts = 2 }}
backup = {{ method = "pg_dump", target = "{backups}" }}
[{shop}.production]
kind = "production"
url = "{production}"
approvals = 0
force = ["maintain"]
lossy = ["maintain"]
backup = {{ method = "pg_dump", target = "{backups}" }}
"""

# Teams beside roles, and others for the flags than for the rest.
_GUARDED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
[{shop}.production]
kind = "production"
url = "{production}"
who = ["maintain", "@acme/dba"]
force = ["admin"]
lossy = ["admin", "@acme/dba"]
ticks = false
approvals = 0
"""

# Production as it is where nothing is said but who may force, and two places that are closed just now.
_RULED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
[{shop}.production]
kind = "production"
url = "{production}"
force = ["maintain"]
[{shop}.frozen]
kind = "test"
url = "{production}"
freezes = [{{ from = 2026-01-01T00:00:00Z, to = 2126-01-01T00:00:00Z, reason = "stocktaking" }}]
[{shop}.shut]
kind = "test"
url = "{production}"
windows = [{{ days = "{yesterday}", from = "10:00", to = "10:01", zone = "UTC" }}]
"""

# Only staging can be reached: a wrong password, a name that no server has, one without the TLS that the URL asks for.
_ASTRAY = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
backup = {{ method = "pg_dump", target = "{backups}" }}
[{shop}.mistaken]
kind = "staging"
url = "{mistaken}"
[{shop}.nowhere]
kind = "staging"
url = "{nowhere}"
[{shop}.open]
kind = "staging"
url = "{staging}?sslmode=require"
"""

_PINNED = """
[repositories."acme/{name}"]
id = 999999999
[{shop}.staging]
kind = "staging"
url = "{staging}"
"""

_COPIED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
rehearse = "url"
copy_url = "{copy}"
"""

_BRANCHED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
rehearse = "neon"
neon = {{ project = "shop", branch = "main", api_key = "{key}", api_url = "{neon}" }}
"""

# Compared unasked: one with an issue about it, one without; one that cannot be reached.
_WATCHED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
drift = {{ every_hours = 24 }}
[{shop}.production]
kind = "production"
url = "{production}"
drift = {{ every_hours = 1, issue = false }}
[{shop}.nowhere]
kind = "test"
url = "{nowhere}"
drift = {{ every_hours = 24 }}
"""

# Has another branch's migrations than the default one's.
_FOLLOWED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
path = "prisma"
drift = {{ every_hours = 24, branch = "develop" }}
"""

_FORKED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
backup = {{ method = "neon" }}
neon = {{ project = "shop", branch = "{name}", api_key = "{key}", api_url = "{neon}" }}
"""

# Two databases, each of a project of its own; and one of which nobody has said what it has.
_PARTED = """
[{shop}.staging]
kind = "staging"
url = "{staging}"
path = "prisma"
[{shop}.billing]
kind = "staging"
url = "{copy}"
path = "services/billing"
[{shop}.loose]
kind = "test"
url = "{production}"
"""

# How many of each: every test takes the next one. The Neon of these tests has one project, whose main branch is of
# branched-1; the branches that forked shops are configured with are for their tests to make.
CONFIGURED = {
    "site": (60, _SITE),
    "guarded": (4, _GUARDED),
    "ruled": (12, _RULED),
    "astray": (8, _ASTRAY),
    "pinned": (2, _PINNED),
    "copied": (6, _COPIED),
    "branched": (1, _BRANCHED),
    "forked": (3, _FORKED),
    "watched": (9, _WATCHED),
    "followed": (2, _FOLLOWED),
    "parted": (3, _PARTED),
}


def configured(kind: str, name: str, urls: Mapping[str, str], **more: object) -> str:
    """The tables of one shop. urls: of its databases. more: folder of the backups, address of Neon."""
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%a}"
    shop = f'repositories."acme/{name}".environments'
    return CONFIGURED[kind][1].format(shop=shop, name=name, yesterday=yesterday, key=KEY, **_astray(urls), **more)


def _astray(urls: Mapping[str, str]) -> Mapping[str, str]:
    """With addresses that lead nowhere (https://www.rfc-editor.org/rfc/rfc6761#section-6.4)."""
    url = urlsplit(urls["staging"])
    assert url.password is not None
    assert url.hostname is not None
    mistaken, nowhere = (
        url._replace(netloc=url.netloc.replace(*change)).geturl()
        for change in ((url.password, MISTAKEN), (url.hostname, "nowhere.invalid"))
    )
    return {**urls, "mistaken": mistaken, "nowhere": nowhere}
