"""What becomes of views, functions, types and other such objects in the course of a migration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workers.catalog import Catalog, Object
from workers.changes import CatalogChange, TableCreated, TableRenamed
from workers.object_changes import ObjectChanged, ObjectCreated, ObjectDropped, ObjectRenamed, PrivilegeChanged
from workers.rules.rule import Step
from workers.sql.object_actions import DropObject
from workers.sql.table_actions import DropColumn, DropConstraint, DropTable
from workers.words import Name

# Kinds that code uses alike: one may take another's place under its name.
_FAMILIES = (
    ("view", "materialized view", "table", "foreign table"),
    ("function", "procedure", "aggregate", "routine"),
    ("type", "enum", "composite type", "range type", "domain"),
)
SHOWN = 5  # names in a message
_FAMILY = {kind: kinds[0] for kinds in _FAMILIES for kind in kinds}


def family(kind: str) -> str:
    """One word for kinds that can stand in for each other."""
    return _FAMILY.get(kind, kind)


def label(change: ObjectCreated | ObjectDropped) -> str:
    """For messages: view public.active, trigger audit on public.users."""
    return f"{change.kind} {change.name.name} on {change.on}" if change.on else f"{change.kind} {path(change.name)}"


def path(name: Name, on: Name | None = None) -> str:
    """A finding's object: with its schema or table, or without where it has none."""
    outer = on or name.schema
    return f"{outer}.{name.name}" if outer else name.name


def made_before(step: Step, kind: str, name: Name) -> bool:
    """An earlier statement of the migration made it, so that nothing depends on it yet."""
    made = (change for change in step.earlier.of(ObjectCreated, name) if change.name == name)
    return any(family(change.kind) == family(kind) for change in made)


def replaced(step: Step, dropped: ObjectDropped) -> bool:
    """The same migration makes it, again or before; a table's trigger, rule or policy also when it makes another."""
    around = step.whole.about(dropped.on or dropped.name)
    changed = step.later.of(ObjectChanged, dropped.name)
    return any(_takes_the_place(each, dropped) for each in around) or any(_is_it(each, dropped) for each in changed)


def _takes_the_place(change: CatalogChange, dropped: ObjectDropped) -> bool:
    match change:
        case ObjectCreated(kind=kind, name=name, on=on) | ObjectRenamed(kind=kind, new=name, on=on):
            alike = family(kind) == family(dropped.kind)
            return alike and (name == dropped.name if dropped.on is None else on == dropped.on)
        case TableCreated(table=name) | TableRenamed(new=name):
            return family(dropped.kind) == "view" and name == dropped.name
    return False


def _is_it(change: ObjectChanged, dropped: ObjectDropped) -> bool:
    """CREATE OR REPLACE behind a drop."""
    return family(change.kind) == family(dropped.kind) and (change.name, change.on) == (dropped.name, dropped.on)


def called(catalog: Catalog | None, change: ObjectCreated | ObjectDropped) -> Iterator[Object]:
    """The object in a schema, where that is known; of functions of one name, each."""
    outer = (change.on.schema, change.on.name) if change.on else filter(None, (change.name.schema,))
    parts = (*outer, change.name.name)
    for each in catalog.objects.values() if catalog else ():
        if each.path[: len(parts)] == parts and family(each.kind) == family(change.kind):
            yield each


def known(step: Step, change: ObjectDropped) -> Object | None:
    """The object as it was before the migration, where that was seen; of functions of one name, the first."""
    return next(called(step.before, change), None)


def named(step: Step, change: ObjectDropped) -> bool:
    """The statement's text drops the object by its name. A name without schema is read as one in public."""
    return any(
        isinstance(action, DropObject)
        and family(action.kind) == family(change.kind)
        and any(
            name.name == change.name.name and name.schema in ("public", change.name.schema) for name in action.names
        )
        for action in step.actions
    )


def cascades(step: Step) -> Iterator[str]:
    """For each part of the statement that says CASCADE, what it names first, as a finding's object."""
    for action in step.actions:
        match action:
            case DropObject(cascade=True, names=(first, *_), on=on):
                yield path(first, on)
            case DropTable(cascade=True, tables=(first, *_)):
                yield str(first)
            case DropColumn(cascade=True, table=table, column=part):
                yield f"{table}.{part}"
            case DropConstraint(cascade=True, table=table, constraint=part):
                yield f"{table}.{part}"


def privileges_of(changes: Iterable[CatalogChange]) -> Iterator[tuple[str, str, str]]:
    """The changes of privileges, role by role: the role, the first object's path, and what of which objects."""
    found: dict[str, list[PrivilegeChanged]] = {}
    for change in changes:
        if isinstance(change, PrivilegeChanged):
            found.setdefault(change.role, []).append(change)
    for role, each in found.items():
        privileges = ", ".join(dict.fromkeys(change.privilege for change in each))
        objects = tuple(dict.fromkeys(f"{change.kind} {path(change.name)}" for change in each))
        more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
        yield role, path(each[0].name), f"{privileges} on {objects[0]}{more}"
