"""What the statements of a migration do or ask for, in order, and what of it is about one name."""

from __future__ import annotations

import dataclasses
import functools
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from workers.words import Name

T = TypeVar("T")
K = TypeVar("K")


class _Items(Generic[T]):
    """Shared by all parts of a course: rules that look around take no longer for a migration of many statements."""

    def __init__(self, items: Iterable[T]) -> None:
        self.all = tuple(items)

    @functools.cached_property
    def places(self) -> dict[tuple[type, Name | None], list[int]]:
        """Where items are: by kind, by name (then the kind is object), and by both."""
        found: dict[tuple[type, Name | None], list[int]] = {}
        for place, item in enumerate(self.all):
            found.setdefault((type(item), None), []).append(place)
            for name in dict.fromkeys(names_in(item)):
                found.setdefault((type(item), name), []).append(place)
                found.setdefault((object, name), []).append(place)
        return found


class Course(Generic[T]):
    """Changes or actions in order, or a part of them."""

    __slots__ = ("_items", "_places")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items = _Items(items)
        self._places = range(len(self._items.all))

    def part(self, start: int, stop: int | None = None) -> Course[T]:
        """From one place to before another."""
        part = Course.__new__(Course)
        part._items, part._places = self._items, self._places[start:stop]
        return part

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.all[self._places.start : self._places.stop])

    def of(self, kind: type[K], name: Name | None = None) -> Iterator[K]:
        """Those of a kind; with a name, those that hold it: as their table, as what they make, or in a list of such."""
        return (item for item in self._found(kind, name) if isinstance(item, kind))

    def about(self, name: Name) -> Iterator[T]:
        """Those of any kind that hold the name."""
        return self._found(object, name)

    def _found(self, kind: type, name: Name | None) -> Iterator[T]:
        places = self._items.places.get((kind, name), [])
        first, last = (bisect_left(places, end) for end in (self._places.start, self._places.stop))
        return (self._items.all[place] for place in places[first:last])


def names_in(item: object) -> Iterator[Name]:
    """Of what a change or an action is about."""
    for each in dataclasses.fields(item) if dataclasses.is_dataclass(item) else ():
        value = getattr(item, each.name)
        if isinstance(value, Name):
            yield value
        elif isinstance(value, tuple):
            yield from (part for part in value if isinstance(part, Name))
