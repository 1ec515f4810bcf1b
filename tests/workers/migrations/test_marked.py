"""Files that are parted into two ways keep each line where it stands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.migrations.marked import Mark, parted

_MARKS = {"-- up": Mark.UP, "-- down": Mark.DOWN, "-- how": Mark.NOTHING}
_lines = st.lists(st.tuples(st.sampled_from((*_MARKS, "-- why", "SELECT 1;", "", "  ")), st.sampled_from(("", "\r"))))


@given(_lines)
def test_each_line_is_in_one_way_at_its_place_or_in_none(lines: list[tuple[str, str]]) -> None:
    text = "\n".join(line + end for line, end in lines)
    up, down = parted(text, _MARKS.get)
    assert (down is None) == ("-- down" not in (line for line, _ in lines))
    side: Mark | None = None
    for number, (line, _) in enumerate(lines):
        side = _MARKS[line] if _MARKS.get(line) in (Mark.UP, Mark.DOWN) else side
        kept = line.strip() and line not in _MARKS
        expected = (
            line if kept and (side is Mark.UP or (side is None and line == "-- why")) else "",
            line if kept and side is Mark.DOWN else "",
        )
        assert (_at(up, number), _at(down or "", number)) == expected


def _at(text: str, number: int) -> str:
    lines = text.split("\n")
    return lines[number].strip() if number < len(lines) else ""


def test_a_file_of_one_way_is_as_it_was() -> None:
    for text in ("-- up\nSELECT 1;\n\n", "-- up\r\n\r\nSELECT 1;"):
        assert parted(text, _MARKS.get)[0] == text.replace("-- up", "").rstrip() + "\n" * text.endswith("\n")
    assert parted("", _MARKS.get) == ("", None)
