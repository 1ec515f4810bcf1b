"""Puts nodes behind those they need, the same way every time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

Node = TypeVar("Node")


def arrange(
    nodes: Iterable[Node], needs: Mapping[Node, AbstractSet[Node]], rank: Callable[[Node], Any]
) -> tuple[list[Node], frozenset[Node]]:
    """Each node after all it needs, the lowest rank first among those that are ready. Second: the nodes that stand in a
    circle or behind one; they are not in the first. Ranks must be distinct."""
    waiting = dict.fromkeys(nodes, 0)
    needed_by: dict[Node, list[Node]] = {node: [] for node in waiting}
    for node in waiting:
        for needed in needs.get(node, frozenset()):
            if needed in waiting and needed != node:
                waiting[node] += 1
                needed_by[needed].append(node)
    ready = [(rank(node), node) for node, count in waiting.items() if not count]
    heapq.heapify(ready)
    done: list[Node] = []
    while ready:
        _, node = heapq.heappop(ready)
        done.append(node)
        for other in needed_by[node]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, (rank(other), other))
    return done, frozenset(waiting).difference(done)


def arrange_all(
    nodes: Iterable[Node], needs: Mapping[Node, AbstractSet[Node]], rank: Callable[[Node], Any]
) -> list[Node]:
    """As arrange; a circle is entered at its lowest rank."""
    done, rest = arrange(nodes, needs, rank)
    while rest:
        first = min(rest, key=rank)
        more, rest = arrange(rest - {first}, needs, rank)
        done += [first, *more]
    return done
