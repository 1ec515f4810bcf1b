"""Reads what runs commands by name: Makefiles, justfiles, Procfiles, and shell scripts, which are one such command."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.commands.places import Place, first_sure, of_folder, of_names
from workers.commands.written import Written

_TARGET = re.compile(r"^@?([A-Za-z_][^\s:=(]*)[^:=\n]*:(?!=)")
_PROCESS = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$", re.M)  # https://devcenter.heroku.com/articles/procfile
_SHELL = re.compile(r"#!.*\b(?:ba|da|z|k|a)?sh\b")


def recipes(path: str, text: str) -> Iterator[Written]:
    """Makefile and justfile: each indented block, under the name above it."""
    outside = of_folder(path)
    name, begin, lines = "", 0, list[str]()
    for number, row in enumerate((*text.splitlines(), "end:"), 1):
        if row[:1] in ("\t", " ") or (lines and not row.strip()):
            begin = begin or number
            lines.append(re.sub(r"^(\s+)[@+-]+", r"\1", row).replace("$$", "$").replace("\t", " "))
        elif not row.startswith("#") and row.strip():
            if lines:
                yield Written("\n".join(lines), begin, f"the recipe {name}", first_sure(outside, of_names([name])))
            found = _TARGET.match(row)
            name, begin, lines = found[1] if found else "", 0, []


def processes(path: str, text: str) -> Iterator[Written]:
    """Procfile: each process, of which release runs with every deployment."""
    place = first_sure(of_folder(path), of_names([path.rpartition("/")[2]]), Place.DEPLOY)
    for found in _PROCESS.finditer(text):
        yield Written(found[2], text.count("\n", 0, found.start()) + 1, f"the process {found[1]}", place)


def script(path: str, text: str) -> Iterator[Written]:
    """A shell script: by its ending, or by its first line."""
    name = path.rpartition("/")[2]
    first = text.partition("\n")[0]
    if first.startswith("#!") and not _SHELL.match(first):
        return
    if first.startswith("#!") or "." in name or "/.husky/" in f"/{path}":
        yield Written(text, 1, f"the script {path}", first_sure(of_folder(path), of_names(path.split("/"))))
