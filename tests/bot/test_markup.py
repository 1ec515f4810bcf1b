"""People's words stay inside their element, and within the bytes they may have."""

from __future__ import annotations

from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from bot.markup import escaped, quoted


def test_nothing_is_quoted_as_nothing() -> None:
    assert quoted("") == ""
    assert quoted(" \u202e\n") == ""


def test_what_could_mean_something_is_a_number() -> None:
    assert quoted("@bob\n`x`") == "<code>&#64;bob &#96;x&#96;</code>"


def test_what_is_too_long_is_cut_between_characters() -> None:
    assert quoted("@@@", 15) == "<code>&#64;&#64;&#64;</code>"
    assert quoted("@@@", 14) == "<code>&#64;&#64;…</code>"


@given(st.text(), st.integers(3, 50))
def test_it_is_never_longer_than_it_may_be(text: str, limit_bytes: int) -> None:
    inside = quoted(text, limit_bytes).removeprefix("<code>").removesuffix("</code>")
    assert len(inside.encode()) <= limit_bytes
    assert unescape(escaped(text)).startswith(unescape(inside.removesuffix("…")))
