from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.environments.history import PRISMA, Diagnosis, diagnose
from workers.environments.history.checksum import checksum
from workers.environments.model import Entry, EntryState
from workers.model import Migration, Transaction

THEN = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO, THREE = (Migration(name, name, f"-- {name}\n", Transaction.SIMPLE_QUERY) for name in ("1", "2", "3"))


def applied(migration: Migration, **fields: object) -> Entry:
    return replace(Entry(migration.id, migration.id, checksum(migration.text), THEN, THEN), **fields)  # type: ignore[arg-type]


def failed(migration: Migration) -> Entry:
    return applied(migration, finished_at=None, steps=0)


def rolled_back(entry: Entry) -> Entry:
    return replace(entry, rolled_back_at=THEN)


def test_nothing_is_there() -> None:
    nothing = Diagnosis((), (), (), (), (), (), ())
    assert diagnose(None, (), PRISMA) == nothing
    assert diagnose((), (), PRISMA) == nothing
    assert diagnose((), (ONE, TWO), PRISMA) == replace(nothing, pending=(ONE, TWO))


def test_all_is_applied() -> None:
    entries = (applied(ONE), applied(TWO))
    assert diagnose(entries, (ONE, TWO), PRISMA) == Diagnosis((), entries, (), (), (), (), ())


def test_one_of_each() -> None:
    entries = (rolled_back(applied(ONE)), failed(TWO), applied(THREE, steps=0), applied(replace(ONE, id="gone")))
    edited = replace(THREE, text="-- another\n")
    assert diagnose(entries, (ONE, TWO, edited), PRISMA) == Diagnosis(
        pending=(ONE,),
        applied=entries[2:],
        failed=(entries[1],),
        edited=("3",),
        missing=("gone",),
        out_of_order=("1",),
        stamped=("3",),
    )


def test_the_runners_order_decides_what_is_out_of_order() -> None:
    assert diagnose((applied(ONE),), (THREE, ONE, TWO), PRISMA).out_of_order == ("3",)
    assert diagnose((failed(ONE),), (THREE, ONE, TWO), PRISMA).out_of_order == ()


# ---------------------------------------------------------------- of every history

NAMES = st.lists(st.text("ab1_", min_size=1, max_size=3), unique=True, max_size=6)
STATES = st.lists(st.tuples(st.integers(0, 7), st.sampled_from(EntryState), st.booleans()), max_size=8)


@st.composite
def histories(draw: st.DrawFn) -> tuple[tuple[Entry, ...], tuple[Migration, ...]]:
    """Migrations in some order, and rows of them and of others."""
    migrations = tuple(replace(ONE, id=name, text=name) for name in draw(NAMES))
    entries = []
    for number, (place, state, same) in enumerate(draw(STATES)):
        migration = migrations[place] if place < len(migrations) else replace(ONE, id=f"gone {place}")
        entry = failed(migration) if state is EntryState.FAILED else applied(migration)
        entry = rolled_back(entry) if state is EntryState.ROLLED_BACK else entry
        entries.append(replace(entry, row=str(number), checksum=entry.checksum if same else "other"))
    return tuple(entries), migrations


@given(histories())
def test_every_migration_is_pending_or_has_a_row_that_counts(
    history: tuple[tuple[Entry, ...], tuple[Migration, ...]],
) -> None:
    entries, migrations = history
    found = diagnose(entries, migrations, PRISMA)
    begun = {entry.name for entry in (*found.applied, *found.failed)}
    assert found.pending == tuple(migration for migration in migrations if migration.id not in begun)
    assert {entry.row for entry in entries if entry.state is not EntryState.ROLLED_BACK} == {
        entry.row for entry in (*found.applied, *found.failed)
    }
    assert {*found.edited, *found.missing, *found.stamped} <= {entry.name for entry in found.applied}
    assert not {*found.edited} & {*found.missing}


@given(histories())
def test_what_was_rolled_back_is_as_if_it_had_never_been(
    history: tuple[tuple[Entry, ...], tuple[Migration, ...]],
) -> None:
    entries, migrations = history
    counting = tuple(entry for entry in entries if entry.state is not EntryState.ROLLED_BACK)
    assert diagnose(entries, migrations, PRISMA) == diagnose(counting, migrations, PRISMA)


@given(histories())
def test_out_of_order_is_pending_before_an_applied_one(
    history: tuple[tuple[Entry, ...], tuple[Migration, ...]],
) -> None:
    entries, migrations = history
    found = diagnose(entries, migrations, PRISMA)
    names = {entry.name for entry in found.applied}
    assert found.out_of_order == tuple(
        migration.id
        for place, migration in enumerate(migrations)
        if migration in found.pending and any(later.id in names for later in migrations[place:])
    )


# ---------------------------------------------------------------- checksums


def same(text: str, stored: str) -> bool:
    return PRISMA.same(replace(applied(ONE), checksum=stored), replace(ONE, text=text))


def test_a_checksum_is_over_the_text_as_it_is() -> None:
    assert checksum("hello") == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert checksum("a\r\n") == hashlib.sha256(b"a\r\n").hexdigest()
    assert (
        checksum(b"\xef\xbb\xbfSELECT '\xe9'".decode("utf-8", "replace"))
        == hashlib.sha256("\ufeffSELECT '\ufffd'".encode()).hexdigest()
    )


@pytest.mark.parametrize("stored", ["", "0" * 64, checksum("SELECT 1"), checksum("SELECT 1\n")[:-1]])
def test_another_text_is_not_the_same(stored: str) -> None:
    assert not same("SELECT 1\n", stored)


@given(st.text(), st.booleans())
def test_line_ends_and_missing_zeros_make_no_other_text(text: str, padded: bool) -> None:
    unix = text.replace("\r\n", "\n")
    windows = unix.replace("\n", "\r\n")
    for written in (unix, windows):
        digest = hashlib.sha256(written.encode()).digest()
        stored = digest.hex() if padded else "".join(f"{byte:x}" for byte in digest)
        assert same(unix, stored)
        assert same(windows, stored)
