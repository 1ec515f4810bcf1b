"""What has to be confirmed before merging: by a person, or by what was seen when the migrations ran. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from workers.model import Level
from workers.policy import Policy
from workers.report import phrases, promises
from workers.report.chapters import Chapter, cause_id, chapters, texts_of, whole
from workers.report.point import Point, Scope, as_line, first_sentence
from workers.report.together import asked_together, seen
from workers.report.words import count, tick
from workers.verdict import Finding, JudgedMigration, Report, Unread

LIMIT = 40
_FAILS = frozenset({"migration-fails", "concurrently-in-transaction"})


def points(report: Report, policy: Policy, most: int | None = LIMIT) -> tuple[Point, ...]:
    """What applies to this pull request: findings first, the worst ones before the others, then what is asked about the
    whole, then what the machine has seen. Nothing is asked of people where all is safe, proven and read.

    most: where there are more points, they are made of the whole pull request instead of each migration. None: they
    never are, and each has the id that it has in a report of its migration alone.
    """
    scope = Scope(report, policy, whole(report))
    found = _made(scope, chapters(report))
    if most is None:
        return found
    return _distinct(found if len(found) <= most else _made(scope, (scope.all,)))


def _made(scope: Scope, parts: Sequence[Chapter]) -> tuple[Point, ...]:
    of_parts = [(level, _apart(scope, part, point)) for part in parts for level, point in _of_part(scope, part)]
    of_parts.sort(key=lambda pair: -pair[0])
    of_all = (_apart(scope, scope.all, point) for point in (*asked_together(scope), *seen(scope)))
    return tuple(map(as_line, (*(point for _, point in of_parts), *of_all)))


def _apart(scope: Scope, part: Chapter, point: Point) -> Point:
    """Where a repository has several projects, the same in another one is another cause."""
    paths = {migration.path for migration in part.migrations}
    of = [one.directory for one in scope.report.projects if any(each.path in paths for each in one.migrations)]
    if not of:
        return point
    label = f"{', '.join(of)} {point.label}" if scope.report.several else point.label
    return replace(point, id=cause_id(point.id, of, ()), label=label)


def _distinct(found: Iterable[Point]) -> tuple[Point, ...]:
    """The same statement twice makes the same cause twice; the ids differ all the same."""
    before: Counter[str] = Counter()
    told = []
    for point in found:
        number = before[point.id]
        before[point.id] += 1
        told.append(replace(point, id=cause_id(point.id, (str(number),), ())) if number else point)
    return tuple(told)


def _of_part(scope: Scope, part: Chapter) -> Iterator[tuple[Level, Point]]:
    """With the level that it is sorted by. Of a migration that fails, it goes without saying that what follows was not
    run, and of one that was not run, that its rollback was not tried."""
    asked = {(query.path, query.line) for query in part.preflight} if scope.checklist.asks("preflight") else set()
    told = replace(part, findings=tuple(finding for finding in part.findings if not _covered(finding, asked)))
    for rule, findings in told.of_rule():
        yield findings[0].level, _finding(scope, part, rule, findings)
    if asked:
        yield Level.SAFE, _preflight(scope, part)
    failing = {finding.path for finding in part.findings if finding.rule in _FAILS}
    if unread := tuple(item for item in part.unread if item.path not in failing):
        yield Level.SAFE, _unread(scope, part, unread)
    told_of = failing | {item.path for item in part.unread}
    unproven = tuple(
        one for one in part.added if one.path not in told_of and not (one.rollback and one.rollback.proven)
    )
    if unproven and scope.checklist.asks("rollback"):
        yield Level.SAFE, _rollback(scope, unproven)


def _covered(finding: Finding, asked: Iterable[tuple[str, int]]) -> bool:
    """A pre-flight query asks better whether the real rows are refused."""
    return finding.rule == "rows-rejected" and (finding.path, finding.line) in asked


def _finding(scope: Scope, part: Chapter, rule: str, findings: Sequence[Finding]) -> Point:
    objects = tuple(dict.fromkeys(finding.object for finding in findings))
    level = findings[0].level
    also = " and others" if len(objects) > 1 else ""
    return Point(
        cause_id(rule, objects, part.texts(findings)),
        rule,
        f"{rule} {objects[0]}{also}",
        f"{phrases.MARKS[level]} {promises.of_findings(rule, findings)}",
        f"{tick(rule)} {_where(scope, findings)}: {first_sentence(findings[0].message)}",
        scope.checklist.confirmed_by(rule, level.word),
    )


def _where(scope: Scope, findings: Sequence[Finding]) -> str:
    """`20260413_orders` lines 2, 5 and 8."""
    names = phrases.called(scope.report)
    paths = tuple(dict.fromkeys(names.get(finding.path, finding.path) for finding in findings))
    if len(paths) > 1:
        return f"in {promises.few(paths)}"
    told = len(scope.report.migrations) > 1 or paths[0] not in names.values()
    return f"{f'{tick(paths[0])} ' if told else ''}{promises.lines(finding.line for finding in findings)}"


def _preflight(scope: Scope, part: Chapter) -> Point:
    paths = {query.path for query in part.preflight}
    called = phrases.called(scope.report)
    names = tuple(called[one.path] for one in part.migrations if one.path in paths) or tuple(sorted(paths))
    first = part.preflight[0]
    return Point(
        cause_id("preflight", (), tuple(query.sql for query in part.preflight)),
        "preflight",
        f"preflight {names[0]}",
        promises.preflight(len(part.preflight), names),
        f"line {first.line} passes when the answer is {tick(first.expect)}: {first.reason}",
        scope.checklist.confirmed_by("preflight", "rows-rejected"),
    )


def _unread(scope: Scope, part: Chapter, items: Sequence[Unread]) -> Point:
    first, paths = items[0], {item.path for item in items}
    also = f" (and {count(len(items) - 1, 'more part')})" if len(items) > 1 else ""
    return Point(
        cause_id("unread", (), texts_of(one for one in part.migrations if one.path in paths) or (first.reason,)),
        "unread",
        f"unread {first.path}",
        promises.unread(items),
        f"{first.reason}{also}",
        scope.checklist.confirmed_by("unread"),
    )


def _rollback(scope: Scope, unproven: Sequence[JudgedMigration]) -> Point:
    called = phrases.called(scope.report)
    names = tuple(called[migration.path] for migration in unproven)
    undo = unproven[0].rollback
    why = "; ".join(phrases.shortfalls(undo)) if undo else "there is no rollback SQL"
    return Point(
        cause_id("rollback", (), texts_of(unproven)),
        "rollback",
        f"rollback {names[0]}",
        promises.rollback(names),
        why or "it was not tried",
        scope.checklist.confirmed_by("rollback"),
    )
