import pytest

from workers.facts import Facts, Lock, Write
from workers.model import Statement
from workers.rollback.effects import effects_of
from workers.rollback.reached import TableEffect
from workers.sql.read import read
from workers.words import LockMode, Name, Source

T, U = Name("public", "t"), Name("public", "u")
WRITES = Lock(T, LockMode.ROW_EXCLUSIVE, Source.OBSERVED)
A = frozenset({"a"})


def effects(sql: str, facts: Facts = Facts()) -> list[TableEffect]:  # noqa: B008  frozen
    return list(effects_of(read(Statement(sql, "", 0, 1, 1)), facts))


@pytest.mark.parametrize(
    ("sql", "facts", "expected"),
    [
        ("SELECT 1", Facts(), []),
        ("ALTER TABLE t ADD a int", Facts(locks=(Lock(T, LockMode.ACCESS_EXCLUSIVE, Source.OBSERVED),)), []),
        ("SELECT * FROM t FOR UPDATE", Facts(locks=(Lock(T, LockMode.ROW_SHARE, Source.OBSERVED),)), []),
        ("COPY t TO stdout", Facts(), []),
        ("UPDATE t SET a = 1 WHERE false", Facts(), [TableEffect(T, updated=1, columns=A)]),
        ("UPDATE t SET a = 1", Facts(writes=(Write(T, updated=7),)), [TableEffect(T, updated=7, columns=A)]),
        ("DELETE FROM t WHERE id = 3", Facts(), [TableEffect(T, deleted=1)]),
        ("INSERT INTO t SELECT 1 WHERE false", Facts(locks=(WRITES,)), [TableEffect(T, inserted=1)]),
        ("COPY t FROM stdin", Facts(), [TableEffect(T, inserted=1)]),
        (
            "UPDATE t SET a = 1",  # and a trigger writes elsewhere
            Facts(writes=(Write(T, updated=2), Write(U, inserted=2))),
            [TableEffect(T, updated=2, columns=A), TableEffect(U, inserted=2)],
        ),
        (
            "DO $$ BEGIN UPDATE t SET a = 1 WHERE false; END $$",
            Facts(locks=(WRITES,)),
            [TableEffect(T, updated=1, guessed=True)],
        ),
        (
            "DO $$ BEGIN DELETE FROM t; END $$",
            Facts((WRITES,), writes=(Write(T, deleted=4),)),
            [TableEffect(T, deleted=4)],
        ),
    ],
)
def test_what_a_statement_may_do_to_rows(sql: str, facts: Facts, expected: list[TableEffect]) -> None:
    assert effects(sql, facts) == expected


def test_two_parts_of_one_statement_add_up() -> None:
    sql = "WITH gone AS (DELETE FROM t WHERE a = 1) UPDATE t SET a = 2 WHERE a = 3"
    (effect,) = effects(sql)
    assert (effect.table, effect.updated, effect.deleted) == (T, 1, 1)
