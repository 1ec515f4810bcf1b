"""Nodes are put behind what they need."""

from __future__ import annotations

from workers.rollback.order import arrange, arrange_all


def test_nothing() -> None:
    assert arrange([], {}, str) == ([], frozenset())


def test_lowest_rank_first_where_nothing_else_decides() -> None:
    assert arrange("cab", {}, str) == (["a", "b", "c"], frozenset())


def test_needs_come_first() -> None:
    assert arrange("abc", {"a": {"c"}, "c": {"b"}}, str) == (["b", "c", "a"], frozenset())


def test_what_a_node_needs_may_be_no_node_or_itself() -> None:
    assert arrange("ab", {"a": {"x", "a"}}, str) == (["a", "b"], frozenset())


def test_a_circle_and_what_stands_behind_it_is_left() -> None:
    assert arrange("abcd", {"a": {"b"}, "b": {"a"}, "c": {"a"}}, str) == (["d"], frozenset("abc"))


def test_a_circle_is_entered_at_its_lowest_rank() -> None:
    assert arrange_all("abc", {"a": {"b"}, "b": {"c"}, "c": {"a"}}, str) == ["a", "c", "b"]
