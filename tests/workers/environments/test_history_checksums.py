"""Checksums as the runners compute them; the numbers are from their own tests, or from their own programs."""

from __future__ import annotations

import pytest

from workers.environments.history.checksum import any_line_ends, checksum, crc32, sha1, sha384
from workers.environments.history.refinery import REFINERY
from workers.environments.history.siphash import siphash_1_3
from workers.environments.history.supabase import statements
from workers.environments.model import Entry
from workers.model import Migration, Transaction

CARS = "CREATE TABLE cars (\n    id int,\n    name varchar(255)\n);\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("\ufeffCREATE TABLE a (id int);\r\nSELECT 'ü';\n\nSELECT 2", -1276856114),
        ("a\rb\n", -1635563411),
        ("SELECT 1;\n", 78787420),
        ("SELECT 1;", 78787420),
    ],
)
def test_flyways_is_of_lines(text: str, expected: int) -> None:
    """Java's CRC32 over BufferedReader.readLine()."""
    assert crc32(text) == str(expected)


def test_siphash_of_nothing() -> None:
    """https://github.com/jedisct1/rust-siphash and Rust's SipHasher13::new().finish()."""
    assert siphash_1_3(b"") == 0xD1FBA762150C532C
    assert len({siphash_1_3(b"x" * size) for size in range(40)}) == 40


@pytest.mark.parametrize("stored", ["8238603820526370208", "5394706226941044339"])
def test_refinerys_of_a_version_of_four_bytes_or_of_eight(stored: str) -> None:
    """https://github.com/rust-db/refinery/blob/main/refinery/tests/postgres.rs"""
    migration = Migration("V2__add_cars_table", "m/V2__add_cars_table.sql", CARS, Transaction.FILE)
    entry = Entry("2", migration.id, stored, None, failed=False)
    assert REFINERY.same(entry, migration)
    edited = Migration(migration.id, migration.path, CARS.replace("255", "254"), Transaction.FILE)
    assert not REFINERY.same(entry, edited)


def test_digests() -> None:
    """Of nothing: FIPS 180-4."""
    assert checksum("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha1("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    assert sha384("").startswith("38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743")


def test_line_ends() -> None:
    for text in ("a\nb\n", "a\r\nb\r\n"):
        assert any_line_ends(text, sha1("a\nb\n"), sha1)
        assert any_line_ends(text, sha1("a\r\nb\r\n"), sha1)
        assert not any_line_ends(text, sha1("a\nb"), sha1)


def test_supabase_cuts_a_file_at_its_semicolons() -> None:
    text = "-- a; b\n/* c; */ SELECT 1 -- d\n;\n\n;-- between\n;\nSELECT 'x;y';;\n-- end\n"
    assert list(statements(text)) == ["-- a; b\n/* c; */ SELECT 1 -- d", "-- between", "SELECT 'x;y'", "-- end"]
    assert list(statements("")) == list(statements(" ;\n; ")) == []
    body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END"
    assert list(statements(f"{body};\nDO $$BEGIN NULL; END$$")) == [body, "DO $$BEGIN NULL; END$$"]
