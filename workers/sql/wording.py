"""Names actions in the words of SQL, and says which of them cannot run in a transaction block."""

from __future__ import annotations

from collections.abc import Iterable

from workers.sql.actions import (
    Action,
    Analyze,
    Cluster,
    Copy,
    CreateIndex,
    Delete,
    Do,
    DropIndex,
    Insert,
    LockTable,
    Merge,
    Opaque,
    Reindex,
    Select,
    SetParameter,
    TransactionControl,
    Truncate,
    Update,
    Vacuum,
)
from workers.sql.object_actions import (
    AlterEnumAddValue,
    AlterObject,
    Comment,
    CreateDomain,
    CreateEnum,
    CreateExtension,
    CreateFunction,
    CreateObject,
    CreateTrigger,
    CreateType,
    CreateView,
    DropObject,
    Grant,
    Refresh,
    RenameEnumValue,
    RenameObject,
    Revoke,
)
from workers.sql.table_actions import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterTableOther,
    AttachPartition,
    CreateTable,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    DropTable,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    SetDefault,
    SetNotNull,
    SetSchema,
    ValidateConstraint,
)

_ALTER = "ALTER TABLE … "
_WORDS: dict[type[Action], str] = {
    DropTable: "DROP TABLE",
    RenameTable: _ALTER + "RENAME TO",
    SetSchema: _ALTER + "SET SCHEMA",
    AddColumn: _ALTER + "ADD COLUMN",
    DropColumn: _ALTER + "DROP COLUMN",
    RenameColumn: _ALTER + "RENAME COLUMN",
    AlterColumnType: _ALTER + "ALTER COLUMN … TYPE",
    SetNotNull: _ALTER + "ALTER COLUMN … SET NOT NULL",
    DropNotNull: _ALTER + "ALTER COLUMN … DROP NOT NULL",
    SetDefault: _ALTER + "ALTER COLUMN … SET DEFAULT",
    DropDefault: _ALTER + "ALTER COLUMN … DROP DEFAULT",
    DropConstraint: _ALTER + "DROP CONSTRAINT",
    ValidateConstraint: _ALTER + "VALIDATE CONSTRAINT",
    RenameConstraint: _ALTER + "RENAME CONSTRAINT",
    AttachPartition: _ALTER + "ATTACH PARTITION",
    DetachPartition: _ALTER + "DETACH PARTITION",
    DropIndex: "DROP INDEX",
    Refresh: "REFRESH MATERIALIZED VIEW",
    Truncate: "TRUNCATE",
    Delete: "DELETE",
    Update: "UPDATE",
    Insert: "INSERT",
    Merge: "MERGE",
    Copy: "COPY",
    Select: "SELECT",
    CreateEnum: "CREATE TYPE … AS ENUM",
    AlterEnumAddValue: "ALTER TYPE … ADD VALUE",
    RenameEnumValue: "ALTER TYPE … RENAME VALUE",
    CreateType: "CREATE TYPE",
    CreateDomain: "CREATE DOMAIN",
    CreateExtension: "CREATE EXTENSION",
    CreateTrigger: "CREATE TRIGGER",
    Analyze: "ANALYZE",
    Cluster: "CLUSTER",
    LockTable: "LOCK TABLE",
    Do: "DO",
    Grant: "GRANT",
    Revoke: "REVOKE",
}


def action_name(actions: tuple[Action, ...]) -> str:
    """The statement in the words of SQL. Several subcommands of one ALTER TABLE are joined, those that repeat counted:
    ALTER TABLE … ADD COLUMN (3), DROP COLUMN."""
    counts: dict[str, int] = {}
    for action in actions:
        words = _words(action) + (" CONCURRENTLY" if getattr(action, "concurrently", False) else "")
        counts[words] = counts.get(words, 0) + 1
    named = [words if count == 1 else f"{words} ({count})" for words, count in counts.items()]
    altering = all(words.startswith(_ALTER) for words in counts)
    return ", ".join([*named[:1], *(words.removeprefix(_ALTER) if altering else words for words in named[1:])])


def _words(action: Action) -> str:
    match action:
        case CreateTable():
            return "CREATE TABLE … AS" if action.from_query else "CREATE TABLE"
        case AddConstraint():
            not_valid = " NOT VALID" if action.constraint.not_valid else ""
            return f"{_ALTER}ADD {action.constraint.kind.sql}{not_valid}"
        case AlterTableOther():
            return _ALTER + action.what
        case CreateIndex():
            return "CREATE UNIQUE INDEX" if action.unique else "CREATE INDEX"
        case Reindex():
            return f"REINDEX {action.kind.upper()}"
        case Vacuum():
            return "VACUUM FULL" if action.full else "VACUUM"
        case TransactionControl():
            return action.verb
        case Opaque():
            return action.keywords or "unreadable text"
        case _:
            return _WORDS.get(type(action)) or _object_words(action)


def _object_words(action: Action) -> str:
    match action:
        case CreateView():
            return _create("materialized view" if action.materialized else "view", action.replace)
        case CreateFunction():
            return _create(action.kind, action.replace)
        case CreateObject():
            return _create(action.kind)
        case AlterObject():
            return f"ALTER {action.kind.upper()} … {action.what}".removesuffix(" … ")
        case RenameObject():
            return f"ALTER {action.kind.upper()} … RENAME TO"
        case DropObject():
            return f"DROP {action.kind.upper()}"
        case Comment():
            return f"COMMENT ON {action.kind.upper()}"
        case SetParameter():
            return f"{'RESET' if action.value is None else 'SET'} {action.name}"
        case _:
            raise AssertionError(action)  # every other type is in _WORDS


def _create(kind: str, replace: bool = False) -> str:
    return f"CREATE {'OR REPLACE ' if replace else ''}{kind.upper()}"


_CLUSTER_WIDE = ("database", "tablespace")


def must_run_alone(actions: Iterable[Action]) -> bool:
    """Whether the server refuses the statement inside a transaction block (SQLSTATE 25001). What DO, CALL and SELECT
    run is not in their text."""
    return any(_runs_alone(action) for action in actions)


def _runs_alone(action: Action) -> bool:
    match action:
        case CreateIndex() | DropIndex() | DetachPartition():
            return action.concurrently
        case Reindex():
            return action.concurrently or action.kind in ("schema", "database", "system")
        case Vacuum():
            return True
        case Cluster():
            return action.table is None
        case CreateObject():
            return action.kind in (*_CLUSTER_WIDE, "subscription")
        case DropObject():
            return action.kind in (*_CLUSTER_WIDE, "subscription")
        case AlterObject():
            return action.kind == "system" or (action.kind == "database" and action.what == "SET TABLESPACE")
        case TransactionControl():
            return action.verb in ("COMMIT PREPARED", "ROLLBACK PREPARED")
        case _:
            return False
