"""The read-only query that tells whether a statement that failed on our rows would fail on the real ones. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from workers.model import SqlError, Statement
from workers.preflight.case import Case, Known, Question
from workers.preflight.constraints import check, exclusion, not_null, unique
from workers.preflight.conversion import conversion
from workers.preflight.references import foreign_key
from workers.preflight.writes import missing_value, refused_value
from workers.rehearsed import Preflight
from workers.sql.cursor import Unreadable, tokens
from workers.sql.object_actions import CreateEnum
from workers.sql.read import read
from workers.sql.scan import QUOTED, WORD
from workers.words import Name

__all__ = ["Known", "preflight_for"]


def _data_exception(case: Case) -> Question | None:
    return conversion(case) or refused_value(case)


# https://www.postgresql.org/docs/current/errcodes-appendix.html; class 22 is data_exception, 0A000 what numeric says of
# NaN as an integer.
_QUESTIONS: Mapping[str, Callable[[Case], Question | None]] = {
    "23502": lambda case: not_null(case) or missing_value(case),
    "23503": foreign_key,
    "23505": unique,
    "23514": check,
    "23P01": exclusion,
    "0A000": _data_exception,
}


def preflight_for(statements: Sequence[Statement], error: SqlError, path: str, known: Known) -> Preflight | None:
    """The query for the last of `statements`, which failed with `error`; the others are those before it in the
    migration at `path`. None when the statement's text and the error do not tell what to ask, or when the query would
    need something that the migration itself has made."""
    failed = statements[-1]
    ask = _QUESTIONS.get(error.sqlstate, _data_exception if error.sqlstate.startswith("22") else None)
    if ask is None:
        return None
    try:
        question = ask(Case(failed, read(failed), error, known, dict(_enums(statements))))
    except Unreadable:
        return None
    if question is None or not _askable(question, known):
        return None
    return Preflight(question.sql, question.expect, question.reason, path, failed.line)


def _enums(statements: Sequence[Statement]) -> Iterator[tuple[Name, tuple[str, ...]]]:
    for statement in statements:
        if statement.text[:6].lower() == "create":  # spares reading every other statement
            yield from ((action.type, action.values) for action in read(statement) if isinstance(action, CreateEnum))


def _askable(question: Question, known: Known) -> bool:
    """Each table that the query reads was there before, under its name, and the query mentions no relation and no
    column that was not."""
    mentioned = set(_names(question.sql))
    old_names = {relation.name for relation in known.before.values()}
    for oid, now in known.now.items():
        before = known.before.get(oid)
        columns = {column.name for column in before.columns.values()} if before else set()
        new = {column.name for column in now.columns.values()} - columns
        if now.name.name in mentioned and (now.name not in old_names or (before and new & mentioned)):
            return False
    lasting = {now.name for oid, now in known.now.items() if oid in known.before and known.before[oid].name == now.name}
    return lasting.issuperset(question.tables)


def _names(sql: str) -> Iterator[str]:
    for token in tokens(sql):
        if token.kind == WORD:
            yield token.word
        elif token.kind == QUOTED:
            yield token.text[1:-1].replace('""', '"')
