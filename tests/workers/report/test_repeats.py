"""What several statements do alike is told once; no line and no safe form is lost."""

from __future__ import annotations

from dataclasses import replace

from tests.workers.report.reports import COUNT, DROPPED, EXCUSED, INDEXED, PATH, SAFE
from tests.workers.report.test_terminal import rendered
from workers.report.markdown import to_markdown
from workers.report.repeats import together
from workers.verdict import Finding, Report

AGAIN, THIRD = replace(INDEXED, line=7), replace(INDEXED, line=9)


def report(*findings: Finding, path: str = PATH) -> Report:
    own = replace(SAFE.migrations[0], path=path)
    return replace(SAFE, level=INDEXED.level, migrations=(own,), findings=findings, preflight=(COUNT,))


def test_nothing_is_told_twice_or_lost() -> None:
    assert together(()) == ()
    others = (DROPPED, EXCUSED, replace(INDEXED, message="Otherwise."), replace(INDEXED, path="b.sql"))
    told = together((INDEXED, *others, AGAIN))
    assert [one.findings for one in told] == [(INDEXED, AGAIN), *((other,) for other in others)]
    assert [one.lines for one in together((INDEXED, AGAIN, THIRD))] == ["lines 5, 7 and 9"]
    assert [one.lines for one in together((INDEXED, INDEXED))] == ["line 5"]
    assert [len(one.findings) for one in together([INDEXED] * 20)] == [8, 8, 4]


def test_one_title_with_all_lines_in_both_faces() -> None:
    both = report(INDEXED, AGAIN)
    assert "  risky  index-not-concurrent  public.orders  lines 5 and 7\n    Writes wait for" in rendered(both)
    text = to_markdown(both)
    assert "<b><code>index-not-concurrent</code></b> public.orders, lines 5 and 7</summary>" in text
    assert text.count("Writes wait for the build.") == rendered(both).count("Writes wait for the build.") == 1
    assert "2 risky findings" in text


def test_what_is_cut_is_counted_by_findings() -> None:
    long = [replace(INDEXED, line=line, message=f"{line // 2} " * 400) for line in range(400)]
    text = to_markdown(report(*long))
    left = 2 * text.count("<summary>🟡 <b>")
    assert 0 < left < 400
    assert f"… {400 - left} more risky findings, too much" in text


def test_in_other_files_behind_the_path() -> None:
    elsewhere = report(INDEXED, AGAIN, path="another.sql")
    assert f"  risky  index-not-concurrent  public.orders\n  {PATH}:5 and 7\n" in rendered(elsewhere)
    assert f"<code>{PATH}</code> lines 5 and 7</summary>" in to_markdown(elsewhere)


def test_each_has_its_own_safe_form() -> None:
    forms = report(DROPPED, replace(DROPPED, line=8))
    for text in (rendered(forms), to_markdown(forms)):
        assert text.count("RENAME COLUMN note TO note_old;") == 2
        assert [text.count(f"Line {line}. Instead, proven to reach") for line in (2, 8)] == [1, 1]
