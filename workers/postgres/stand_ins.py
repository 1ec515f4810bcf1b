"""Extensions that a server is given where its own are missing: a control file and a script, so that it treats them as
any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FOLDER = Path(__file__).parent / "stand_in_scripts"


@dataclass(frozen=True, slots=True)
class StandIn:
    """script: the SQL that CREATE EXTENSION runs as the server's superuser, of our own writing. Empty: it passes over
    an extension whose objects somebody else has made. told: whether a report is to tell of it."""

    name: str
    version: str
    script: str
    told: bool = field(default=True, compare=False, repr=False)

    @property
    def same(self) -> bool:
        """Whether it does what the extension does."""
        return bool(self.script)


# Only where the behaviour is the same. Any role may create them, as it may the originals, which are trusted.
SAME: Mapping[str, StandIn] = {
    "uuid-ossp": StandIn("uuid-ossp", "1.1", (_FOLDER / "uuid-ossp.sql").read_text("utf-8")),
}


def passed_over(name: str) -> StandIn:
    """An extension without objects. name: what the policy allows, a file's name."""
    return StandIn(name, "1.0", "")


def write(stand_in: StandIn, folder: Path) -> None:
    """folder: a server's own share/extension, where other files of that name may stand.
    https://www.postgresql.org/docs/current/extend-extensions.html"""
    control = f"default_version = '{stand_in.version}'\nrelocatable = true\ntrusted = true\n"
    script = f"{stand_in.name}--{stand_in.version}.sql"
    for name, text in ((f"{stand_in.name}.control", control), (script, stand_in.script or "SELECT 1;\n")):
        path = folder / name
        path.unlink(missing_ok=True)  # a link to the original
        path.write_text(text, "utf-8")
