"""What Prisma manages of a schema: the two catalogs cut down to what schema.prisma can say, in one spelling. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from workers.catalog import Catalog, Kind, Object, ObjectId, Value
from workers.rollback.names import ident

HISTORY_TABLE = "_prisma_migrations"

_Columns = frozenset[tuple[str, ...]]  # (table, column) as the database calls them


@dataclass(frozen=True, slots=True)
class Leeway:
    """What a schema says on purpose without saying how. any_default: `dbgenerated()`; any_type: Unsupported("…");
    external: tables and enums that are not Prisma's, as schema.name or name."""

    any_default: _Columns = frozenset()
    any_type: _Columns = frozenset()
    external: frozenset[str] = frozenset()


_NO_LEEWAY = Leeway()


def managed(declared: Catalog, built: Catalog, leeway: Leeway = _NO_LEEWAY) -> tuple[Catalog, Catalog]:
    """The catalogs of what the schema declares and of what the migrations build, fit to be compared. Their objects hold
    only what Prisma tells apart, so that no SQL can be written from them."""
    schemas = {each.path[0] for each in declared.of_kind(Kind.TABLE, Kind.ENUM)} or {"public"}
    sides = tuple(_projected(catalog, schemas, leeway) for catalog in (declared, built))
    wanted, found = ({(each.kind, each.path): each for each in side.values()} for side in sides)
    partial = any(_PREDICATE in _definition(each) for each in wanted.values())
    for key, there in tuple(found.items()):
        if (here := wanted.get(key)) is not None:
            wanted[key], found[key] = _agreed(here, there, leeway)
        elif there.kind is Kind.INDEX and not partial and _PREDICATE in _definition(there):
            del found[key]  # schema.prisma has no words for it
    return tuple(  # type: ignore[return-value]
        replace(catalog, objects={each.id: each for each in side.values()})
        for catalog, side in ((declared, wanted), (built, found))
    )


def _projected(catalog: Catalog, schemas: set[str], leeway: Leeway) -> dict[ObjectId, Object]:
    found: dict[ObjectId, Object] = {}
    world = _World.of(catalog)
    for kind, form in _FORMS.items():
        for each in catalog.of_kind(kind):
            orphan = each.parent is not None and each.parent not in found
            foreign = not {each.path[-1], ".".join(each.path)}.isdisjoint(leeway.external) and each.parent is None
            if each.path[0] not in schemas or orphan or foreign:
                continue
            attributes = form(world, each)
            if attributes is not None:
                found[each.id] = replace(each, attributes=attributes)
    return found


@dataclass(frozen=True, slots=True)
class _World:
    """What the forms look up. defaults: by column; keys: primary keys and exclusion constraints, by table and name;
    domains: the base type of each, by the domain's name as the server prints it."""

    defaults: Mapping[ObjectId | None, str]
    keys: frozenset[tuple[ObjectId | None, str | None]]
    domains: Mapping[str, str]

    @staticmethod
    def of(catalog: Catalog) -> _World:
        defaults = {each.parent: each.text("definition") or "" for each in catalog.of_kind(Kind.DEFAULT)}
        keys = (each for each in catalog.of_kind(Kind.CONSTRAINT) if each.attributes["type"] in ("p", "x"))
        domains = {
            name: each.text("base") or ""
            for each in catalog.of_kind(Kind.DOMAIN)
            for name in (".".join(each.path), f"{each.path[0]}.{ident(each.path[1])}")
        }
        return _World(defaults, frozenset((each.parent, each.path[-1]) for each in keys), domains)


_Attributes = Mapping[str, Value]


def _table(_world: _World, each: Object) -> _Attributes | None:
    """Partitions are made by whoever makes the parent."""
    return None if each.path[-1] == HISTORY_TABLE or each.text("bound") else {}


def _column(world: _World, each: Object) -> _Attributes:
    """A list is nullable for Prisma whatever the column says."""
    type = world.domains.get(each.text("type") or "", each.text("type")) or ""
    default = "autoincrement()" if each.text("identity") else _default(world.defaults.get(each.id), type)
    not_null = each.flag("not_null") and not type.endswith("[]")
    return {"type": type, "generated": each.text("generated"), "not_null": not_null, "default": default}


def _enum(_world: _World, each: Object) -> _Attributes:
    return {"labels": tuple(sorted(each.texts("labels")))}


_MARKS = re.compile(r" (?:NOT VALID|DEFERRABLE|INITIALLY DEFERRED)(?= |$)")


def _constraint(_world: _World, each: Object) -> _Attributes | None:
    if each.attributes["type"] not in ("p", "f"):
        return None  # a unique constraint is compared as its index
    return {"definition": _MARKS.sub("", each.text("definition") or "")}


def _index(world: _World, each: Object) -> _Attributes | None:
    """Without those of keys, and those of expressions: attribute number 0 (pg_index.indkey)."""
    if (each.parent, each.text("constraint")) in world.keys:
        return None
    return None if "0" in each.raw.partition("/")[0].split() else {"definition": each.text("definition")}


_FORMS: Mapping[Kind, Callable[[_World, Object], _Attributes | None]] = {
    Kind.ENUM: _enum,
    Kind.TABLE: _table,
    Kind.COLUMN: _column,
    Kind.CONSTRAINT: _constraint,
    Kind.INDEX: _index,
}


# ---------------------------------------------------------------- defaults in one spelling

_CAST = re.compile(r"^\(?(?P<value>'(?:[^']|'')*'|-?[\d.]+|ARRAY\[[^\[\]]*\]|NULL)\)?(?:::[\w .\"\[\](),]+)+$")
_NOW = frozenset({"now()", "transaction_timestamp()", "CURRENT_TIMESTAMP"})


def _default(text: str | None, type: str) -> str | None:
    if text is None:
        return None
    if text.startswith("nextval("):
        return "autoincrement()"
    if text in _NOW:
        return "CURRENT_TIMESTAMP"
    plain = found["value"] if (found := _CAST.match(text)) else text
    if plain == "NULL":
        return None
    if plain == "ARRAY[]":
        return "'{}'"
    return _as_json(plain) if type in ("json", "jsonb") else _as_number(plain, type)


def _as_json(text: str) -> str:
    try:
        return json.dumps(json.loads(text[1:-1].replace("''", "'")), sort_keys=True) if text.startswith("'") else text
    except ValueError:
        return text


def _as_number(text: str, type: str) -> str:
    if not type.startswith(("numeric", "integer", "bigint", "smallint", "double", "real")):
        return text
    try:
        return f"{Decimal(text.strip(chr(39))).normalize():f}"
    except InvalidOperation:
        return text


# ---------------------------------------------------------------- what only one side can say

_PREDICATE = " WHERE "
_UNSAID = (  # what an index may have that a schema may leave out
    re.compile(r" WHERE .*$", re.S),
    re.compile(r" NULLS NOT DISTINCT\b"),
    re.compile(r" NULLS (?:FIRST|LAST)\b"),
)
_OPCLASS = re.compile(r" (?:\w+\.)?\w+_ops\b")


def _definition(each: Object) -> str:
    definition = each.attributes.get("definition")
    return definition if isinstance(definition, str) and each.kind is Kind.INDEX else ""


def _agreed(declared: Object, built: Object, leeway: Leeway) -> tuple[Object, Object]:
    """The pair, what the schema leaves open in the built one's words."""
    given = dict(_left_open(declared, built, leeway))
    return (replace(declared, attributes={**declared.attributes, **given}) if given else declared), built


def _left_open(declared: Object, built: Object, leeway: Leeway) -> Iterator[tuple[str, Value]]:
    if declared.attributes == built.attributes:
        return
    if declared.kind is Kind.INDEX and _silent(_definition(declared), _definition(built)):
        yield "definition", built.attributes["definition"]
    if declared.kind is not Kind.COLUMN:
        return
    generated = built.attributes["generated"] is not None
    if generated:
        yield "generated", built.attributes["generated"]
    if generated or declared.path[-2:] in leeway.any_default:
        yield "default", built.attributes["default"]
    one, other = (str(each.attributes["type"]).partition("(")[0] for each in (declared, built))
    if declared.path[-2:] in leeway.any_type and one == other:
        yield "type", built.attributes["type"]


def _silent(declared: str, built: str) -> bool:
    """Whether the built index is the declared one but for what the schema does not say."""
    for unsaid in _UNSAID:
        if not unsaid.search(declared):
            built = unsaid.sub("", built)
    if " USING btree " in declared and not _OPCLASS.search(declared):
        built = _OPCLASS.sub("", built)
    return declared == built
