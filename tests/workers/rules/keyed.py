"""Tables with indexes and constraints built by hand, as read_catalog would have read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workers.catalog import Catalog, Kind, Object, ObjectId, Value

_CLASS, _CONSTRAINT = 1259, 2606  # pg_class, pg_constraint


def schema(
    tables: Mapping[str, Mapping[str, str]],
    indexes: Sequence[str] = (),
    constraints: Mapping[tuple[str, str], str] | None = None,
    invalid: Sequence[str] = (),
) -> Catalog:
    """tables: name → column → type, with " not null" behind it where it is. indexes: as pg_get_indexdef prints them.
    constraints: (table, name) → as pg_get_constraintdef prints them; on the columns that the text names."""
    objects: dict[ObjectId, Object] = {}
    links: list[tuple[ObjectId, ObjectId, str]] = []

    def add(kind: Kind, catalog: int, path: tuple[str, ...], parent: ObjectId | None, **attributes: Value) -> ObjectId:
        id = ObjectId(catalog, 20_000 + len(objects), 0)
        objects[id] = Object(id, kind, ("public", *path), parent, "", attributes)
        return id

    places = {name: add(Kind.TABLE, _CLASS, (name,), None) for name in tables}
    columns = {
        (table, column): add(
            Kind.COLUMN,
            _CLASS,
            (table, column),
            places[table],
            type=type.removesuffix(" not null"),
            not_null=type.endswith(" not null"),
        )
        for table, found in tables.items()
        for column, type in found.items()
    }
    for (table, name), text in (constraints or {}).items():
        id = add(Kind.CONSTRAINT, _CONSTRAINT, (table, name), places[table], definition=text)
        links += [(id, of, "n") for (owner, column), of in columns.items() if owner == table and column in text]
        if text.startswith(("UNIQUE", "PRIMARY KEY")):
            nulls = " NULLS NOT DISTINCT" if "NULLS NOT DISTINCT" in text else ""
            body = f"btree ({text.partition('(')[2]}{nulls}"
            definition = f"CREATE UNIQUE INDEX {name} ON public.{table} USING {body}"
            add(Kind.INDEX, _CLASS, (name,), places[table], definition=definition, valid=True, constraint=name)
    for definition in indexes:
        name = definition.partition(" INDEX ")[2].split()[0]
        table = definition.partition(" ON public.")[2].split()[0]
        add(Kind.INDEX, _CLASS, (name,), places[table], definition=definition, valid=name not in invalid)
    return Catalog(objects, "app", links)
