"""The rules' pages: what a finding links to, what `explain` prints, and SQL that the tests hold to its word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from workers.model import Transaction
from workers.rules import RULES
from workers.rules.rule import Documented, Rule

_SECTION = re.compile(r"^## (\w[^\n]*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FINDS = re.compile(r"--\s*finds:\s*([\w-]+(?:\s*,\s*[\w-]+)*)\s*$")
_RUNNER = re.compile(r"^--\s*runner:\s*([\w-]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A block of SQL, as one migration. finds: what must be found and nothing else, by line from 1 and rule's name, in
    order. A marker behind a statement is for the line it is on, one that has a line of its own for the next line."""

    sql: str
    transaction: Transaction  # each statement by itself, unless the block says "-- runner: file"
    finds: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's page. setup: the schema of the base branch; policy: the repository's policy file. Both may be "".
    Rules about the set of files have no examples."""

    summary: str
    policy: str
    setup: str
    unsafe: Example | None
    safe: Example | None
    text: str


def page(rule: Documented) -> Page:
    """The page of a rule, from the file of its name."""
    text = resources.files("workers.rules").joinpath(f"{stem(rule)}.md").read_text(encoding="utf-8")
    sections = {found[1]: found[2] for found in _SECTION.finditer(text)}
    return Page(
        summary=text.split("\n\n")[1].strip(),
        policy=_block(sections.get("Policy", "")),
        setup=_block(sections.get("Setup", "")),
        unsafe=_example(_block(sections["Unsafe"])) if "Unsafe" in sections else None,
        safe=_example(_block(sections["Safe"])) if "Safe" in sections else None,
        text=text,
    )


def stem(rule: Documented) -> str:
    """The name of the rule's files, without their endings."""
    return rule.name.replace("-", "_")


def index() -> str:
    """docs/rules.md: every rule with its level and what it says, in order."""
    rows = "".join(
        f"| [{rule.name}](../workers/rules/{stem(rule)}.md) | {rule.level.word} | {rule.summary} |"
        f" {_found_by(rule)} |\n"
        for rule in RULES
    )
    return _INDEX + rows + _NOT_YET


def _found_by(rule: Documented) -> str:
    if not isinstance(rule, Rule):
        return "the files"
    return "running it" if rule.needs_server else "text or running it"


def _block(section: str) -> str:
    found = _FENCE.search(section)
    return found[1] if found else ""


def _example(sql: str) -> Example:
    runner = _RUNNER.search(sql)
    finds: list[tuple[int, str]] = []
    for number, line in enumerate(sql.splitlines(), 1):
        if marker := _FINDS.search(line):
            alone = line.lstrip().startswith("--")
            finds += [(number + 1 if alone else number, name.strip()) for name in marker[1].split(",")]
    return Example(sql, Transaction(runner[1]) if runner else Transaction.STATEMENT, tuple(finds))


_INDEX = """# Rules

What migration-bot looks for, in the order in which it looks. Each name leads to a page with examples. The last column
says what a rule needs: the statement's text is enough for most, and running it makes them sure.

A level is the highest of its findings. The levels can be changed, and rules switched off, in `.github/migrations.yml`;
a single statement is excused by `-- migration-bot: allow NAME because REASON` above it.

| rule | level | what it says | found by |
|---|---|---|---|
"""

_NOT_YET = """
## What no rule looks at yet

These statements are run, and their locks and their rollback are shown, but what they break in running code is not
judged: dropped or replaced views, functions, types and sequences; renamed enum values; dropped defaults and NOT NULL;
triggers, rules, policies, privileges and owners; settings of databases and roles. Names, comments and style are never
judged.
"""
