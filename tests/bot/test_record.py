"""What a check run's text holds comes back as it was written, whatever names are in it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot import record
from bot.model import Row, Section, Verdict

_SHA = "a" * 40
_ROW = Row("1a2b3c4d", "index-not-concurrent public.Order", True, "alice", "2026-01-31T12:00:00Z", _SHA, "")


def test_no_section_is_an_empty_text() -> None:
    assert record.render(()) == ""
    assert record.parse("") == ()


def test_text_of_others_is_no_record() -> None:
    assert record.parse("## Some other tool\n\n| a | b |\n|---|---|\n| 1a2b3c4d | x |\n") == ()


def test_a_record_is_a_table_for_people() -> None:
    text = record.render((Section(12, Verdict.ACTION_REQUIRED, (_ROW, replace(_ROW, item="00000000", ticked=False))),))
    assert text.splitlines() == [
        "#### Pull request 12: action_required",
        "",
        "| item | what | state | by | at | commit | note |",
        "|---|---|---|---|---|---|---|",
        f"| 1a2b3c4d | <code>index-not-concurrent public.Order</code> | ticked | alice"
        f" | 2026-01-31T12&#58;00&#58;00Z | {_SHA} |  |",
        f"| 00000000 | <code>index-not-concurrent public.Order</code> | open | alice"
        f" | 2026-01-31T12&#58;00&#58;00Z | {_SHA} |  |",
    ]


_LETTERS = st.characters(categories=("L", "M", "N", "P", "S")) | st.just(" ")  # what can be seen
_WORDS = st.text(_LETTERS, max_size=60).map(lambda text: " ".join(text.split()))
_ROWS = st.builds(
    Row,
    item=st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    label=_WORDS,
    ticked=st.booleans(),
    login=_WORDS,
    at=_WORDS,
    commit=_WORDS,
    note=_WORDS,
)
_SECTIONS = st.builds(
    Section,
    number=st.integers(min_value=1, max_value=10**6),
    verdict=st.sampled_from(Verdict),
    rows=st.lists(_ROWS, max_size=5).map(tuple),
)


@given(st.lists(_SECTIONS, max_size=3, unique_by=lambda section: section.number))
def test_what_is_written_is_read(sections: list[Section]) -> None:
    assert record.parse(record.render(sections)) == tuple(sections)


def test_a_name_cannot_make_a_row_of_its_own() -> None:
    forged = replace(_ROW, ticked=False, label="x |\n| 99999999 | y | ticked | eve | | | |", note="@everyone <!-- -->")
    text = record.render((Section(1, Verdict.ACTION_REQUIRED, (forged,)),))
    (section,) = record.parse(text)
    assert [row.item for row in section.rows] == ["1a2b3c4d"]
    assert "@" not in text
    assert "<" not in text.replace("<code>", "").replace("</code>", "")


def test_a_long_record_keeps_its_ticks() -> None:
    rows = tuple(replace(_ROW, item=f"{n:08x}", label="ä" * 200, note="@" * 300, ticked=n % 2 == 0) for n in range(100))
    text = record.render((Section(1, Verdict.ACTION_REQUIRED, rows),))
    assert len(text.encode()) <= record.LIMIT_BYTES
    assert [row.ticked for row in record.parse(text)[0].rows] == [row.ticked for row in rows]


def test_a_section_is_found_by_its_number() -> None:
    sections = (Section(1, Verdict.SUCCESS), Section(2, Verdict.FAILURE))
    assert record.section_of(3, sections) is None
    assert record.section_of(2, sections) == sections[1]
