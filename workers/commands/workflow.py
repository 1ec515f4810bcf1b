"""Reads GitHub's workflows and composite actions: the steps of each job, and whether it has a database of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from workers.commands.places import Place, first_sure, is_local_database, of_folder, of_names
from workers.commands.shell import Environment
from workers.commands.written import Written, at, documents, elements, pairs, scripts, string, strings

if TYPE_CHECKING:
    import yaml

_EXPRESSION = re.compile(r"\$\{\{(?:[^}]|\}(?!\})){0,200}\}\}")
_POSTGRES = re.compile(r"postg(?:res|is)|pgvector|timescale|supabase")
_STARTS = re.compile(
    r"\bdocker[ -]compose\b[^\n]{0,200}\b(?:up|run|start)\b"
    r"|\bdocker run\b[^\n]{0,200}postg|\bsupabase (?:db )?start\b|\binitdb\b"
    r"|\b(?:pg_ctl|pg_ctlcluster|createdb)\b|\b(?:service|systemctl)\b[^\n]{0,200}\bpostgres"
)
_OWN_ACTIONS = re.compile(r"postgres|docker-compose|compose-action|neondatabase/create-branch|supabase/setup")
_REVIEWS = frozenset(("pull_request", "merge_group"))


def workflow(path: str, text: str) -> Iterator[Written]:
    """One for each step that runs a command (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax)."""
    for root in documents(text):
        around = strings(at(root, "env"))
        outside = first_sure(of_names([path.rpartition("/")[2]]), of_names([string(at(root, "name"))]), _when(root))
        for name, job in pairs(at(root, "jobs")):
            place = first_sure(_of_job(name, job, around), outside)
            yield from _steps(elements(at(job, "steps")), f"the job {name}", place, (*around, *strings(at(job, "env"))))


def composite_action(path: str, text: str) -> Iterator[Written]:
    """One for each step that runs a command."""
    for root in documents(text):
        place = first_sure(of_folder(path), of_names([string(at(root, "name"))]))
        yield from _steps(elements(at(root, "runs", "steps")), "an action", place, ())


def _steps(steps: Iterable[yaml.Node], where: str, place: Place, around: Environment) -> Iterator[Written]:
    for step in steps:
        own = Place.LOCAL if of_names([string(at(step, "name"))]) is Place.LOCAL else place
        for each in scripts(at(step, "run"), where, own, (*around, *strings(at(step, "env")))):
            yield Written(_plain(each.text), each.line, where, own, each.environment)


def _plain(text: str) -> str:
    """${{ … }} is put in before the shell reads the text: here it is one word, on as many lines."""
    return _EXPRESSION.sub(lambda found: "$GITHUB" + "\n" * found[0].count("\n"), text)


def _when(root: yaml.Node) -> Place:
    """What runs for pull requests alone deploys nothing for sure."""
    on = at(root, "on")
    events = {name for name, _ in pairs(on)} | {string(each) for each in elements(on)} | {string(on)} - {""}
    return Place.ANYWHERE if events <= _REVIEWS else Place.DEPLOY


def _of_job(name: str, job: yaml.Node, around: Environment) -> Place:
    """A job with a database of its own, which is gone when it ends, can do with it what it likes."""
    images = [string(at(service, "image")) + key for key, service in pairs(at(job, "services"))]
    used = [string(at(step, "uses")) for step in elements(at(job, "steps"))]
    run = [string(at(step, "run")) for step in elements(at(job, "steps"))]
    own = (
        any(_POSTGRES.search(image) for image in images)
        or any(_OWN_ACTIONS.search(action) for action in used)
        or any(is_local_database(value) for _, value in (*around, *strings(at(job, "env"))))
    )
    environment = at(job, "environment")
    named = of_names([name, string(at(job, "name")), string(environment) or string(at(environment, "name"))])
    if named is Place.ANYWHERE and any(_STARTS.search(text) for text in run):
        return Place.LOCAL
    return Place.LOCAL if own else named
