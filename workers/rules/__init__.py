"""What can go wrong with a migration: every rule there is, in the order of the docs and of their running."""

from __future__ import annotations

from workers.rules import (
    all_rows_deleted,
    all_rows_updated,
    blocking_work,
    column_dropped,
    column_replaced,
    concurrently_in_transaction,
    constraint_validated_at_once,
    hot_table_lock,
    index_not_concurrent,
    merged_migration_changed,
    migration_fails,
    migration_out_of_order,
    not_null_set,
    primary_key_changed,
    relation_changed,
    renamed,
    required_column_added,
    rows_rejected,
    suppression,
    table_dropped,
    table_rewritten,
)
from workers.rules.rule import Documented, HistoryRule, Rule, Step

# A rule sees what those before it found in the same statement: column-dropped leaves out what column-replaced told,
# blocking-work what any rule before it told, hot-table-lock comes last.
STEP_RULES: tuple[Rule, ...] = (
    table_dropped.RULE,
    column_replaced.RULE,
    column_dropped.RULE,
    all_rows_deleted.RULE,
    primary_key_changed.RULE,
    relation_changed.RULE,
    concurrently_in_transaction.RULE,
    migration_fails.RULE,
    renamed.RULE,
    required_column_added.RULE,
    not_null_set.RULE,
    table_rewritten.RULE,
    index_not_concurrent.RULE,
    constraint_validated_at_once.RULE,
    all_rows_updated.RULE,
    rows_rejected.RULE,
    blocking_work.RULE,
    hot_table_lock.RULE,
)
HISTORY_RULES: tuple[HistoryRule, ...] = (merged_migration_changed.RULE, migration_out_of_order.RULE)
SUPPRESSION: Documented = suppression.RULE
RULES: tuple[Documented, ...] = (*STEP_RULES, *HISTORY_RULES, SUPPRESSION)

__all__ = ["HISTORY_RULES", "RULES", "STEP_RULES", "SUPPRESSION", "Documented", "HistoryRule", "Rule", "Step"]
