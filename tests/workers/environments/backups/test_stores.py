"""Dumps in a bucket, over HTTP to a server that speaks S3."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from tests.redis_server import free_port
from tests.workers.environments.backups.conftest import Team, Watching, environment, restored
from workers.environments.backups import dumps, prune_dumps, take_dump
from workers.environments.backups.stores import store_of
from workers.errors import Cancelled, Refused, Unreachable
from workers.review import Machine

SECRET = "aws-secret-of-a-test"
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {
        "AWS_ENDPOINT_URL": s3_url, "AWS_ACCESS_KEY_ID": "key-of-a-test", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_MAX_ATTEMPTS": "1",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def client(aws: None) -> Iterator[Any]:
    with closing(boto3.client("s3")) as found:
        yield found


@pytest.fixture
def bucket(client: Any) -> str:
    name = f"backups-{next(_NUMBERS)}"
    client.create_bucket(Bucket=name)
    return name


def keys(client: Any, bucket: str) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def ignore(more_bytes: int) -> None:
    """Nobody watches."""


@pytest.mark.usefixtures("aws")
def test_an_empty_bucket(bucket: str) -> None:
    nothing = environment("postgresql://nobody@127.0.0.1:1/gone", f"s3://{bucket}")
    assert dumps(nothing) == ()
    assert prune_dumps(nothing, datetime.now(UTC)) == ()


@pytest.mark.campaign
@pytest.mark.parametrize("prefix", ["", "/", "/a/b", "/a/b/"])
def test_where_a_file_goes(client: Any, bucket: str, tmp_path: Path, prefix: str) -> None:
    store = store_of(environment("", f"s3://{bucket}{prefix}"))
    (tmp_path / "file").write_bytes(b"content")
    store.put(tmp_path / "file", "one.dump", ignore)
    key = f"{prefix.strip('/')}/acme/shop/staging/one.dump".lstrip("/")
    assert keys(client, bucket) == [key]
    assert store.place("one.dump") == f"s3://{bucket}/{key}"
    assert store.contents().sizes == {"one.dump": 7}


def test_a_dump_in_a_bucket(shop: str, bucket: str, client: Any, ground: Machine, watching: Watching) -> None:
    staging = environment(shop, f"s3://{bucket}/db")
    backup = take_dump(staging, "pr12", ground, watching)
    key = f"db/acme/shop/staging/{backup.name}"
    assert keys(client, bucket) == [key, f"{key}.json"]
    assert backup.where == f"s3://{bucket}/{key}"
    assert SECRET not in f"{backup}{watching.told}"
    assert backup.restore[:2] == (
        f"aws s3 cp s3://{bucket}/{key} .",
        f'pg_restore --clean --if-exists --no-owner --single-transaction -d "$DATABASE_URL" {backup.name}',
    )
    (kept,) = dumps(staging)
    assert (kept.name, kept.good, kept.bytes, kept.checks) == (backup.name, True, backup.bytes, backup.checks)


def test_what_was_fetched_comes_back(
    shop: str, team: Team, bucket: str, client: Any, ground: Machine, watching: Watching, tmp_path: Path
) -> None:
    backup = take_dump(environment(shop, f"s3://{bucket}", jobs=2), "pr1", ground, watching)
    client.download_file(bucket, backup.where.removeprefix(f"s3://{bucket}/"), str(tmp_path / backup.name))
    url = team.database()
    fetched = dataclasses.replace(backup, restore=backup.restore[1:])
    assert restored(fetched, url, tmp_path).stderr == ""
    assert team.count(url, "orders") == 1000


@pytest.mark.campaign
def test_pruning_leaves_other_peoples_files(bucket: str, client: Any) -> None:
    staging = environment("postgresql://nobody@127.0.0.1:1/gone", f"s3://{bucket}")
    mine = [f"acme/shop/staging/staging-2026010{day}-000000-pr1.dump" for day in (1, 2)]
    others = ["acme/shop/production/production-20260101-000000-pr1.dump", "acme/shop/staging/notes"]
    for key in (*mine, *others):
        client.put_object(Bucket=bucket, Key=key, Body=b"1")
    assert len(prune_dumps(staging, datetime.now(UTC))) == 2  # without manifests neither is good
    assert keys(client, bucket) == others


# ---------------------------------------------------------------- what goes wrong


def test_stopped_while_it_is_stored(bucket: str, client: Any, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(20 << 20))

    def stop(more_bytes: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        store_of(environment("", f"s3://{bucket}")).put(tmp_path / "large", "large.dump", stop)
    assert keys(client, bucket) == []
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


@pytest.mark.usefixtures("aws")
def test_no_such_bucket(shop: str, ground: Machine, watching: Watching) -> None:
    staging = environment(shop, "s3://nobody-has-this")
    for act in (lambda: take_dump(staging, "pr1", ground, watching), lambda: dumps(staging)):
        with pytest.raises(Refused, match=r"^the backup bucket s3://nobody-has-this answered NoSuchBucket$"):
            act()


@pytest.mark.usefixtures("aws")
def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match=r"^the backup bucket s3://any cannot be used: EndpointConnectionError$"):
        dumps(environment("", "s3://any"))


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("how", ["none", "no such profile"])
def test_no_credentials(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    if how == "no such profile":
        monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Refused, match=r"^the backup bucket s3://any cannot be used: (NoCredentials|ProfileNotFound)"):
        dumps(environment("", "s3://any"))


@pytest.mark.usefixtures("aws")
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(Refused, match=r"^backups to s3:// need the Python package boto3: "):
        dumps(environment("", "s3://any"))
