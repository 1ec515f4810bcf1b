"""How each layout writes a new migration and a way back: names that follow the newest one, markers, opting out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_NUMBER = re.compile(r"(?P<before>[VvUu]?(?:\d+[._])*)(?P<number>\d{4}-\d\d-\d\d-\d{6}|\d+)")
_TIMES = ("%Y%m%d%H%M%S", "%Y-%m-%d-%H%M%S")
_LONGEST = 60  # of the name that is repeated


@dataclass(frozen=True, slots=True)
class Form:
    """forward: the path of a new migration from the folder of its migrations, {} for its number and name. up, end: what
    stands above its SQL, and below. alone: what stands above where it is run outside a transaction; None where the
    runner cannot be told. down: how a migration's path becomes that of its way back; None where that is a section of
    the same file, or where there is none. section: what stands above the section."""

    forward: str
    up: str = ""
    end: str = ""
    alone: str | None = None
    down: tuple[re.Pattern[str], str] | None = None
    section: str | None = None


_FOLDER = (re.compile(r"[^/]*$"), "down.sql")
_BESIDE = (re.compile(r"\.up\.sql$"), ".down.sql")
# Without, their splitters would cut the body of a function at its semicolons.
_GOOSE = ("-- +goose StatementBegin\n", "-- +goose StatementEnd\n")
_SQL_MIGRATE = ("-- +migrate StatementBegin\n", "-- +migrate StatementEnd\n")
# Drizzle's journal, Atlas's sums, Sqitch's plan and Rails' Ruby tell of each migration a second time: no file alone is
# one there.
FORMS: Mapping[str, Form] = {
    # Since 7.4 it opens no transaction (https://github.com/prisma/prisma-engines/pull/5767).
    "prisma": Form("{}/migration.sql", "BEGIN;\n", "COMMIT;\n", alone=""),
    "plain": Form("{}.sql"),
    "flyway": Form("{}.sql"),
    "golang-migrate": Form("{}.up.sql", alone="", down=_BESIDE),
    "goose": Form(
        "{}.sql",
        up=f"-- +goose Up\n{_GOOSE[0]}",
        end=_GOOSE[1],
        alone="-- +goose NO TRANSACTION\n-- +goose Up\n",
        section=f"-- +goose Down\n{_GOOSE[0]}",
    ),
    "dbmate": Form("{}.sql", "-- migrate:up\n", alone="-- migrate:up transaction:false\n", section="-- migrate:down\n"),
    "sqlx": Form("{}.sql", alone="-- no-transaction\n", down=_BESIDE),
    "sql-migrate": Form(
        "{}.sql",
        up=f"-- +migrate Up\n{_SQL_MIGRATE[0]}",
        end=_SQL_MIGRATE[1],
        alone="-- +migrate Up notransaction\n",
        section=f"-- +migrate Down\n{_SQL_MIGRATE[0]}",
    ),
    "supabase": Form("{}.sql"),
    "diesel": Form("{}/up.sql", down=_FOLDER),
    "hasura": Form("{}/up.sql", alone="-- hasura:no-transaction\n", down=_FOLDER),
    "node-pg-migrate": Form("{}.sql", "-- Up Migration\n", section="-- Down Migration\n"),
    "refinery": Form("{}.sql"),
}


def directory_of(path: str, layout: str) -> str:
    """The folder of the migrations, with its slash; empty for the root."""
    levels = FORMS[layout].forward.count("/") + 1 if layout in FORMS else 1
    return "".join(f"{part}/" for part in path.split("/")[:-levels])


def following(id: str, newest: str, steps: int) -> str | None:
    """A name for the migration that takes one back, as the `steps`-th behind the newest: 0004_revert_users of
    0003_users. None where the newest has no number to count on from."""
    found, own = _NUMBER.match(newest), _NUMBER.match(id)
    if found is None:
        return None
    name = (id[own.end() :] if own else id).lstrip("._- ")[:_LONGEST]
    parted = "__" if found["before"][:1].lower() == "v" or newest[found.end() :].startswith("__") else "_"
    return f"{found['before']}{_later(found['number'], steps)}{parted}revert{'_' if name else ''}{name}"


def _later(number: str, steps: int) -> str:
    """A time by seconds, any other number by one, as wide as it is."""
    for form in _TIMES:
        try:
            moment = datetime.strptime(number, form) if len(number) > 13 else None  # noqa: DTZ007  no clock is meant
        except ValueError:
            continue
        if moment:
            return (moment + timedelta(seconds=steps)).strftime(form)
    return f"{int(number) + steps:0{len(number)}}"


def number_of(id: str) -> tuple[int, ...]:
    """By which ids come one after another."""
    found = _NUMBER.match(id)
    return tuple(map(int, re.findall(r"\d+", found[0]))) if found else ()
