"""Runs the rules on a statement, and gives what they find the policy's levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from workers.policy import Policy
from workers.rules import RULES, STEP_RULES
from workers.rules.partitions import told_once
from workers.rules.rule import Step
from workers.verdict import Finding

_OPT_IN = frozenset(rule.name for rule in RULES if rule.opt_in)


def found(step: Step) -> tuple[Finding, ...]:
    """What all rules say about a statement, each seeing what those before it said. Also those that the policy switches
    off: a later one would say the same in its place. Only those that nobody has asked for are not run."""
    asked = {setting.name for setting in step.policy.rules}
    for rule in STEP_RULES:
        if rule.opt_in and rule.name not in asked:
            continue
        if more := tuple(rule.check(step)):
            step = replace(step, found=(*step.found, *more))
    return told_once(step.found, step.partitions)


def at_policy_levels(findings: Iterable[Finding], policy: Policy) -> Iterator[Finding]:
    """The findings at the levels that the policy gives their rules, without those of rules that are off."""
    for finding in findings:
        level = policy.level(finding.rule, None if finding.rule in _OPT_IN else finding.level)
        if level is not None:
            yield replace(finding, level=level)
