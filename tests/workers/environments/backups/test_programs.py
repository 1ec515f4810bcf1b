"""Which pg_dump is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.environments.backups.programs import Programs, find_programs
from workers.errors import Refused


def client(folder: Path, version: str, *, restore: bool = True) -> Path:
    """A pg_dump that can say its version, and no more."""
    folder.mkdir()
    for name in ("pg_dump", "pg_restore")[: 1 + restore]:
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Debian {version}-1.pgdg12+1)'\n")
        (folder / name).chmod(0o755)
    return folder


def test_one_as_new_as_the_server(tmp_path: Path) -> None:
    folder = client(tmp_path / "97", "97.2")
    expected = Programs(folder / "pg_dump", folder / "pg_restore", "97.2")
    assert find_programs(None, 97, (folder,)) == expected
    assert expected.major == 97


def test_the_nearest_to_the_server_is_taken(tmp_path: Path) -> None:
    folders = [client(tmp_path / number, f"{number}.1") for number in ("95", "99", "97", "98")]
    assert find_programs(None, 97, folders).version == "97.1"
    assert find_programs(None, 96, folders).version == "97.1"


def test_the_one_that_is_named_is_taken(tmp_path: Path) -> None:
    folder = client(tmp_path / "99", "99.0")
    assert find_programs(folder / "pg_dump", 97, (client(tmp_path / "97", "97.0"),)).version == "99.0"


def test_none_is_new_enough(tmp_path: Path) -> None:
    folder = client(tmp_path / "15", "15.3")
    with pytest.raises(Refused) as refused:
        find_programs(None, 97, (folder,))
    said = str(refused.value)
    assert said.startswith("PostgreSQL 97 needs pg_dump 97 or newer; found 15.3 at " + str(folder / "pg_dump"))
    assert said.endswith(": install postgresql-client-97, or name one with backup.pg_dump")


def test_the_named_one_is_too_old(tmp_path: Path) -> None:
    named = client(tmp_path / "15", "15.3") / "pg_dump"
    with pytest.raises(Refused, match=f"^PostgreSQL 17 needs pg_dump 17 or newer; found 15.3 at {named}: install"):
        find_programs(named, 17)


@pytest.mark.parametrize("kind", ["missing", "no program", "alone", "no version"])
def test_the_named_one_is_none(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "bin"
    match kind:
        case "missing":
            folder.mkdir()
        case "no program":
            client(folder, "17.1")
            (folder / "pg_dump").chmod(0o644)
        case "alone":
            client(folder, "17.1", restore=False)
        case _:
            client(folder, "seventeen")
    with pytest.raises(Refused, match="pg_dump is not a pg_dump with a pg_restore beside it"):
        find_programs(folder / "pg_dump", 17)
