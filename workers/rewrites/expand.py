"""A column that takes another's place: both are kept alike while code uses either, then the old one goes."""

from __future__ import annotations

from dataclasses import dataclass

from workers.catalog import Kind, Object
from workers.changes import DefaultChanged
from workers.rewrites import lineage, outdated
from workers.rewrites.batches import batched, primary_key
from workers.rewrites.case import A, Case, Steps, not_null
from workers.rewrites.wording import coined, inside, name_sql, quote
from workers.rules import schema
from workers.sql.naming import object_name
from workers.sql.table_actions import DropDefault
from workers.verdict import RewriteStep
from workers.words import Name

_TRIGGER = """\
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $sync$
BEGIN
{body}
    RETURN NEW;
END $sync$;
CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"""


@dataclass(frozen=True, slots=True)
class Pair:
    """old, new: as SQL text; new_name: without quotes. type: of the new one. value: what fills it; body: of the trigger
    that keeps both alike. last: what has to be deployed before the old one goes."""

    old: str
    new: str
    new_name: str
    type: str
    value: str
    body: str
    last: str | None


def replaceable(case: Case[A], column: str) -> Object | None:
    """The column, where a new one can take its place unseen: nothing hangs on it but its default, and its table has
    neither partitions nor children."""
    before, table = case.before, case.name
    found = schema.column(before, table, column)
    if before is None or found is None or not primary_key(case.step, table):
        return None
    if outdated.column(case.step, found):
        return None
    odd = ("identity", "generated", "inherited", "storage", "compression", "statistics", "options", "comment", "grants")
    if any(found.attributes.get(name) for name in odd) or lineage.has_children(before, table):
        return None
    dependents = (each for each in before.objects.values() if any(on.on == found.id for on in before.on(each.id)))
    return found if all(each.kind is Kind.DEFAULT for each in dependents) else None


def expanded(case: Case[A], column: Object, pair: Pair) -> Steps:
    table = case.name
    trigger = coined(table.name, column.path[-1], label="sync")
    function = name_sql(Name(table.schema, object_name(table.name, (column.path[-1],), "sync")))
    made = _TRIGGER.format(function=function, trigger=trigger, table=case.table, body=pair.body)
    return (
        case.altered(f"ADD COLUMN {pair.new} {pair.type}"),
        inside(made),
        batched(case.table, primary_key(case.step, table), f"{pair.new} = {pair.value}"),
        *(not_null(case, pair.new_name, pair.new) if column.flag("not_null") else ()),
        _contracted(case, column, pair, (trigger, function)),
    )


def _contracted(case: Case[A], column: Object, pair: Pair, made: tuple[str, str]) -> RewriteStep:
    """The old column goes; what is left of it is its default, and from PostgreSQL 18 on its NOT NULL's name."""
    trigger, function = made
    table, final = case.name, column.path[-1] if pair.last is None else pair.new_name
    subcommands = [f"DROP COLUMN {pair.old}"]
    if pair.last is None:
        subcommands.append(f"RENAME COLUMN {pair.new} TO {pair.old}")
    if default := _default(case, column):
        subcommands.append(f"ALTER COLUMN {quote(final)} SET DEFAULT {default}")
    statements = [f"DROP TRIGGER {trigger} ON {case.table}", f"DROP FUNCTION {function}()"]
    statements += [f"{case.alter.head} {subcommand}" for subcommand in subcommands]
    if (named := column.text("not_null_constraint")) is not None:
        coined_name = coined(table.name, pair.new_name, label="not_null")
        renamed = f"{case.alter.head} RENAME CONSTRAINT {coined_name} TO {quote(named)}"
        statements.append(f"-- only on PostgreSQL 18 and newer, where NOT NULL has a name:\n{renamed}")
    step = inside(";\n".join(statements))
    return RewriteStep(step.sql, step.transaction, pair.last)


def _default(case: Case[A], column: Object) -> str | None:
    """As the migration, or this very statement, has left it: who changes a type often drops the default before."""
    name = column.path[-1]
    if any(isinstance(each, DropDefault) and each.column == name for each in case.step.actions):
        return None
    changed = (each for each in case.step.earlier if isinstance(each, DefaultChanged) and each.table == case.name)
    found = schema.find(case.before, Kind.DEFAULT, *column.path)
    default = found.text("definition") if found else None
    for each in changed:
        default = each.new if each.column == name else default
    return default
