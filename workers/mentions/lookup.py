"""Looks up where a repository's code names what its migrations take away or ask more of, before the pull request and
after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from workers.catalog import Catalog
from workers.code import Mention, Mentions
from workers.errors import Missing
from workers.mentions.naming import indexed, naming
from workers.mentions.prisma import Block, read_schema
from workers.mentions.spelling import Part, Sought, Spelling, block_of, member_of, shared_names, spelling
from workers.repository import Grepped, Repository

PLACES_MAX, _TEXT_MAX = 5, 160
_DIFFERING_MAX = 500  # files that are searched one by one; more of them, and all are searched

# What is no code that runs: what a migration or a tool wrote, what people read, what tests and seeds hold.
_FOLDERS = (
    "*migrations migrate .github node_modules vendor dist build generated __generated__ "
    "__tests__ __mock*__ test tests spec e2e seed seeds seeder fixtures"
)
_FILES = (
    "*.generated.* *.gen.* *.sql.go *.min.* *.map structure.sql schema.rb *.prisma *.dbml *.lock *-lock.* "
    "*.snap *.svg *.css *.md *.mdx *.rst *.txt *.json *.csv *.po *.test.* *.spec.* *_test.* *.mock.* test_*.py "
    "seed.* seeds.* seed-*"
)
_NOT_CODE = (*(f"**/{name}/**" for name in _FOLDERS.split()), *(f"**/{name}" for name in _FILES.split()))


@dataclass(frozen=True, slots=True)
class Code:
    """A repository's code at two commits, and the folder of the migrations, which is no code, nor are others."""

    repository: Repository
    base: str
    head: str
    directory: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two commits: what its schema.prisma declares, and how its code then spells what is wanted."""

    schema: tuple[Block, ...]
    spelled: tuple[Spelling, ...]


def mentions_of(code: Code, wanted: Sequence[Sought], catalogs: Iterable[Catalog] = ()) -> dict[str, Mentions]:
    """Where the code names each thing, by its key; nothing about what may have been missed. catalogs: what is known of
    the schema, before and after. Raises GitFailed."""
    if not wanted:
        return {}
    schemas = [_schema(code, commit) for commit in (code.base, code.head)]
    shared = shared_names(catalogs, (block for schema in schemas for block in schema))
    base, head = (_Side(schema, tuple(spelling(each, schema, shared) for each in wanted)) for schema in schemas)
    words = frozenset(word for each in (*base.spelled, *head.spelled) for word in each.words | each.around)
    at_base = code.repository.grep(code.base, words, _pathspecs(code))
    at_head = _at_head(code, words, at_base)
    before, after = _places(base, at_base, words), _places(head, at_head, words)
    found: dict[str, Mentions] = {}
    for each, old, new in zip(wanted, before, after, strict=True):
        # Who runs asks for every column that the client knows, but for a table only where code does.
        old = (*(_declared(each, base.schema) if each.part is Part.COLUMN else ()), *old)
        new = (*_declared(each, head.schema), *new)
        if new or (at_base.whole and at_head.whole):
            found[each.key] = Mentions(old[:PLACES_MAX], new[:PLACES_MAX], len(old), len(new))
    return found


def _places(side: _Side, found: Grepped, words: Iterable[str]) -> Iterator[tuple[Mention, ...]]:
    """For each thing that is wanted, in order."""
    index = indexed(found.lines, words)
    for how in side.spelled:
        yield tuple(Mention(line.path, line.number, line.text[:_TEXT_MAX]) for line in naming(how, index))


def _declared(wanted: Sought, schema: Sequence[Block]) -> Iterator[Mention]:
    """Where schema.prisma has it, if its client knows it. That inserts nothing."""
    if wanted.part is Part.ROWS:
        return
    found = block_of(wanted, schema) if wanted.word is None else member_of(wanted, schema)
    if found and not found.ignored:
        yield Mention(found.path, found.line, found.text)


# ---------------------------------------------------------------- where it is looked for


def _pathspecs(code: Code, paths: Iterable[str] = ()) -> tuple[str, ...]:
    """Of the files at these paths, or of all, those that are code."""
    only = tuple(f":(top,literal){path}" for path in paths) or (":(top)",)
    migrations = (f"{folder}/**" for folder in (code.directory, *code.others) if folder)
    not_code = (*migrations, *_NOT_CODE)
    return (*only, *(f":(top,exclude,glob,icase){pattern}" for pattern in not_code))


def _at_head(code: Code, words: Iterable[str], at_base: Grepped) -> Grepped:
    """Most files are the same at both commits, and are not searched again."""
    differing = code.repository.differing(code.base, code.head)
    if len(differing) > _DIFFERING_MAX or not at_base.whole:
        return code.repository.grep(code.head, words, _pathspecs(code))
    again = (
        code.repository.grep(code.head, words, _pathspecs(code, differing)) if differing else Grepped((), whole=True)
    )
    same = tuple(line for line in at_base.lines if line.path not in set(differing))
    return Grepped(tuple(sorted((*same, *again.lines), key=lambda line: line.path)), again.whole)


def _schema(code: Code, commit: str) -> tuple[Block, ...]:
    """What the .prisma files beside the migrations declare, or all of the repository where there are none."""
    files = [file for file in code.repository.files(commit) if file.path.endswith(".prisma")]
    folder = PurePosixPath(code.directory).parent
    beside = [file for file in files if PurePosixPath(file.path).is_relative_to(folder)]
    try:
        contents = code.repository.contents(file.blob for file in beside or files)
    except Missing:  # larger than any schema
        return ()
    texts = {file.path: contents[file.blob].decode("utf-8", "replace") for file in beside or files}
    return read_schema(texts)
