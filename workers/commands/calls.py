"""Reads programs in JavaScript, TypeScript, Python and Ruby for the commands that they run as one string."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.commands.places import first_sure, of_folder, of_names
from workers.commands.written import Written

# execSync("…"), $`…`, os.system("…"), subprocess.run("…"): the text is the first argument, whole.
_CALL = re.compile(
    r"(?:\b(?:exec|execSync|execa|execaSync|execaCommand|execaCommandSync|spawn|spawnSync|execAsync|sh|system|popen|run"
    r"|Popen|call|check_call|check_output|getoutput)\(\s*|\$)"
    r"(?:'(?P<single>(?:[^'\\\n]|\\.)*)'|\"(?P<double>(?:[^\"\\\n]|\\.)*)\"|`(?P<template>(?:[^`\\]|\\.)*)`)"
)


def calls(path: str, text: str) -> Iterator[Written]:
    """One for each call that runs a command; what a program prints, or puts together piece by piece, is none."""
    place = first_sure(of_folder(path), of_names(path.split("/")))
    for found in _CALL.finditer(text):
        name = found.lastgroup or ""
        yield Written(found[name], text.count("\n", 0, found.start(name)) + 1, f"the program {path}", place)
