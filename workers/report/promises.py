"""What a person takes responsibility for, in one sentence for each rule and each question about the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workers.report.words import count, tick
from workers.verdict import Finding, Unread

_SHOWN = 3  # of the objects that one sentence is about
_LINES = 4  # that are named
_NAME_CHARS = 70

# {objects}: what the findings are about. {number}: how many indexes.
_OF_RULE = {
    "table-dropped": "No running code uses {objects}, and nobody needs the rows",
    "column-replaced": "The values of {objects} may go: this is no rename, and no running code uses the old column",
    "column-dropped": "No running code uses {objects}, and nobody needs the values",
    "all-rows-deleted": "Nobody needs the rows of {objects}, which are all deleted",
    "primary-key-changed": "Code, foreign keys and replication are ready for another primary key of {objects}",
    "relation-changed": "Nothing relies on {objects} as the foreign key was",
    "concurrently-in-transaction": "It is settled how {objects} gets applied, as its runner will refuse it",
    "migration-fails": "It is settled how {objects} gets applied, as it fails here and holds up what follows",
    "renamed": "No running code uses {objects} by the old name",
    "required-column-added": "Running code copes with {objects} being required",
    "not-null-set": "No running code writes NULL to {objects}",
    "table-rewritten": "Whatever needs {objects} may wait while each row is written anew",
    "index-not-concurrent": "Whatever needs {objects} may wait while {number} built",
    "constraint-validated-at-once": "Whatever writes may wait while every row is checked for {objects}",
    "all-rows-updated": "Whatever writes to {objects} may wait until all rows are updated",
    "rows-rejected": "The real rows of {objects} are none of those that were refused here",
    "blocking-work": "Whatever needs {objects} may wait while each row is gone through",
    "hot-table-lock": "Queries on {objects} may queue up behind the lock, or a lock_timeout keeps that short",
    "merged-migration-changed": "Databases that ran {objects} have been seen to, as they will not run it again",
    "schema-not-as-declared": "The client and the database may differ in {objects} until a migration follows",
    "migration-out-of-order": "Databases may run {objects} before or after the merged ones",
    "dropped-by-cascade": "Nothing needs {objects}, nor what CASCADE drops with it",
    "object-dropped": "No running code uses {objects}",
    "soft-delete-bypassed": "The rows of {objects} may really go, and not only be marked as deleted",
    "guarantee-dropped": "Nothing relies on what {objects} guarantees",
    "index-in-use-dropped": "No query needs {objects}, or another index serves it",
    "table-unlogged": "The rows of {objects} may be lost in a crash",
    "type-narrowed": "Nobody needs what the values of {objects} lose",
    "transaction-left-open": "It is settled how {objects} gets committed",
    "transaction-ended-early": "It may stay half applied if what follows fails in {objects}",
    "nothing-created": "What is there already under the name of {objects} is the same in every database",
    "enum-value-renamed": "Running code copes with the new name of {objects}",
    "enum-value-removed": "No row and no running code has the values that {objects} loses",
    "default-dropped": "Running code gives a value for {objects} in each INSERT",
    "constraint-not-enforced": "Nothing relies on {objects}, which nobody checks",
    "invalid-index-kept": "Whoever runs it again makes sure that {objects} is valid",
    "concurrently-under-timeout": "Whoever runs it looks for an invalid index after a timeout of {objects}",
    "foreign-key-not-indexed": "Nobody deletes rows that {objects} refers to, or the wait does not matter",
    "rows-hidden": "Whoever needs the rows of {objects} owns the table or may pass row level security",
    "rows-shown": "Everybody with a privilege on {objects} may see all of its rows",
    "time-zone-assumed": "Every server's TimeZone is UTC where {objects} is changed",
    "trigger-disabled": "What the triggers of {objects} would do is not needed, foreign keys with them",
    "replica-identity-changed": "Nothing replicates UPDATE or DELETE of {objects}",
    "autovacuum-off": "Somebody vacuums {objects}, and switches autovacuum on again",
    "sequence-set-back": "No row has a number that {objects} will give out again",
    "extension-updated": "The new version of {objects} was tried on staging",
    "privilege-revoked": "Nothing that runs needs the privilege on {objects}",
    "granted-to-everyone": "Everybody who can connect may use {objects}",
    "definer-without-search-path": "Nobody can put an object of their own on the path of {objects}",
    "server-setting-changed": "All other users of the server can live with {objects}",
    "lock-held-through-work": "Whatever needs {objects} may wait until the long work behind it is done",
    "table-locked": "Whatever needs {objects} may wait until the transaction ends",
    "no-lock-timeout": "Queries behind {objects} may wait for as long as it waits itself",
    "cached-plan-broken": "Connections with prepared statements on {objects} are opened anew afterwards",
    "index-redundant": "{objects} is wanted beside the index that serves the same",
    "index-too-wide": "{objects} is worth its size and what each write costs",
    "hash-index": "{objects} is wanted as a hash index",
    "json-column": "Nothing compares, sorts or groups by {objects}",
    "table-without-key": "Rows of {objects} need no key, also for replication",
    "key-may-run-out": "{objects} will never need more numbers than its type has",
    "delete-cascades": "Deleting the parent of {objects} may delete all that depends on it",
    "insert-without-columns": "The columns of {objects} are in the same order in every database",
    "naming": "{objects} is named so on purpose",
    "several-changes": "{objects} belongs together, and may fail together",
    "migration-number-taken": "The runner keeps the migrations with the number of {objects} apart",
    "migration-list-stale": "The runner takes {objects} all the same, or the file is made anew before it runs",
    "vague-name": "Everybody knows what {objects} is about",
    "dangerous-command": "{objects} cannot reach a database whose data matters",
    "down-does-not-restore": "Whoever goes back from {objects} does not rely on its down file",
    "suppression": "The suppression of {objects} may stand, though it does not work",
}
RULES_TOLD = frozenset(_OF_RULE)
BACKUP = "A backup from right before deploying can be restored: nothing else brings back what is lost"
STAGING = "Staging has been migrated with this, and the application works there"
STAGING_REASON = "what was tried here were a few made-up rows, without your code"
WINDOW_REASON = "nobody can read or write meanwhile, and how long that is grows with the rows"


def of_findings(rule: str, findings: Sequence[Finding]) -> str:
    """What is confirmed about findings of one rule. Where it is about more than one place, it says how many."""
    frame = _OF_RULE.get(rule, "{objects}: what is found there is as it should be")
    number = f"{count(len(findings), 'index is', 'indexes are')}"
    said = frame.format(objects=few(finding.object for finding in findings), number=number)
    told = len(findings) == 1 or "{number}" in frame
    return said if told else f"{said} ({len(findings):,} findings)"


def few(objects: Iterable[str]) -> str:
    """`public.a`, `public.b` and 3 more, each once."""
    names = list(dict.fromkeys(objects))
    shown = [tick(_shortened(name)) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        return f"{', '.join(shown)} and {len(names) - _SHOWN:,} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def lines(numbers: Iterable[int]) -> str:
    """line 5; lines 2, 5, 8, 9 and 3 more."""
    told = sorted(set(numbers))
    shown = ", ".join(map(str, told[:_LINES]))
    also = f" and {len(told) - _LINES:,} more" if len(told) > _LINES else ""
    return f"line{'s' if len(told) > 1 else ''} {shown}{also}"


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_CHARS else f"{name[: _NAME_CHARS - 1]}…"


def window(tables: Iterable[str]) -> str:
    """What is confirmed about tables that nobody can read for a while."""
    return f"A time is agreed on for deploying, when {few(tables)} may be blocked"


def preflight(number: int, migrations: Sequence[str]) -> str:
    """What is confirmed about so many queries."""
    queries = "pre-flight query of {} answers" if number == 1 else f"{number:,} pre-flight queries of {{}} answer"
    return f"The {queries.format(few(migrations))} as expected on production"


def unread(items: Sequence[Unread]) -> str:
    """What is confirmed about parts that were not analysed."""
    paths = dict.fromkeys(item.path for item in items)
    where = f"{few(paths)} {lines(item.line for item in items)}" if len(paths) == 1 else few(paths)
    return f"Read by a person, as it could not be analysed: {where}"


def rollback(migrations: Sequence[str]) -> str:
    """What is confirmed about migrations whose rollback is not proven."""
    return f"It is known how to get back from {few(migrations)}: the way is not proven"
