"""How a file is cut; that what the server then does is the runner's doing is tested with apply.py."""

from __future__ import annotations

import pytest

from workers.environments.units import Form, Plan, plan_of
from workers.model import Migration, Transaction

FILE, MESSAGE, STATEMENT = Transaction.FILE, Transaction.SIMPLE_QUERY, Transaction.STATEMENT


def plan(text: str, transaction: Transaction) -> Plan:
    return plan_of(Migration("1", "1.sql", text, transaction))


def forms(text: str, transaction: Transaction) -> list[tuple[str, str]]:
    """Each unit's form, and what it sends."""
    return [(unit.form.name, "|".join(piece.text for piece in unit.pieces)) for unit in plan(text, transaction).units]


@pytest.mark.parametrize("transaction", Transaction)
def test_a_file_without_a_statement_is_one_unit(transaction: Transaction) -> None:
    assert forms("-- nothing\n", transaction) == [("BLOCK", "-- nothing\n")]
    assert plan("", transaction).statements == 0


@pytest.mark.parametrize("transaction", Transaction)
def test_the_commit_of_a_file_that_is_one_block_is_ours(transaction: Transaction) -> None:
    text = "BEGIN;\nselect 1;\nsavepoint s;\nselect 2;\nCOMMIT;\n"
    assert forms(text, transaction) == [("BLOCK", "BEGIN;\nselect 1;\nsavepoint s;\nselect 2")]
    assert plan(text, transaction).statements == 5


def test_a_file_in_a_transaction() -> None:
    assert forms("select 1; select 2;", FILE) == [("BLOCK", "select 1; select 2;")]
    assert forms("vacuum", FILE) == [("BLOCK", "vacuum")]  # the server refuses it, as it does its runner
    assert forms("select 1; begin; select 2", FILE) == [("BLOCK", "select 1; begin; select 2")]
    assert forms("select 1; commit; select 2", FILE) == [("BARE", "BEGIN|select 1; commit; select 2|COMMIT")]


def test_what_only_psql_understands_cuts_a_file() -> None:
    text = "\\set ON_ERROR_STOP on\ncopy t from stdin;\n1\n\\.\nselect 1;\n"
    (unit,) = plan(text, FILE).units
    assert [(piece.text, piece.line, piece.copy_data) for piece in unit.pieces] == [
        ("copy t from stdin", 2, "1\n"),
        ("select 1", 5, None),
    ]
    assert forms(text, MESSAGE) == [("BLOCK", text)]


def test_one_message() -> None:
    assert forms("select 1; vacuum", MESSAGE) == [("BLOCK", "select 1; vacuum")]
    assert forms("select 1; begin; select 2; commit", MESSAGE) == [("BARE", "select 1; begin; select 2; commit")]
    assert forms("select 1; savepoint s", MESSAGE) == [("BARE", "select 1; savepoint s")]
    assert forms("begin; select 1; commit and chain", MESSAGE) == [("BARE", "begin; select 1; commit and chain")]


@pytest.mark.parametrize("transaction", [MESSAGE, STATEMENT])
@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("create index on t (a)", Form.BLOCK),
        ("create index concurrently on t (a)", Form.CONCURRENT),
        ("reindex (concurrently) table t", Form.CONCURRENT),
        ("alter table t detach partition p concurrently", Form.CONCURRENT),
        ("vacuum full t", Form.BARE),
        ("lock table t", Form.BARE),
        ("declare c cursor for select 1", Form.BARE),
        ("commit", Form.BARE),
    ],
)
def test_a_statement_by_itself(text: str, form: Form, transaction: Transaction) -> None:
    assert forms(f"-- so\n{text};\n", transaction) == [(form.name, text)]


def test_statement_by_statement() -> None:
    assert forms("select 1; begin; select 2; commit; vacuum; select 3", STATEMENT) == [
        ("BLOCK", "select 1"),
        ("BLOCK", "begin; select 2"),
        ("BARE", "vacuum"),
        ("BLOCK", "select 3"),
    ]
    assert forms("select 1; begin; select 2", STATEMENT) == [("BLOCK", "select 1"), ("BARE", "begin; select 2")]
    assert forms("begin; select 1; rollback; select 2", STATEMENT) == [
        ("BARE", "begin; select 1; rollback"),
        ("BLOCK", "select 2"),
    ]


def test_timeouts_that_a_file_sets_itself_are_its_own() -> None:
    assert plan("-- lock_timeout\nselect 1", STATEMENT).own == frozenset()
    assert plan("SET Lock_Timeout = '5s'; select 1", STATEMENT).own == {"lock_timeout"}
    assert plan("select set_config('statement_timeout', '0', false)", STATEMENT).own == {"statement_timeout"}
