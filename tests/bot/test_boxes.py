import pytest

from bot.boxes import boxes

ONE, TWO = "0123abcd", "89abcdef"


def test_nothing() -> None:
    assert boxes("") == {}
    assert boxes("- [ ] a box of nobody's\n- a line\n") == {}


def test_ticked_and_open() -> None:
    body = f"text\n\n- [ ] one <!-- item:{ONE} -->\r\n- [x] two<br><sub>why</sub> <!-- item:{TWO} -->\r\n"
    assert boxes(body) == {ONE: False, TWO: True}


def test_in_the_order_of_the_lines() -> None:
    body = f"* [X] two <!-- item:{TWO} -->\n  + [ ] one <!-- item:{ONE} --> and more"
    assert list(boxes(body).items()) == [(TWO, True), (ONE, False)]


@pytest.mark.parametrize(
    "line",
    [
        f"[x] one <!-- item:{ONE} -->",
        f"-[x] one <!-- item:{ONE} -->",
        f"- [] one <!-- item:{ONE} -->",
        f"- [y] one <!-- item:{ONE} -->",
        f"> - [x] one <!-- item:{ONE} -->",
        "- [x] one <!-- item:0123ABCD -->",
        "- [x] one <!-- item:0123abc -->",
        "- [x] one <!-- item:0123abcd0 -->",
        f"- [x] one\n<!-- item:{ONE} -->",
    ],
)
def test_what_is_no_box_of_ours(line: str) -> None:
    assert boxes(line) == {}


def test_an_item_with_two_lines_says_nothing() -> None:
    body = f"- [x] one <!-- item:{ONE} -->\n- [ ] two <!-- item:{TWO} -->\n- [x] one again <!-- item:{ONE} -->"
    assert boxes(body) == {TWO: False}


def test_a_line_with_two_items_says_nothing() -> None:
    body = f"- [x] one <!-- item:{ONE} --> <!-- item:{TWO} -->\n- [ ] two <!-- item:{TWO} -->"
    assert boxes(body) == {}
