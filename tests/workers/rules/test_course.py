"""Changes in order, found by kind and by name, in all of a migration and in a part of it."""

from __future__ import annotations

from tests.workers.rules.build import ORDERS, USERS
from workers.changes import CatalogChange, ColumnAdded, TableDropped, TableRenamed
from workers.object_changes import ObjectDropped
from workers.rules.course import Course
from workers.sql.table_actions import DropTable
from workers.words import Name

NEW = Name("public", "people")
ADDED = ColumnAdded(ORDERS, "note", "text", not_null=False, has_default=False)
RENAMED, DROPPED = TableRenamed(USERS, NEW), TableDropped(ORDERS)
TRIGGER = ObjectDropped("trigger", Name("", "audit"), ORDERS)
WHOLE: Course[CatalogChange] = Course((ADDED, RENAMED, DROPPED, TRIGGER))


def test_a_course_of_nothing() -> None:
    empty: Course[CatalogChange] = Course()
    assert (list(empty), list(empty.of(TableDropped)), list(empty.about(ORDERS))) == ([], [], [])


def test_by_kind_and_by_every_name_in_it() -> None:
    assert list(WHOLE.of(TableDropped)) == [DROPPED]
    assert list(WHOLE.of(TableDropped, USERS)) == []
    assert list(WHOLE.of(TableRenamed, NEW)) == list(WHOLE.of(TableRenamed, USERS)) == [RENAMED]
    assert list(WHOLE.about(ORDERS)) == [ADDED, DROPPED, TRIGGER]
    assert list(Course([DropTable((USERS, ORDERS))]).of(DropTable, ORDERS)) == [DropTable((USERS, ORDERS))]


def test_a_part_knows_nothing_of_what_stands_around_it() -> None:
    part = WHOLE.part(1, 3)
    assert (list(part), list(part.about(ORDERS))) == ([RENAMED, DROPPED], [DROPPED])
    assert (list(part.of(ColumnAdded)), list(WHOLE.part(4)), list(WHOLE.part(0, 0))) == ([], [], [])
