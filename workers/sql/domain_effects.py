"""Predicts what ALTER DOMAIN does to the tables that have columns of the domain.

Measured on PostgreSQL 15, 16 and 18; https://www.postgresql.org/docs/current/sql-alterdomain.html."""

from __future__ import annotations

from workers.facts import Facts
from workers.sql.column_types import named_type
from workers.sql.effects import locks, scan
from workers.sql.known_tables import Known
from workers.sql.object_actions import AlterObject
from workers.words import LockMode

_READING = ("ADD CONSTRAINT", "ADD", "SET NOT NULL", "VALIDATE CONSTRAINT")  # ADD: of a CHECK without a name


def domain_effects(action: AlterObject, known: Known) -> Facts:
    """A constraint that is to hold for rows is checked in every table, each locked against writes. Tables with columns
    of a domain over the domain are left out."""
    if action.name is None or action.what not in _READING:
        return Facts()
    type_name = named_type(action.name.schema, action.name.name)
    tables = dict.fromkeys(table for (table, _), found in known.columns.items() if found == type_name)
    scans = dict.fromkeys(found for table in tables for found in scan(table, known))
    return Facts(locks=locks(LockMode.SHARE, *(found.table for found in scans)), scans=tuple(scans))
