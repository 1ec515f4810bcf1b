"""Questions about values that a column's new type refuses. Pure."""

from __future__ import annotations

import re

from workers.preflight.case import NO_ERROR, ZERO, Case, Question, count_rows, exists, quoted, table_sql
from workers.sql.cursor import Cursor
from workers.sql.table_actions import AlterColumnType

_TEXTS = ("text", "character", "citext", "name")
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_INTEGERS = {
    "smallint": ("-32768", "32767"),
    "integer": ("-2147483648", "2147483647"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
}
_TYPE = re.compile(r"""[\w\s".]+(\([\d\s,]*\)[\w\s]*)?(\[\])?""")
_INPUT_IS_VALID_SINCE = 16  # pg_input_is_valid


def conversion(case: Case) -> Question | None:
    """Class 22 and 0A000: rows whose value the new type of a column refuses."""
    for action in case.actions:
        if isinstance(action, AlterColumnType):
            return _refused(case, action)
    return None


def _refused(case: Case, action: AlterColumnType) -> Question:
    """Where the conversion is one we know, a count of the values at fault; otherwise the conversion itself, tried."""
    value, source = _converted(case, action)
    condition = _condition(case, action.type, value, source)
    table = table_sql(action.table)
    if condition is None:
        new = f"CAST({action.using or quoted(action.column)} AS {action.type})"
        return Question(
            f"SELECT count({new}) FROM {table};",  # noqa: S608  quoted names, the statement's own text
            NO_ERROR,
            f"converts {action.column} of every row of {action.table} to {action.type}",
            (action.table,),
        )
    return Question(
        count_rows(table, condition),
        ZERO,
        f"counts the rows of {action.table} whose {action.column} does not fit {action.type}",
        (action.table,),
    )


def _converted(case: Case, action: AlterColumnType) -> tuple[str, str]:
    """The expression that is converted, and its type as far as the text shows it, else "". A USING that only casts is
    read as the value that it casts."""
    relation = case.relation(action.table)
    types = {column.name: column.type for column in relation.columns.values()} if relation else {}
    own = types.get(action.column, "")
    if action.using is None:
        return quoted(action.column), own
    value, cast_to = _cast(_bare(action.using))
    if not cast_to:
        return action.using, ""
    inner, first_cast = _cast(_bare(value))
    if first_cast == "text":
        return value, "text"
    return value, own if _is_column(inner, action.column) and not first_cast else ""


def _bare(text: str) -> str:
    """Without the parentheses around the whole."""
    cursor = Cursor(text)
    if cursor.at("("):
        inner = cursor.inside()
        if cursor.ended:
            return _bare(inner.rest())
    return text


def _cast(text: str) -> tuple[str, str]:
    """What the last :: casts, and to which type; the whole text and "" when the expression is no such cast."""
    cursor, value_end = Cursor(text), 0
    cursor.until("::")
    while cursor.at("::"):
        value_end = cursor.peek().start
        cursor.accept("::")
        cursor.until("::")
    name = text[value_end + 2 :].strip()
    return (text[:value_end].strip(), name) if value_end and _TYPE.fullmatch(name) else (text, "")


def _is_column(text: str, column: str) -> bool:
    return text in (quoted(column), column) or (text.lower() == column and text.isidentifier())


def _condition(case: Case, new: str, value: str, source: str) -> str | None:
    """What is true of the values at fault, as far as we know the conversion."""
    labels = _labels(case, new)
    if labels is not None:
        listed = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
        if new.endswith("[]"):
            return exists(f"unnest({value}) AS item", f"item::text NOT IN ({listed})") if source else None
        return f"({value})::text NOT IN ({listed})"
    length = re.fullmatch(r"character(?: varying)?\((\d+)\)", new)
    if length and case.error.sqlstate == "22001":
        # Spaces beyond the length are cut off silently (https://www.postgresql.org/docs/current/datatype-character.html)
        return f"length(rtrim(({value})::text, ' ')) > {length[1]}"
    if source.startswith(_NUMBERS):
        return _out_of_range(new, value)
    if source.startswith(_TEXTS) and case.known.version >= _INPUT_IS_VALID_SINCE:
        return f"NOT pg_input_is_valid(({value})::text, '{new.replace(chr(39), chr(39) * 2)}')"
    return None


def _labels(case: Case, new: str) -> tuple[str, ...] | None:
    """The labels of an enum that the migration itself makes, for the database that is asked does not know it yet."""
    name = Cursor(new.removesuffix("[]")).try_name()
    return case.enums.get(name) if name else None


def _out_of_range(new: str, value: str) -> str | None:
    number = f"({value})::numeric"
    if new in _INTEGERS:
        low, high = _INTEGERS[new]
        return f"round({number}) NOT BETWEEN {low} AND {high}"
    precise = re.fullmatch(r"numeric\((\d+)(?:,(-?\d+))?\)", new)
    if precise is None:
        return None
    digits, scale = int(precise[1]), int(precise[2] or 0)
    return f"{number} <> 'NaN' AND abs(round({number}, {scale})) >= 1e{digits - scale}"
