"""Names changed, and columns replaced, while code that knows the old name still runs."""

from __future__ import annotations

from workers.rewrites import outdated
from workers.rewrites.case import Case, Steps
from workers.rewrites.expand import Pair, expanded, replaceable
from workers.rewrites.wording import inside, name_sql, quote
from workers.rules import schema
from workers.sql.table_actions import RenameColumn, RenameTable, SetSchema
from workers.verdict import RewriteStep

# Whichever of the two a statement sets decides; INSERTs of old code leave the new one out, those of new code the old.
# Where an UPDATE changes neither, both stay: the new one of a row that no batch has reached yet is still NULL.
_BOTH_WAYS = """\
    IF TG_OP = 'INSERT' THEN
        IF NEW.{new} IS NULL THEN NEW.{new} := NEW.{old}; ELSE NEW.{old} := NEW.{new}; END IF;
    ELSIF NEW.{old} IS DISTINCT FROM OLD.{old} THEN NEW.{new} := NEW.{old};
    ELSIF NEW.{new} IS DISTINCT FROM OLD.{new} THEN NEW.{old} := NEW.{new};
    END IF;"""


def rename_column(case: Case[RenameColumn]) -> Steps:
    column = replaceable(case, case.action.column)
    if column is None or schema.column(case.step.after, case.name, case.action.column):
        return ()
    old, new = quote(case.action.column), quote(case.action.new)
    collation = f" COLLATE {found}" if (found := column.text("collation")) else ""
    type = f"{column.text('type')}{collation}"
    body = _BOTH_WAYS.format(old=old, new=new)
    last = f"code that uses {case.action.new}, and no longer {case.action.column}"
    return expanded(case, column, Pair(old, new, case.action.new, type, old, body, last))


def rename_table(case: Case[RenameTable | SetSchema]) -> Steps:
    """A view stands in for the old name; one so simple can be written to
    (https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS). Not where privileges
    or row security were given to the table: the view would have neither. Nor where another table takes the name."""
    found = schema.table(case.before, case.name)
    if (
        found is None
        or outdated.table(case.step, case.name)
        or schema.table(case.step.after, case.name)
        or found.attributes.get("grants")
        or found.flag("row_security")
    ):
        return ()
    view = name_sql(case.name)
    renamed = f"{case.step.statement.text};\nCREATE VIEW {view} AS SELECT * FROM {name_sql(case.action.new)}"  # noqa: S608  the user's own
    dropped = inside(f"DROP VIEW {view}")
    return (
        inside(renamed),
        RewriteStep(dropped.sql, dropped.transaction, f"code that uses {case.action.new}"),
    )
