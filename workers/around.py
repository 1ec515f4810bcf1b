"""What is found in the files around the migrations: only what the pull request brings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workers.code import ChangedFile, TextFile
from workers.policy import Policy
from workers.rules import FILE_RULES
from workers.rules.names import NAMES
from workers.suppressions import Suppression, apply, problems
from workers.verdict import Finding

_Key = tuple[str, str, bool, str]
_OURS = re.compile(r"#[ \t]*(?P<text>migration-bot[ \t]*:[^\n\r]*)")
_ALLOW = re.compile(r"allow\s+(?P<rule>\S+)(?:\s+because(?:\s+(?P<reason>\S.*))?)?")


def around(files: Sequence[ChangedFile], policy: Policy) -> tuple[Finding, ...]:
    """The findings that are new, at the policy's levels, in the files' order and by line. What a file had before is not
    new, nor what another one has lost to a place that is no worse: it was moved."""
    compared = [_compared(file) for file in files]
    lost = [finding for _, gone in compared for finding in gone]
    found: list[Finding] = []
    for finding in (finding for new, _ in compared for finding in new):
        moved = next((gone for gone in lost if _cause(gone) == _cause(finding) and gone.level >= finding.level), None)
        if moved is None:
            found.append(finding)
        else:
            lost.remove(moved)
    levels = ((finding, policy.level(finding.rule, finding.level)) for finding in found)
    return tuple(replace(finding, level=level) for finding, level in levels if level is not None)


def _compared(file: ChangedFile) -> tuple[list[Finding], list[Finding]]:
    """What the file has now and had not, and what it had and has not. A command once more, or in another place, is
    new."""
    known: dict[_Key, list[Finding]] = {}
    for before in file.before:
        for key, findings in _by_key(_all(before)).items():
            known[key] = max(known.get(key, []), findings, key=len)
    new = [finding for finding in _all(file.after) if not _taken(known.get(_key(finding), []))]
    return new, [finding for findings in known.values() for finding in findings]


def _by_key(found: Sequence[Finding]) -> dict[_Key, list[Finding]]:
    keyed: dict[_Key, list[Finding]] = {}
    for finding in found:
        keyed.setdefault(_key(finding), []).append(finding)
    return keyed


def _taken(findings: list[Finding]) -> bool:
    """Takes one of them away, if there is one."""
    return bool(findings) and findings.pop() is not None


def _cause(finding: Finding) -> tuple[str, str, bool]:
    return finding.rule, finding.object, finding.allowed is None


def _key(finding: Finding) -> _Key:
    return *_cause(finding), finding.message


def _all(file: TextFile) -> tuple[Finding, ...]:
    """All findings of one state of a file; a comment excuses those in its line and in the next that is no comment."""
    found = [finding for rule in FILE_RULES for finding in rule.check(file)]
    suppressions = tuple(_suppressions(file.text))
    judged: list[Finding] = []
    used: frozenset[Suppression] = frozenset()
    for finding in found:
        allowed, spent = apply((finding,), [each for each in suppressions if each.statement == finding.line], NAMES)
        judged += allowed
        used |= spent
    judged += problems(suppressions, frozenset(suppressions) - used, NAMES, file.path)
    return tuple(sorted(judged, key=lambda finding: finding.line))


def _suppressions(text: str) -> Iterator[Suppression]:
    if "migration-bot" not in text:
        return
    rows = text.splitlines()
    for index, row in enumerate(rows):
        if ours := _OURS.search(row):
            allow = _ALLOW.fullmatch(ours["text"].partition(":")[2].strip())
            line = index + 1
            if row.lstrip().startswith("#"):
                line = next((at + 1 for at in range(index + 1, len(rows)) if _is_code(rows[at])), line)
            rule, reason = (allow["rule"], allow["reason"]) if allow else (None, None)
            yield Suppression(line, index + 1, rule, reason, ours["text"].strip())


def _is_code(row: str) -> bool:
    return bool(row.strip()) and not row.lstrip().startswith("#")
