"""What each column may hold: values of its type, those its constraints mention, the keys of its parents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from workers.changes import ConstraintKind
from workers.postgres.attempt import attempt, identifier, literal
from workers.postgres.demands import Column, ForeignKey, Table
from workers.postgres.mentions import PADDING, mentioned
from workers.postgres.rowplan import DEFAULT, Choice, Plan, Reference
from workers.postgres.samples import TEXTS
from workers.postgres.values import Types, fresh, longest_text, pool

Key = tuple[str, ...]  # one row's values in some columns, as SQL expressions

_DIGITS = 4
_TRIED_NUMBER = 1  # the fresh value that stands for its style when the server is asked
_TRIAL = """
    SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count({column})
    FROM (SELECT {value}::{type} AS {column}) AS tried WHERE {holds}
"""
_FROM_SEQUENCE = (DEFAULT, DEFAULT, "-1", DEFAULT, "0", DEFAULT)


@dataclass(frozen=True, slots=True)
class Values:
    """A column's values, as input text. padded: those that only show a length. styles: the places of the styles of
    fresh values that are accepted."""

    nasty: tuple[str, ...]
    ordinary: tuple[str, ...]
    padded: tuple[str, ...]
    styles: tuple[int, ...]


Accepted = Mapping[tuple[int, str], Values]  # by table and column


@dataclass(frozen=True, slots=True)
class _Offer:
    """What is offered to the server. certain: the type takes every value but those in `mentioned`."""

    sql: str  # the type
    name: str  # of the column, quoted
    conditions: tuple[str, ...]  # CHECKs on this column alone
    mentioned: tuple[str, ...]
    nasty: tuple[str, ...]
    ordinary: tuple[str, ...]
    padded: tuple[str, ...]
    fresh: tuple[str, ...]
    certain: bool

    def trials(self) -> Iterable[tuple[str, str]]:
        """Each doubtful value with a statement that fails when it is refused: by the type's input function, or by a
        CHECK, whose condition then leaves no row and a division by zero."""
        doubtful = (*self.mentioned, *self.nasty, *self.ordinary, *self.fresh)
        if self.certain and not self.conditions:
            doubtful = self.mentioned
        holds = " AND ".join(f"({condition}) IS NOT FALSE" for condition in self.conditions) or "true"
        for text in dict.fromkeys(doubtful):
            yield text, _TRIAL.format(value=literal(text), type=self.sql, column=self.name, holds=holds)


def accepted(connection: psycopg.Connection, tables: Sequence[Table], types: Types) -> Accepted:
    """Every column's values: those of its type, and in front of the ordinary ones those its constraints mention. What
    may not be accepted is tried on the server. Raises psycopg.Error only for a lost connection."""
    offers = {
        (table.oid, column.name): _offer(table, column, types)
        for table in tables
        for column in table.columns
        if not column.generated
    }
    trials = [(place, *trial) for place, offer in offers.items() for trial in offer.trials()]
    answers = attempt(connection, [statement for _, _, statement in trials])
    refused = {trial[:2] for trial, refusal in zip(trials, answers, strict=True) if refusal}
    return {
        place: Values(
            tuple(text for text in offer.nasty if (place, text) not in refused),
            tuple(text for text in dict.fromkeys((*offer.mentioned, *offer.ordinary)) if (place, text) not in refused),
            offer.padded,
            tuple(style for style, text in enumerate(offer.fresh) if (place, text) not in refused),
        )
        for place, offer in offers.items()
    }


def _offer(table: Table, column: Column, types: Types) -> _Offer:
    checks = [
        demand for demand in table.demands if demand.kind is ConstraintKind.CHECK and column.name in demand.columns
    ]
    base, modifier, texts = types[column.type], column.modifier, [check.condition for check in checks]
    while base.kind == "d":
        texts += [definition for _, definition in base.checks]
        base, modifier = types[base.base], base.base_modifier
    if column.name in table.partitioned_by:
        texts += table.bounds
    longest = longest_text(base.name, modifier)
    found = [value for text in texts for value in mentioned(text, base.name)]
    values = pool(types, column.type, column.modifier)
    fitting = tuple(value for value in found if base.name not in TEXTS or len(value) <= longest)
    padded = tuple(text for text in fitting if len(text) > _DIGITS and text == PADDING * len(text))
    return _Offer(
        column.sql,
        identifier(column.name),
        tuple(check.condition for check in checks if len(check.columns) == 1),
        fitting,
        values.nasty,
        values.ordinary,
        padded,
        _fresh(types, column, padded, _TRIED_NUMBER),
        values.certain,
    )


def plan_for(table: Table, values: Accepted, types: Types, keys: Mapping[ForeignKey, Sequence[Key]]) -> Plan:
    """The plan of one table, given the keys that its parents hold."""
    alone = [demand.columns for demand in table.demands if demand.kind is ConstraintKind.UNIQUE and demand.plain]
    references = tuple(_reference(table, key, keys.get(key, ()), alone) for key in table.foreign_keys)
    explicit = {column for reference in references for column in reference.itself}
    choices = {
        column.name: _choice(
            column, values[table.oid, column.name], types, (column.name,) in alone, column.name in explicit
        )
        for column in table.columns
        if not column.generated
    }
    return Plan(table, choices, references)


def _reference(table: Table, key: ForeignKey, keys: Sequence[Key], unique: Sequence[Sequence[str]]) -> Reference:
    nullable = table.nullable(key)
    return Reference(
        key.name,
        key.columns,
        tuple(keys),
        nullable,
        distinct=any(set(columns) <= set(key.columns) for columns in unique),
        itself=key.parent_columns if key.parent == table.oid and not nullable and not keys else (),
    )


def _choice(column: Column, values: Values, types: Types, distinct: bool, explicit: bool) -> Choice:
    nasty, ordinary = (tuple(literal(text) for text in texts) for texts in (values.nasty, values.ordinary))

    def own(number: int) -> tuple[str, ...]:
        styles = _fresh(types, column, values.padded, number)
        return tuple(literal(styles[style]) for style in values.styles if style < len(styles))

    if column.from_sequence and not explicit:
        # Left to the sequence, but for a few that it has not given: rows that a migration adds must not meet ours.
        return Choice(_FROM_SEQUENCE, (DEFAULT,), lambda number: (DEFAULT, *own(number)), not column.not_null, distinct)
    default = (DEFAULT,) if column.has_default else ()
    return Choice(nasty, (*ordinary, *default), own, not column.not_null, distinct)


def _fresh(types: Types, column: Column, padded: Sequence[str], number: int) -> tuple[str, ...]:
    """The type's fresh values, and some as long as the texts in `padded`."""
    long = [f"{text[:-_DIGITS]}{number:0{_DIGITS}}" for text in padded]
    return (*fresh(types, column.type, column.modifier, number), *long)
