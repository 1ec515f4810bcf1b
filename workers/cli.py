"""The terminal face of the straight line: arguments in, report and exit code out."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from workers.errors import CannotAnalyse, InputError, Refused, Unreachable
from workers.model import Level
from workers.report.as_json import to_json
from workers.report.markdown import to_markdown
from workers.report.terminal import render_terminal, replay_progress
from workers.rules import RULES
from workers.rules.names import meant
from workers.verdict import Report

if TYPE_CHECKING:
    from workers.review import Machine

CLEAN, FOUND, WRONG_INPUT, NOT_ANALYSED = range(4)

_NEVER = "never"


def run(arguments: Sequence[str], machine: Callable[[], Machine]) -> int:
    """Runs one command; returns its exit code: 0 clean, 1 findings at or above --fail-on, 2 usage or input error,
    3 could not analyse. machine: called where one is needed, as what it takes is slow to import."""
    asked = _parser().parse_args(arguments)  # leaves with 2 by itself
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter ends no review
    # Leaving by an exception lets every server be stopped and every folder be erased.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return _COMMANDS[asked.command](asked, machine)
    except InputError as error:
        print(f"migration-bot: {error}", file=sys.stderr)
        return WRONG_INPUT
    except CannotAnalyse as error:
        print(f"migration-bot: {error}", file=sys.stderr)
        return NOT_ANALYSED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def exit_code(report: Report, fail_on: str) -> int:
    """A finding is a finding whatever was left unread; else what was left unread must not look clean."""
    if fail_on != _NEVER and report.level >= Level.from_word(fail_on):
        return FOUND
    return NOT_ANALYSED if report.unread else CLEAN


# ---------------------------------------------------------------- commands


def _review(asked: argparse.Namespace, machine: Callable[[], Machine]) -> int:
    from workers.reading import Asked
    from workers.review import review  # here, as lint needs no server

    errors = Console(stderr=True)
    wanted = Asked(asked.repo, asked.base, asked.head, asked.path, run_commands=asked.run_commands)
    report = review(wanted, machine(), lambda total: replay_progress(errors, total))
    return _show(report, asked)


def _lint(asked: argparse.Namespace, machine: Callable[[], Machine]) -> int:
    from workers.linted import lint_files  # here: no server is asked, so nothing of the rehearsal is needed

    return _show(lint_files(asked.files, asked.since), asked)


def _show(report: Report, asked: argparse.Namespace) -> int:
    _FORMATS[asked.format](report)
    return exit_code(report, asked.fail_on)


def _as_text(report: Report) -> None:
    width, height = Console().size  # asked for once, not for each line
    with Console(width=width, height=height) as console:  # which then writes once
        render_terminal(report, console)


def _as_markdown(report: Report) -> None:
    print(to_markdown(report))


def _as_json(report: Report) -> None:
    print(json.dumps(to_json(report), indent=2, ensure_ascii=False))


_FORMATS: dict[str, Callable[[Report], None]] = {"text": _as_text, "markdown": _as_markdown, "json": _as_json}


def _audit(asked: argparse.Namespace, machine: Callable[[], Machine]) -> int:
    from workers.audit import Asked, audit
    from workers.report.audit_json import audit_to_json
    from workers.report.audit_markdown import audit_to_markdown
    from workers.report.audit_text import render_audit

    errors = Console(stderr=True)
    wanted = Asked(asked.path, asked.repo, asked.rev, asked.fresh)
    found = audit(wanted, machine(), lambda total: replay_progress(errors, total, "Auditing the history"))
    if asked.format == "json":
        print(json.dumps(audit_to_json(found, with_sql=asked.sql), indent=2, ensure_ascii=False))
    elif asked.format == "markdown":
        print(audit_to_markdown(found, with_sql=asked.sql))
    else:
        render_audit(found, Console(), with_sql=asked.sql)
    return FOUND if found.unproven else CLEAN


def _drift(asked: argparse.Namespace, machine: Callable[[], Machine]) -> int:
    from workers.audit.place import Asked, find
    from workers.environments.live import live_drift
    from workers.environments.seen import named_by
    from workers.report.drift_json import drift_to_json
    from workers.report.drift_markdown import drift_to_markdown
    from workers.report.drift_text import render_drift

    url = asked.url or os.environ.get("DATABASE_URL", "")
    if not url:
        raise InputError("name the database: migration-bot drift URL, or DATABASE_URL in the environment")
    errors = Console(stderr=True)
    found = find(Asked(asked.path or ".", asked.repo, asked.rev))
    try:
        drift = live_drift(
            named_by(url),
            found.migrations,
            found.policy,
            machine(),
            lambda total: replay_progress(errors, total, "Replaying what was applied"),
        )
    except Refused as why:
        raise InputError(str(why)) from None
    except Unreachable as why:
        raise CannotAnalyse(str(why)) from None
    if asked.format == "json":
        print(json.dumps(drift_to_json(drift), indent=2, ensure_ascii=False))
    elif asked.format == "markdown":
        print(drift_to_markdown(drift))
    else:
        render_drift(drift, Console())
    return CLEAN if drift.clean else FOUND


def _rules(asked: argparse.Namespace, machine: Callable[[], Machine]) -> int:
    console = Console()
    for rule in RULES:
        level = "off" if rule.opt_in else rule.level.word
        console.print(f"{rule.name:32} {level:10} {rule.summary}", highlight=False, soft_wrap=True)
    return CLEAN


def _explain(asked: argparse.Namespace, machine: Callable[[], Machine]) -> int:
    from rich.markdown import Markdown

    from workers.rules.pages import page

    rule = next((rule for rule in RULES if rule.name == asked.rule), None)
    if rule is None:
        raise InputError(f"there is no rule {asked.rule}{meant(asked.rule)}")
    Console().print(Markdown(page(rule).text))
    return CLEAN


def _doctor(asked: argparse.Namespace, machine: Callable[[], Machine]) -> int:
    from workers.postgres.doctor import examine
    from workers.report.doctor import doctor_lines

    told = machine()
    facts = examine(told.cache, told.postgres)
    print("\n".join(doctor_lines(facts)))
    usable = told.environments is None or _environments_usable(told.environments, told)
    return CLEAN if facts.installations and usable else NOT_ANALYSED


def _environments_usable(path: Path, machine: Machine) -> bool:
    from workers.environments.config import read_environments
    from workers.environments.doctor import environment_lines, examine_environments

    found = examine_environments(read_environments(path, os.environ), path, machine)
    print("\n".join(("", *environment_lines(found))))
    return all(one.usable for one in found)


_COMMANDS: dict[str, Callable[[argparse.Namespace, Callable[[], Machine]], int]] = {
    "review": _review,
    "lint": _lint,
    "audit": _audit,
    "drift": _drift,
    "rules": _rules,
    "explain": _explain,
    "doctor": _doctor,
}


# ---------------------------------------------------------------- arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="migration-bot", description="Reviews PostgreSQL migrations by running them.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    review_ = commands.add_parser("review", help="review what a revision changes against its base branch")
    review_.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="default: the current folder")
    review_.add_argument("--base", metavar="REV", help="default: origin/HEAD, or main")
    review_.add_argument("--head", metavar="REV", help="default: HEAD")
    review_.add_argument("--path", metavar="DIR", help="the migrations folder, from the repository's root")
    review_.add_argument(
        "--run-commands", action="store_true", help="run the policy's command, which runs the code under review"
    )
    lint = commands.add_parser("lint", help="judge SQL files, and files with commands, by their text alone")
    lint.add_argument("files", nargs="+", type=Path, metavar="FILE")
    lint.add_argument("--since", metavar="REV", help="of files with commands: only what they did not hold then")
    audit = commands.add_parser("audit", help="take back each migration of a whole history, and prove it")
    audit.add_argument("path", metavar="PATH", help="a migrations folder, or a project's")
    audit.add_argument("--repo", type=Path, metavar="DIR", help="PATH is from the root of this repository")
    audit.add_argument("--rev", metavar="REV", help="default: HEAD")
    audit.add_argument("--sql", action="store_true", help="with the SQL of each rollback")
    audit.add_argument("--fresh", action="store_true", help="forget what an earlier run has found")
    drift = commands.add_parser("drift", help="hold a live database against what its migrations build")
    drift.add_argument("url", nargs="?", metavar="URL", help="default: DATABASE_URL of the environment")
    drift.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="default: the current folder")
    drift.add_argument("--rev", metavar="REV", help="default: HEAD")
    drift.add_argument("--path", metavar="DIR", help="the migrations folder, from the repository's root")
    for command in (review_, lint, audit, drift):
        command.add_argument("--format", choices=tuple(_FORMATS), default="text")
    for command in (review_, lint):
        levels = [level.word for level in Level if level is not Level.SAFE]
        command.add_argument("--fail-on", choices=(*levels, _NEVER), default=Level.RISKY.word)
    commands.add_parser("rules", help="list the rules")
    explain = commands.add_parser("explain", help="show a rule's page")
    explain.add_argument("rule", metavar="RULE")
    commands.add_parser(
        "doctor", help="what this machine offers: servers, extensions, sandbox; how the environments are"
    )
    return parser
