"""goose: files NUMBER_name.sql with both ways, told apart by the lines -- +goose Up and -- +goose Down.

Detection: such a line in the first file or in one of the two newest. Order: by number, which is greater than zero.
Each file is one transaction; a line -- +goose NO TRANSACTION anywhere in it opens none for either way, and each
statement is run by itself (https://github.com/pressly/goose/blob/main/internal/sqlparser/parser.go). StatementBegin
and StatementEnd only tell goose's splitter what belongs together. Variables: ${NAME} of the environment behind --
+goose ENVSUB ON; their values are not known here, and the text stays as it is. No checksums. The history table has
the number. Migrations written in Go are not read.
"""

from __future__ import annotations

import re
from dataclasses import replace

from workers.migrations.layout import Files, Layout, Way
from workers.migrations.marked import Mark, up_and_down
from workers.migrations.numbered import by, claiming, matching, number, number_first, saying
from workers.model import Transaction

_NAME = re.compile(r"0*[1-9]\d*_.*\.sql")
_LINE = re.compile(r"\s*--.*\+goose")
_MARKER = re.compile(r"^--.*\+goose\s+Up\b", re.I | re.M)
_GO = re.compile(r"0*[1-9]\d*_.*(?<!_test)\.go")
_MARKS = {"up": Mark.UP, "down": Mark.DOWN}
_NO_TRANSACTION = "no transaction"


def _word(line: str) -> str | None:
    """What an annotation says: "no transaction"; None for any other line."""
    if not _LINE.match(line):
        return None
    return line.replace("--", "").replace("+goose", "", 1).strip().lower()


def _mark(line: str) -> Mark | None:
    word = _word(line)
    return None if word is None else _MARKS.get(word, Mark.NOTHING)


def _ways(files: Files, usual: Transaction) -> tuple[Way, Way | None]:
    opts_out = any(_word(line) == _NO_TRANSACTION for line in files.text.splitlines())
    up, down = up_and_down(files, _mark, "-- +goose Up")
    there = Way(up, Transaction.STATEMENT if opts_out else usual)
    return there, None if down is None else replace(there, text=down)


_entries = by(number_first, _NAME)

GOOSE = Layout(
    "goose",
    claiming(_NAME),
    _entries,
    known=saying(_entries, _MARKER),
    ways=_ways,
    version=lambda id: str(number(id)),
    anywhere=True,
    code=matching(_GO),
)
