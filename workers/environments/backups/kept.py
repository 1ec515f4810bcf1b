"""What a store holds: how a dump is named, and the manifest beside it, so that nobody asks a database to list them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pydantic

MANIFEST = ".json"  # after the dump's own name
_STAMP = "%Y%m%d-%H%M%S"
_NAME = re.compile(r"(?P<environment>.+)-(?P<stamp>\d{8}-\d{6})-[\w-]+\.dump(?:\.tar)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """A dump in a store. name: of its file. taken_at: aware. good: verified, and as many bytes as then; of one that is
    not, only name, time and bytes are known. server: its version. checks: what was verified, sentences."""

    name: str
    taken_at: datetime
    bytes: int
    good: bool
    label: str = ""
    server: str = ""
    tables: int = 0
    sha256: str = ""
    checks: tuple[str, ...] = ()


def name_of(environment: str, taken_at: datetime, label: str, *, packed: bool) -> str:
    """packed: a folder of pg_dump's, in one tar file."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", label) or "manual"
    return f"{environment}-{taken_at.astimezone(UTC).strftime(_STAMP)}-{plain}.dump{'.tar' if packed else ''}"


def manifest_of(kept: Kept) -> bytes:
    return _manifests().dump_json(kept, indent=2)


def kept_of(name: str, size_bytes: int, manifest: bytes | None) -> Kept | None:
    """What a file is, given its manifest. None: it is none of our dumps."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    kept = _read(manifest) if manifest is not None else None
    if kept and (kept.name, kept.bytes) == (name, size_bytes):
        return kept
    try:
        taken_at = datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Kept(name, taken_at, size_bytes, good=False)


def _read(manifest: bytes) -> Kept | None:
    try:
        return _manifests().validate_json(manifest)
    except ValueError:  # pydantic's errors are such
        return None


@functools.cache
def _manifests() -> pydantic.TypeAdapter[Kept]:
    import pydantic  # here, because it takes 70 ms to import, and few runs read or write a manifest

    return pydantic.TypeAdapter(Kept)
