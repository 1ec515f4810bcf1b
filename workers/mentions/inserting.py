"""Which lines of code insert rows into a table: in SQL, or in the words of a client or a library. Pure.

What a line says by itself counts: insert and the table's name, or a call that does nothing but insert. So chains that
are broken between the two are left out, and what is called create for another reason brings few lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.mentions.prisma import Block
from workers.mentions.words import DOT, OPENS, QUOTE, any_word, classes

# Methods of Active Record, Sequelize, Django and Laravel. A plain User.create( may be anybody's, so that it counts in
# Ruby's and PHP's own spelling alone.
_BY_CLASS = (
    r"\.(?:create!|insert_all|upsert_all|find_or_create_by|create_or_find_by|bulkCreate\(|create\(\s{0,3}\w{1,63}:(?!:))",
    r"\.objects\.(?:a?create|a?bulk_create|a?get_or_create|a?update_or_create)\(",
    r"::(?:create|insert|insertGetId|insertOrIgnore|firstOrCreate|updateOrCreate)\(\s{0,3}[\[$]",
)
_BY_CLIENT = "create|createMany|createManyAndReturn|upsert"
_DATABASE = r"(?:(?i:db|tx|trx|database)\w{0,20}\.|^\.)"  # a set has insert as well; prettier breaks before the dot

# As formatters of SQL break it: INSERT INTO, and the name on the next line.
INTO = "INTO"
BROKEN = re.compile(r"\bINSERT\s{1,3}INTO$")


def first_on_a_line(table: str) -> re.Pattern[str]:
    """Its name, where a line begins with it; as Spelling.part, without anything before a dot."""
    return re.compile(rf"^()(?:{QUOTE}?\w{{1,63}}{QUOTE}?\.)?{QUOTE}?{re.escape(table)}{QUOTE}?(?![\w.-])")


def words_of(table: str, block: Block | None, *, declared: bool) -> frozenset[str]:
    """One of them is in each line that inserts. declared: the repository has a schema.prisma."""
    if block:
        return frozenset({table, block.client})
    return frozenset({table}) if declared else classes(table)


def inserting(table: str, block: Block | None, *, declared: bool) -> re.Pattern[str]:
    """Of the lines that have one of those words."""
    forms = list(_in_sql(table))
    if block:
        forms.append(rf"\.{re.escape(block.client)}\.(?:{_BY_CLIENT})\(")
    elif not declared:
        forms += _in_libraries(table)
    return re.compile("|".join(forms))


def _in_sql(table: str) -> Iterator[str]:
    """INSERT INTO users, insertInto("users"), knex("users").insert(; without quotes only where SQL needs none, which
    Diesel's insert_into(users::table) is as well."""
    name = re.escape(table)
    quoted = rf"{QUOTE}(?:\w{{1,63}}\.)?{name}{QUOTE}"
    yield rf"(?i:insert\s{{0,3}}into){OPENS}(?:{QUOTE}\w{{1,63}}{QUOTE}\.)?{quoted}"
    yield rf"{quoted}\s{{0,3}}\)\s{{0,3}}{DOT}(?:insert|upsert)\w{{0,20}}\("
    yield rf"batchInsert\(\s{{0,3}}{quoted}"
    if table == table.lower():
        yield rf"(?i:insert\s{{1,3}}into)\s{{1,3}}(?:\w{{1,63}}\.)?{name}(?![\w/.-])"
        yield rf"insert_into\(\s{{0,3}}(?:\w{{1,63}}::){{0,3}}{name}(?:::|\s{{0,3}}\))"


def _in_libraries(table: str) -> Iterator[str]:
    """db.insert(users), insert(User), User.create!."""
    names = classes(table)
    plural = {name for name in names if name == table or name[:1].isupper() or name.endswith("s")}
    upper = [name for name in names if name[:1].isupper()]
    yield rf"{_DATABASE}insert\(\s{{0,3}}(?:\w{{1,63}}\.)?{any_word(*plural)}\s{{0,3}}\)"
    if upper:
        yield rf"(?<![\w.])insert\(\s{{0,3}}{any_word(*upper)}\s{{0,3}}\)"
        yield from (any_word(*upper) + call for call in _BY_CLASS)
