"""Where dumps are kept: a folder, or a bucket that speaks S3."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workers.environments.backups.kept import MANIFEST
from workers.environments.model import Environment
from workers.errors import Refused, Unreachable

_PARTIAL = ".migration-bot-partial-"
_LEFT_S = 86_400.0  # longer than any command may take
_S3 = "s3://"
# What a bucket answers when trying again later may help
# (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
_PASSING = frozenset({"InternalError", "RequestTimeout", "RequestTimeTooSkewed", "ServiceUnavailable", "SlowDown"})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Contents:
    """sizes: in bytes, of all files by name. manifests: what those say that are some."""

    sizes: Mapping[str, int]
    manifests: Mapping[str, bytes]


class Store(Protocol):
    """One environment's dumps. All raise Refused and Unreachable."""

    def staging(self) -> contextlib.AbstractContextManager[Path]:
        """A folder to make a dump in, which is gone at the end with all that is in it."""

    def sweep(self) -> None:
        """Removes the staging folders of processes that died, after a day."""

    def put(self, local: Path, name: str, advance: Callable[[int], None]) -> None:
        """Keeps a file of the staging folder, whole or not at all. advance: told of so many bytes more; what it raises
        stops it."""

    def contents(self) -> Contents: ...

    def delete(self, name: str) -> None: ...

    def place(self, name: str) -> str:
        """Where a file is, for people."""

    def fetching(self, name: str) -> tuple[tuple[str, ...], str]:
        """The shell commands that bring a file here, and its path then, quoted."""


def store_of(environment: Environment) -> Store:
    """The store that the environment's plan names. Raises Refused."""
    target = environment.backup.target
    if not target:
        raise Refused(f"backups of {environment.name} have no place to go: backup.target is not set")
    below = f"{environment.repository}/{environment.name}"
    if not target.startswith(_S3):
        return Folder(Path(target) / below)
    bucket, _, prefix = target.removeprefix(_S3).partition("/")
    return Bucket(bucket, f"{prefix.rstrip('/')}/{below}/".lstrip("/"))


# ---------------------------------------------------------------- a folder


@dataclass(frozen=True, slots=True)
class Folder:
    """Only we may enter it: dumps hold all that the database holds."""

    path: Path

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """In the folder itself, so that what is done only has to be renamed."""
        with _named(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _staging(self.path) as made:
            yield made

    def sweep(self) -> None:
        _sweep(self.path)

    def put(self, local: Path, name: str, advance: Callable[[int], None]) -> None:
        with _named(self.path):
            _flush(local)
            local.rename(self.path / name)
            _flush(self.path)

    def contents(self) -> Contents:
        with _named(self.path):
            files = [found for found in self.path.iterdir() if found.is_file()] if self.path.exists() else []
            return Contents(
                {file.name: file.stat().st_size for file in files},
                {file.name: file.read_bytes() for file in files if file.suffix == MANIFEST},
            )

    def delete(self, name: str) -> None:
        with _named(self.path):
            (self.path / name).unlink(missing_ok=True)

    def place(self, name: str) -> str:
        return str(self.path / name)

    def fetching(self, name: str) -> tuple[tuple[str, ...], str]:
        return (), shlex.quote(self.place(name))


@contextlib.contextmanager
def _named(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        if failed.errno in _FULL:
            raise Unreachable(full(str(folder))) from failed
        raise Unreachable(f"the backup folder {folder} cannot be used: {failed.strerror}") from failed


@contextlib.contextmanager
def _staging(parent: Path) -> Iterator[Path]:
    with _named(parent), tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=parent) as made:
        yield Path(made)


def _sweep(parent: Path) -> None:
    """A process that died could not remove its staging folder."""
    with _named(parent):
        for left in parent.glob(f"{_PARTIAL}*"):
            found = left.stat()
            if found.st_uid == os.geteuid() and time.time() - found.st_mtime > _LEFT_S:
                shutil.rmtree(left)


def full(place: str) -> str:
    """The sentence about a place where nothing more can be written."""
    return f"the disk that holds {place} is full: the new backup is not kept, older ones are as they were"


def _flush(path: Path) -> None:
    """What is said to be kept outlives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------- a bucket


@dataclass(frozen=True, slots=True)
class Bucket:
    """Address, region and credentials come the way they do for every AWS program: AWS_ENDPOINT_URL, AWS_REGION,
    AWS_ACCESS_KEY_ID, profiles, the instance's role
    (https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html). prefix: ends with a slash."""

    name: str
    prefix: str

    def staging(self) -> contextlib.AbstractContextManager[Path]:
        return _staging(Path(tempfile.gettempdir()))

    def sweep(self) -> None:
        _sweep(Path(tempfile.gettempdir()))

    def put(self, local: Path, name: str, advance: Callable[[int], None]) -> None:
        # upload_file would leave the file open where it fails.
        with self._client() as client, local.open("rb") as file:
            client.upload_fileobj(file, self.name, self.prefix + name, Callback=advance)

    def contents(self) -> Contents:
        with self._client() as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
            sizes = {one["Key"].removeprefix(self.prefix): one["Size"] for p in pages for one in p.get("Contents", ())}
            return Contents(sizes, {name: self._read(client, name) for name in sizes if name.endswith(MANIFEST)})

    def _read(self, client: Any, name: str) -> bytes:
        with contextlib.closing(client.get_object(Bucket=self.name, Key=self.prefix + name)["Body"]) as body:
            return bytes(body.read())

    def delete(self, name: str) -> None:
        with self._client() as client:
            client.delete_object(Bucket=self.name, Key=self.prefix + name)

    def place(self, name: str) -> str:
        return f"{_S3}{self.name}/{self.prefix}{name}"

    def fetching(self, name: str) -> tuple[tuple[str, ...], str]:
        return (f"aws s3 cp {shlex.quote(self.place(name))} .",), shlex.quote(name)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            from boto3.session import Session  # type: ignore[import-untyped]  # the optional extra
            from botocore import config, exceptions  # type: ignore[import-untyped]
        except ImportError as missing:
            raise Refused("backups to s3:// need the Python package boto3: migration-bot[s3]") from missing
        with contextlib.ExitStack() as stack:
            try:
                settings = config.Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard"})
                yield stack.enter_context(contextlib.closing(Session().client("s3", config=settings)))
            except (exceptions.BotoCoreError, exceptions.ClientError) as failed:
                raise self._said(failed) from failed

    def _said(self, failed: Exception) -> Refused | Unreachable:
        """Without what the bucket wrote beside its code, which may name the key."""
        answer = getattr(failed, "response", None)
        where = f"the backup bucket {_S3}{self.name}"
        if answer is None:
            what = type(failed).__name__
            kind = Refused if "Credentials" in what or "Profile" in what else Unreachable
            return kind(f"{where} cannot be used: {what}")
        code, status = answer["Error"]["Code"], answer["ResponseMetadata"].get("HTTPStatusCode", 0)
        kind = Unreachable if code in _PASSING or status >= 500 else Refused
        return kind(f"{where} answered {code}")
