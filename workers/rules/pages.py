"""The rules' pages: what a finding links to, what `explain` prints, and SQL that the tests hold to its word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources

from workers.model import Transaction
from workers.rules import RULES
from workers.rules.rule import Documented, Rule

_SECTION = re.compile(r"^## (\w[^\n]*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FINDS = re.compile(r"--\s*finds:\s*([\w-]+(?:\s*,\s*[\w-]+)*)\s*$")
_SERVER = re.compile(r"^--\s*server:\s*(\d+)$", re.MULTILINE)
_RUNNER = re.compile(r"^--\s*runner:\s*([\w-]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A block of SQL, as one migration. finds: what must be found and nothing else, by line from 1 and rule's name, in
    order. A marker behind a statement is for the line it is on, one that has a line of its own for the next line.
    since: the first major version of PostgreSQL that takes it, where the block says so: "-- server: 18"."""

    sql: str
    transaction: Transaction  # each statement by itself, unless the block says "-- runner: file"
    finds: tuple[tuple[int, str], ...]
    since: int = 0


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
    """docs/rules.md: every rule in order, with its level and what it says; every hazard with the rules that find it, or
    why none does."""
    rows = "".join(
        f"| {_link(rule.name)} | {'off' if rule.opt_in else rule.level.word} | {rule.summary} | {_found_by(rule)} |\n"
        for rule in RULES
    )
    told = hazards()
    found = [hazard for hazard in told if hazard.rules]
    count = f"{len(told)} hazards, of which {len(found)} are found and {len(told) - len(found)} are not.\n"
    return _INDEX + rows + _HAZARDS + count + "".join(_hazard(hazard) for hazard in _headed(told))


@dataclass(frozen=True, slots=True)
class Hazard:
    """What can go wrong, and the rules that find it; without any, why there are none. group: a heading of its own where
    it is the first of its group."""

    group: str
    what: str
    rules: tuple[str, ...]
    why_not: str


def hazards() -> tuple[Hazard, ...]:
    """The rows of hazards.txt."""
    text = resources.files("workers.rules").joinpath("hazards.txt").read_text(encoding="utf-8")
    rows = ([part.strip() for part in line.split("|")] for line in text.splitlines() if not line.startswith("#"))
    return tuple(_hazard_of(*row) for row in rows)


def _hazard_of(group: str, what: str, told: str) -> Hazard:
    if told.startswith("- "):
        return Hazard(group, what, (), told.removeprefix("- "))
    return Hazard(group, what, tuple(name.strip() for name in told.split(",")), "")


def _headed(told: Sequence[Hazard]) -> Iterator[Hazard]:
    """The group's name only where it begins."""
    before = ""
    for hazard in told:
        yield replace(hazard, group="" if hazard.group == before else hazard.group)
        before = hazard.group


def _hazard(hazard: Hazard) -> str:
    heading = f"\n### {hazard.group}\n\n| hazard | found by |\n|---|---|\n" if hazard.group else ""
    by = ", ".join(map(_link, hazard.rules)) or f"no rule: {hazard.why_not}"
    return f"{heading}| {hazard.what} | {by} |\n"


def _link(name: str) -> str:
    return f"[{name}](../workers/rules/{name.replace('-', '_')}.md)"


def _found_by(rule: Documented) -> str:
    if rule.needs_server:
        return "running it"
    return "text or running it" if isinstance(rule, Rule) else "the files"


def _block(section: str) -> str:
    found = _FENCE.search(section)
    return found[1] if found else ""


def _example(sql: str) -> Example:
    runner, server = _RUNNER.search(sql), _SERVER.search(sql)
    finds: list[tuple[int, str]] = []
    for number, line in enumerate(sql.splitlines(), 1):
        if marker := _FINDS.search(line):
            alone = line.lstrip().startswith("--")
            finds += [(number + 1 if alone else number, name.strip()) for name in marker[1].split(",")]
    transaction = Transaction(runner[1]) if runner else Transaction.STATEMENT
    return Example(sql, transaction, tuple(finds), int(server[1]) if server else 0)


_INDEX = """# Rules

What migration-bot looks for, in the order in which it looks. Each name leads to a page with examples. The last column
says what a rule needs: the statement's text is enough for most, and running it makes them sure.

A level is the highest of its findings. The levels can be changed, and rules switched off, in `.github/migrations.yml`;
a rule that is off is switched on there, by the level it is to have. A single statement is excused by
`-- migration-bot: allow NAME because REASON` above it.

| rule | level | what it says | found by |
|---|---|---|---|
"""

_HAZARDS = """
## Hazards

What is known to go wrong in migrations, and what finds it here. Where nothing does, the reason is told.

"""
