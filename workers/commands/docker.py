"""Reads Dockerfiles and Compose files: what an image runs when it is built and when it starts."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from workers.commands.places import Place, first_sure, of_folder, of_names
from workers.commands.written import Written, at, documents, pairs, strings, words

# https://docs.docker.com/reference/dockerfile/
_INSTRUCTION = re.compile(r"^[ \t]*([A-Za-z]+)[ \t]+((?:[^\n]*\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*)*[^\n]*)", re.M)
_STAGE = re.compile(r"\bAS\s+(\S+)", re.I)
_DOCUMENT = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_OPTIONS = re.compile(r"(?:--[\w-]+(?:=\S*)?[ \t]+)*")
_RUNS = frozenset(("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"))


def dockerfile(path: str, text: str) -> Iterator[Written]:
    """One for each RUN, CMD and ENTRYPOINT."""
    outside = first_sure(of_folder(path), of_names([path.rpartition("/")[2]]), Place.DEPLOY)
    place, position = outside, 0
    while (found := _INSTRUCTION.search(text, position)) is not None:
        position = found.end()
        name, rest = found[1].upper(), found[2]
        if name == "FROM":
            stage = _STAGE.search(rest)
            place = first_sure(outside, of_names([stage[1]])) if stage else outside
        elif name in _RUNS:
            line = text.count("\n", 0, found.start(2)) + 1
            if document := _DOCUMENT.match(rest[_end_of_options(rest) :]):
                end = re.compile(rf"^{document[1]}\s*$", re.M).search(text, position)
                rest, line = text[position + 1 : end.start() if end else len(text)], line + 1
                position = end.end() if end else len(text)
            yield Written(_shell(rest), line, f"the {name} of {path}", place)


def compose(path: str, text: str) -> Iterator[Written]:
    """One for each command and entrypoint of a service (https://docs.docker.com/reference/compose-file/services/)."""
    outside = first_sure(of_folder(path), of_names([path]))
    for root in documents(text):
        for name, service in pairs(at(root, "services")):
            place = first_sure(outside, of_names([name]))
            for key in ("command", "entrypoint"):
                yield from words(at(service, key), f"the service {name}", place, strings(at(service, "environment")))


def _end_of_options(rest: str) -> int:
    found = _OPTIONS.match(rest)
    return found.end() if found else 0


def _shell(rest: str) -> str:
    """A JSON list of words is one command; else it is the shell's, behind --mount and the like."""
    text = rest[_end_of_options(rest) :]
    if text.startswith("["):
        try:
            return shlex.join(str(word) for word in json.loads(text))
        except (ValueError, TypeError):
            return text
    return re.sub(r"\n[ \t]*#[^\n]*", "\n\\\\", text)  # a comment between lines that go on
