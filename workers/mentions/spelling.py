"""Which lines of code name a thing of the database: by its name in SQL, or by what schema.prisma calls it. Pure.

Words such as name, status or userId stand in every file. So a word counts by itself only if it has several parts and no
other table has it, such as legacy_token. Any other counts where it is asked of its table: user.name, or a few lines
from where the table is queried. That leaves lines out, and brings few that are wrong."""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from workers.catalog import Catalog, Kind
from workers.mentions.inserting import BROKEN, INTO, first_on_a_line, inserting, words_of
from workers.mentions.prisma import Block, Member
from workers.mentions.words import DOT, OPENS, QUOTE, any_word, camel, classes
from workers.words import Name

_PECULIAR_MIN = 6
_LEAD = 4  # lines of a SELECT before its FROM; a client names the table first

_PARTS = re.compile(r"[a-z0-9][A-Z]|[A-Za-z0-9]_+[A-Za-z0-9]")
_NEVER = re.compile(r"(?!)")


class Part(enum.Enum):
    """What a name is the name of; OBJECT: a view, function or schema; ROWS: a table, where rows are inserted."""

    TABLE = "table"
    COLUMN = "column"
    VALUE = "value"
    OBJECT = "object"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Sought:
    """Something that a pull request takes away, or a table that it asks more of. key: as findings name it. owner, word:
    as code that is deployed knows it, before any rename: the table, type or object, and the column or value in it."""

    key: str
    part: Part
    owner: Name
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Spelling:
    """A line names the thing where `alone` is in it, or where `part` is and `asked` in one that is near.

    words: one of them is in each line of `alone` and `part`; around: in each of `asked`. `part` captures the name
    before a dot, which has to be one of `around`, or what `alias` captures in a line of `asked`. ambiguous: where there
    is no dot, near is the same line. lead, near: how many lines it may stand before `asked`, and behind it. guess: the
    one of the words that counts only if some line has another of them as well, as a mapping has: legacyToken:
    text("legacy_token")."""

    words: frozenset[str]
    around: frozenset[str]
    alone: re.Pattern[str]
    part: re.Pattern[str] = _NEVER
    asked: re.Pattern[str] = _NEVER
    alias: re.Pattern[str] = _NEVER
    ambiguous: bool = False
    lead: int = 0
    near: int = 12
    guess: str | None = None


def spelling(sought: Sought, schema: Sequence[Block], shared: Collection[str]) -> Spelling:
    """How code may spell it. schema: what schema.prisma declares for that code. shared: names that several tables
    have."""
    match sought.part:
        case Part.TABLE | Part.OBJECT:
            return _of_table(sought, schema)
        case Part.COLUMN:
            return _of_column(sought, schema, shared)
        case Part.VALUE:
            return _of_value(sought, schema, shared)
        case Part.ROWS:
            return _of_rows(sought, schema)


def shared_names(catalogs: Iterable[Catalog], schema: Iterable[Block]) -> frozenset[str]:
    """The names that more than one table has a column of, or more than one enum a value."""
    held = {(block.sql, name) for block in schema for member in block.members for name in (member.name, member.sql)}
    held |= {(each.path[-2], each.path[-1]) for catalog in catalogs for each in catalog.of_kind(Kind.COLUMN)}
    return frozenset(name for name, count in Counter(name for _, name in held).items() if count > 1)


def block_of(sought: Sought, schema: Iterable[Block]) -> Block | None:
    """The model, view or enum that declares the table or type."""
    kinds = {"enum"} if sought.part is Part.VALUE else {"model", "view"}
    for block in schema:
        if block.kind in kinds and block.sql == sought.owner.name and block.schema in (None, sought.owner.schema):
            return block
    return None


def member_of(sought: Sought, schema: Iterable[Block]) -> Member | None:
    """The field or value that declares the column or value."""
    block = block_of(sought, schema)
    return next((member for member in block.members if member.sql == sought.word), None) if block else None


# ---------------------------------------------------------------- each part


def _of_table(sought: Sought, schema: Sequence[Block]) -> Spelling:
    """A client's model counts where it is queried: components and variables have its name as well."""
    table, block = sought.owner.name, block_of(sought, schema)
    words = {table, block.client} if block else {table}
    alone = [_queried(table, block)]
    if not schema and _several_parts(table):
        alone.append(any_word(table))
    return Spelling(frozenset(words), frozenset(), _one_of(alone))


def _of_column(sought: Sought, schema: Sequence[Block], shared: Collection[str]) -> Spelling:
    """What schema.prisma does not declare cannot be asked of its client: then only SQL can name it."""
    assert sought.word is not None
    table, block, member = sought.owner.name, block_of(sought, schema), member_of(sought, schema)
    guess = None if schema else camel(sought.word)
    known = {sought.word, member.name} if member else {sought.word}
    words = frozenset({*known, guess or sought.word})
    part = re.compile(rf"(?:(?<!\w)(\w{{1,63}}){QUOTE}?{DOT}{QUOTE}?)?(?<!\b(?i:as)\s){any_word(*words)}")
    alias = re.compile(rf"{any_word(table)}{QUOTE}?\s{{1,3}}(?:(?i:as)\s{{1,3}})?(\w{{1,63}})")
    ambiguous = sought.word in shared and member is None
    if schema and member is None:
        return Spelling(
            words, frozenset({table}), _NEVER, part, re.compile(_queried(table, None)), alias, ambiguous, _LEAD
        )
    owners = frozenset({table, block.name, block.client}) if block else classes(table)
    alone = [f"{any_word(*owners)}{DOT}{any_word(*words)}", *map(any_word, _peculiar(known, shared))]
    asked = [_queried(table, block)] if block else [_queried(table, None), *_class_used(owners)]
    guess = None if guess == sought.word else guess
    lead = 0 if block else _LEAD
    return Spelling(words, owners, _one_of(alone), part, _one_of(asked), alias, ambiguous, lead, guess=guess)


def _of_value(sought: Sought, schema: Sequence[Block], shared: Collection[str]) -> Spelling:
    """A value is a text, or a member of its type."""
    assert sought.word is not None
    block, member = block_of(sought, schema), member_of(sought, schema)
    words = frozenset({sought.word, member.name if member else sought.word})
    types = frozenset({sought.owner.name, block.name}) if block else classes(sought.owner.name)
    alone = [rf"{any_word(*types)}(?:\.|::){any_word(*words)}", *map(_text, _peculiar(words, shared))]
    return Spelling(
        words, types, _one_of(alone), re.compile(f"(){_text(*words)}"), re.compile(any_word(*types)), lead=_LEAD
    )


def _of_rows(sought: Sought, schema: Sequence[Block]) -> Spelling:
    table, block, declared = sought.owner.name, block_of(sought, schema), bool(schema)
    words, alone = words_of(table, block, declared=declared), inserting(table, block, declared=declared)
    return Spelling(words, frozenset({INTO}), alone, first_on_a_line(table), BROKEN, near=1)


def _one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


# ---------------------------------------------------------------- words


def _several_parts(word: str) -> bool:
    return len(word) >= _PECULIAR_MIN and _PARTS.search(word) is not None


def _peculiar(words: Iterable[str], shared: Collection[str]) -> list[str]:
    """Those that mean nothing else."""
    return [word for word in sorted(words) if _several_parts(word) and word not in shared]


def _text(*names: str) -> str:
    return rf"[\"'`](?:{'|'.join(map(re.escape, sorted(names)))})[\"'`]"


# ---------------------------------------------------------------- where a table is queried


_SQL = r"(?i:from|join|into|update|only|truncate|table\w{0,12}|entity|knex)"
_CALLS = "find|create|update|upsert|delete|count|aggregate|groupBy"


def _queried(table: str, block: Block | None) -> str:
    """FROM users, pgTable("users", prisma.user.findMany(. Without quotes only for a name that SQL needs none for."""
    name = re.escape(table)
    forms = [rf"{_SQL}{OPENS}(?:{QUOTE}\w{{1,63}}{QUOTE}\.)?{QUOTE}{name}(?={QUOTE}|\s+as\s)"]
    if table == table.lower():
        forms.append(rf"{_SQL}\s{{1,3}}(?:\w{{1,63}}\.)?{name}(?![\w/.-])")
    if block:
        client = re.escape(block.client)
        forms += [rf"(?i:prisma|tx|trx)\w*!?\.{client}(?!\w)", rf"\.{client}\.(?:{_CALLS})\w*\("]
    return "|".join(forms)


def _class_used(names: Iterable[str]) -> tuple[str, ...]:
    """User.where(, User(name=, class User."""
    classes = [name for name in names if name[:1].isupper()]
    return (rf"{any_word(*classes)}[.(]", rf"class\s{{1,3}}{any_word(*classes)}") if classes else ()
