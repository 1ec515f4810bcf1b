"""Reads suppressions out of a migration's comments: -- migration-bot: allow NAME because REASON."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from workers.model import Script, Statement
from workers.rules import SUPPRESSION
from workers.verdict import Finding

_COMMENT = re.compile(r"/\*|--[^\r\n]*")
_EDGE = re.compile(r"/\*|\*/")
_OURS = re.compile(r"--\s*migration-bot\s*:\s*(?P<rest>.*?)\s*$")
_ALLOW = re.compile(r"allow\s+(?P<rule>\S+)(?:\s+because(?:\s+(?P<reason>\S.*))?)?")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One such comment. rule is None when the comment could not be understood; reason is None when it gives none."""

    statement: int | None  # index of the statement it stands above; None behind the last one
    line: int
    rule: str | None
    reason: str | None
    text: str  # the comment without its --


def read_suppressions(script: Script) -> tuple[Suppression, ...]:
    """Those above each statement, in file order. One behind a statement, on its last line, is that statement's: the
    next one must not be allowed by accident. The head of the file is above its first statement."""
    found: list[Suppression] = []
    before: Statement | None = None
    for index, statement in enumerate(script.statements):
        start = statement.line - statement.lead.count("\n")
        found += _in_gap(statement.lead, start, before, (index - 1, index))
        before = statement
    start = before.line + before.text.count("\n") if before else 1
    found += _in_gap(script.tail, start, before, (len(script.statements) - 1, None))
    return tuple(found)


def apply(
    findings: Sequence[Finding], suppressions: Sequence[Suppression], rules: Collection[str]
) -> tuple[tuple[Finding, ...], frozenset[Suppression]]:
    """One statement's findings, those that are allowed marked with the reason, and the suppressions that were used.

    rules: the names there are. A suppression without a reason, or of an unknown rule, allows nothing.
    """
    valid = {s.rule: s for s in reversed(suppressions) if s.rule in rules and s.reason}
    used = {s for s in suppressions if valid.get(s.rule) is not None and any(f.rule == s.rule for f in findings)}
    allowed = tuple(replace(f, allowed=valid[f.rule].reason) if f.rule in valid else f for f in findings)
    return allowed, frozenset(used)


def problems(
    suppressions: Sequence[Suppression], unused: Collection[Suppression], rules: Collection[str], path: str
) -> Iterator[Finding]:
    """A finding for each suppression that cannot work: no reason, no such rule, not understood, nothing to allow."""
    for suppression in suppressions:
        wrong = _wrong(suppression, rules)
        if wrong is None and suppression in unused:
            wrong = (
                f"Nothing here is {suppression.rule}: remove the suppression, or put it above the statement it is for."
            )
        if wrong is not None:
            name = suppression.rule or "migration-bot"
            yield Finding(SUPPRESSION.name, SUPPRESSION.level, path, suppression.line, name, wrong)


def _wrong(suppression: Suppression, rules: Collection[str]) -> str | None:
    if suppression.rule is None:
        return f'"{suppression.text}" is not understood. Write: -- migration-bot: allow NAME because REASON.'
    if suppression.rule not in rules:
        close = difflib.get_close_matches(suppression.rule, sorted(rules), n=1)
        return f"There is no rule {suppression.rule}" + (f"; did you mean {close[0]}?" if close else ".")
    if suppression.reason is None:
        return f"The suppression of {suppression.rule} gives no reason, so it allows nothing: add because REASON."
    return None


def _in_gap(text: str, line: int, before: Statement | None, around: tuple[int, int | None]) -> Iterator[Suppression]:
    """The suppressions in all that stands between two statements, from `line` on. around: the indexes of the two."""
    if "migration-bot" not in text:
        return
    data = text.find(before.copy_data) if before is not None and before.copy_data else -1
    if before is not None and before.copy_data and data >= 0:
        # Lines of COPY data are no comments, whatever they look like: blank them out, keeping the count of lines.
        end = data + len(before.copy_data)
        text = text[:data] + "\n" * before.copy_data.count("\n") + text[end:]
    for start, comment in _comments(text):
        if ours := _OURS.match(comment):
            trailing = before is not None and "\n" not in text[:start]
            allow = _ALLOW.fullmatch(ours["rest"])
            yield Suppression(
                statement=around[0] if trailing else around[1],
                line=line + text.count("\n", 0, start),
                rule=allow["rule"] if allow else None,
                reason=allow["reason"] if allow else None,
                text=comment[2:].strip(),
            )


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """The -- comments of text that is nothing but comments, blanks and semicolons; those inside /* */, which nests
    (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS), are none."""
    position = 0
    while (found := _COMMENT.search(text, position)) is not None:
        position = found.end()
        if found[0] != "/*":
            yield found.start(), found[0]
            continue
        depth = 1
        while depth and (edge := _EDGE.search(text, position)) is not None:
            depth += 1 if edge[0] == "/*" else -1
            position = edge.end()
        if depth:
            return
