"""Tells whether rows of the system catalogs are the same but for the numbers that objects and columns have got."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.postgres.system_catalogs import SystemCatalog

_FIRST = (
    16_384  # https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
)

# Where the numbers of columns stand, and the relation that they are of.
_PLACES = {
    "pg_attribute": {"attnum": "attrelid"},
    "pg_attrdef": {"adnum": "adrelid"},
    "pg_constraint": {"conkey": "conrelid", "confkey": "confrelid"},
    "pg_index": {"indkey": "indrelid"},
    "pg_depend": {"objsubid": "objid", "refobjsubid": "refobjid"},
    "pg_description": {"objsubid": "objoid"},
    "pg_seclabel": {"objsubid": "objoid"},
    "pg_init_privs": {"objsubid": "objoid"},
    "pg_trigger": {"tgattr": "tgrelid"},
    "pg_partitioned_table": {"partattrs": "partrelid"},
    "pg_publication_rel": {"prattrs": "prrelid"},
}

_NAMES = {"relname", "tgname"}  # among them those that the server makes of numbers
_NUMBERED = re.compile(r"^(?:pg_toast|RI_ConstraintTrigger_[ac])_(\d+)")

# In parsed expressions, as the server's nodeToString writes them: where a word stood in the text, an OID, a number that
# is none, and a constant's bytes.
_LOCATION = re.compile(r" :\w*(?:location|list_start|list_end|stmt_len) -?\d+")
_OID = re.compile(r"(?<=[ (])\d{5,}(?=[ )}])")
_SIZE = re.compile(r":\w*(?:typmod|len) $")
_CONSTANT = re.compile(r"(:consttype (\d+) [^{}]*:constvalue 4 )\[ ((?:-?\d+ )+)\]")
_OF_OBJECTS = frozenset({26, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096})  # the types oid, regclass …

_ROUNDS = 6  # until each is told by what it hangs on: a trigger's dependency by trigger, constraint, index, table


@dataclass(frozen=True, slots=True)
class Row:
    """values: as JSON has them."""

    catalog: str
    values: Mapping[str, Any]


def renumbered(gone: Iterable[Row], come: Iterable[Row], catalogs: Mapping[str, SystemCatalog]) -> bool:
    """Whether one is the other, once each object and each column that has another number has got the former one. Where
    two cannot be told apart, the answer is no."""
    was, now = _Side(gone, catalogs), _Side(come, catalogs)
    kept = was.own.keys() & now.own.keys()
    for side in (was, now):
        side.tokens = dict.fromkeys(side.own.keys() - kept, "?")
    for _ in range(_ROUNDS):
        was.refine()
        now.refine()
        if was.is_told_apart() and now.is_told_apart():
            return was.told() == now.told()
    return False


class _Side:
    """own: the rows that have an OID, by it. tokens: what is written for the OIDs that only this side has; better with
    each round. names: of columns, by their relation and number."""

    def __init__(self, rows: Iterable[Row], catalogs: Mapping[str, SystemCatalog]) -> None:
        self.rows, self.catalogs = list(rows), catalogs
        self.own = {row.values["oid"]: row for row in self.rows if "oid" in row.values}
        self.tokens: dict[str, str] = {}
        columns = [row.values for row in self.rows if row.catalog == "pg_attribute"]
        self.names = {(each["attrelid"], each["attnum"]): each["attname"] for each in columns}

    def refine(self) -> None:
        self.tokens = {oid: str(hash(self._told(self.own[oid]))) for oid in self.tokens}

    def is_told_apart(self) -> bool:
        return len(set(self.tokens.values())) == len(self.tokens)

    def told(self) -> Counter[tuple[Any, ...]]:
        return Counter(map(self._told, self.rows))

    def _told(self, row: Row) -> tuple[Any, ...]:
        catalog, places = self.catalogs[row.catalog], _PLACES.get(row.catalog, {})
        told: list[Any] = [row.catalog]
        for name, value in row.values.items():
            if value is None:
                told.append(None)
            elif name in catalog.oids:
                told.append(_each(value, self._oid))
            elif name in places:
                relation = row.values[places[name]]
                told.append(_each(value, lambda number, of=relation: self.names.get((of, number), number)))
            elif name in catalog.trees:
                told.append(_OID.sub(self._oid_in_tree, _CONSTANT.sub(self._constant, _LOCATION.sub("", value))))
            elif name in _NAMES and (found := _NUMBERED.match(value)):
                told.append(value.replace(found[1], self._oid(found[1])))
            else:
                told.append(tuple(value) if isinstance(value, list) else value)
        return tuple(told)

    def _oid(self, value: str) -> str:
        return self.tokens.get(value, value)

    def _oid_in_tree(self, found: re.Match[str]) -> str:
        return found[0] if _SIZE.search(found.string, 0, found.start()) else self._oid(found[0])

    def _constant(self, found: re.Match[str]) -> str:
        """A label of an enum, or an object's own number, is there byte by byte."""
        if int(found[2]) < _FIRST and int(found[2]) not in _OF_OBJECTS:
            return found[0]
        number = int.from_bytes(bytes(int(byte) & 255 for byte in found[3].split()[:4]), sys.byteorder)
        return f"{found[1]}{self._oid(str(number))}"


def _each(value: Any, change: Any) -> Any:
    return tuple(change(one) for one in value) if isinstance(value, list) else change(value)
