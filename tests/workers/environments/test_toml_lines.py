"""The line of a setting, in each way that TOML has to write one."""

from __future__ import annotations

import tomllib

import pytest

from workers.environments.toml_lines import Keys, line_of

TEXT = """\
# a comment = 1
top = 1
"quoted key" = 2
a.b . 'c.d' = 3

[ table."with ] and \\u0061" ] # [not.a.table]
inner = "x = 1"
long = [
  "element",
  { here = 1 },
]

[[many]]
name = "first"
[[many]]
name = "second"
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), 1),
        (("nowhere",), 1),
        (("top",), 2),
        (("quoted key",), 3),
        (("a", "b", "c.d"), 4),
        (("a",), 4),
        (("a", "x"), 4),
        (("table", "with ] and a"), 6),
        (("table", "with ] and a", "inner"), 7),
        (("table", "with ] and a", "long", 1, "here"), 8),
        (("table", "with ] and a", "missing"), 6),
        (("many",), 13),
        (("many", 0, "name"), 14),
        (("many", 1), 15),
        (("many", 1, "name"), 16),
        (("many", 1, "missing"), 15),
    ],
)
def test_line_of(keys: Keys, line: int) -> None:
    assert tomllib.loads(TEXT)
    assert line_of(TEXT, keys) == line
