"""The pages beside the stand-in's API: pull requests as GitHub shows them, to look at and to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from demo import shop, view
from demo.markdown import tick as ticked
from tests.github.acts_code import Code
from tests.github.acts_talk import Talk
from tests.github.answers import state
from tests.github.bare import Bare, Files
from tests.github.state import Comment, Pull, Refused, Repo, Run, State

routes = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/-/static")
_TABS = ("conversation", "commits", "checks", "files")
_COOKIE = "viewer"
_PULL = "/<owner>/<name>/pull/<int:number>"


@dataclass(frozen=True, slots=True)
class _People(Code, Talk):
    """What the stand-in lets people do."""

    state: State


@routes.errorhandler(Refused)
def refused(error: Refused) -> Response:
    """Back to where it was tried, with what GitHub says."""
    reasons = [str(one.get("message", "")) for one in error.errors]
    return redirect(_here(said="; ".join([error.message, *reasons])))


# ---------------------------------------------------------------- to look at


@routes.get("/")
def index() -> str:
    with state().lock:
        repos = [repo for repo in state().repos.values() if repo.fork_of is None]
        shown = [view.page(state(), pull, _viewer(repo)) for repo in repos for pull in repo.pulls.values()]
    return render_template("index.html", pages=shown, people=shop.PEOPLE, viewer=_login())


@routes.get(_PULL)
@routes.get(f"{_PULL}/<tab>")
def pull(owner: str, name: str, number: int, tab: str = _TABS[0]) -> str:
    """With ?live, only the part that changes by itself."""
    if tab not in _TABS:
        abort(404)
    with state().lock:
        found = _pull(owner, name, number)
        viewer, page = _viewer(found.repo), view.page(state(), found, _viewer(found.repo))
        changes = [one for one in shop.CHANGES if _edits(found, one)] if viewer.may_write else []
    template = "live.html" if "live" in request.args else "pull.html"
    values = {"page": page, "tab": tab, "tabs": _TABS, "viewer": viewer, "people": shop.PEOPLE, "changes": changes}
    return render_template(template, **values)


@routes.get(f"{_PULL}/edit/<path:path>")
def edit(owner: str, name: str, number: int, path: str) -> str:
    with state().lock:
        found = _pull(owner, name, number)
        blob = Bare(found.head_repo.directory).blob(found.head_sha, path) or abort(404)
        page = view.page(state(), found, _viewer(found.repo))
    text = blob[1].decode(errors="replace")
    return render_template("edit.html", page=page, path=path, text=text, people=shop.PEOPLE, viewer=_viewer(found.repo))


# ---------------------------------------------------------------- to act on


@routes.post("/-/viewer")
def become() -> Response:
    """Somebody else looks at the pages from now on."""
    answer = redirect(request.form["next"])
    answer.set_cookie(_COOKIE, request.form["login"], samesite="Strict")
    return answer


@routes.post(f"{_PULL}/comment")
def comment(owner: str, name: str, number: int) -> Response:
    with state().lock:
        _People(state()).comment(_login(), _pull(owner, name, number), _field("body"))
    return redirect(_here())


@routes.post(f"{_PULL}/delete")
def delete(owner: str, name: str, number: int) -> Response:
    with state().lock:
        _People(state()).delete_comment(_login(), _comment(_pull(owner, name, number)))
    return redirect(_here())


@routes.post(f"{_PULL}/tick")
def tick(owner: str, name: str, number: int) -> tuple[str, int]:
    """A click on a box edits the comment, unless it was another text that was looked at."""
    with state().lock:
        found = _comment(_pull(owner, name, number))
        if str(view.version(found)) != request.form["version"]:
            return "The comment was edited meanwhile: look again.", 409
        body = ticked(found.body, int(request.form["line"]), request.form["ticked"] == "true")
        try:
            _People(state()).edit_comment(_login(), found, body)
        except Refused as error:
            return error.message, error.status
    return "", 204


@routes.post(f"{_PULL}/rerun")
def rerun(owner: str, name: str, number: int) -> Response:
    with state().lock:
        found = _pull(owner, name, number)
        _needs_write(found.repo)
        _People(state()).rerun(_login(), _run(found.repo))
    return redirect(_here())


@routes.post(f"{_PULL}/press")
def press(owner: str, name: str, number: int) -> Response:
    """A button of the check's own."""
    with state().lock:
        found = _pull(owner, name, number)
        _needs_write(found.repo)
        _People(state()).press(_login(), _run(found.repo), request.form["action"])
    return redirect(_here())


@routes.post(f"{_PULL}/queue")
def queue(owner: str, name: str, number: int) -> Response:
    with state().lock:
        found = _pull(owner, name, number)
        _needs_write(found.repo)
        _People(state()).queue(_login(), found)
    return redirect(_here())


@routes.post(f"{_PULL}/push")
def push(owner: str, name: str, number: int) -> Response:
    """One of the prepared changes."""
    with state().lock:
        found = _pull(owner, name, number)
        change = next((one for one in shop.CHANGES if one.key == request.form["change"]), None) or abort(404)
        _push(found, _edits(found, change), change.title)
    return redirect(_here())


@routes.post(f"{_PULL}/edit/<path:path>")
def edited(owner: str, name: str, number: int, path: str) -> Response:
    with state().lock:
        found = _pull(owner, name, number)
        text = request.form["text"].replace("\r\n", "\n")
        _push(found, {path: text}, request.form["message"].strip() or f"Edit {path}")
    return redirect(url_for(".pull", owner=owner, name=name, number=number))


# ---------------------------------------------------------------- what the requests are about


def _pull(owner: str, name: str, number: int) -> Pull:
    repo = state().named(f"{owner}/{name}")
    return (repo and repo.pulls.get(number)) or abort(404)


def _comment(pull: Pull) -> Comment:
    return pull.repo.comments.get(int(request.form["comment"])) or _gone("The comment")


def _run(repo: Repo) -> Run:
    return repo.runs.get(int(request.form["run"])) or _gone("The check")


def _gone(what: str) -> Any:
    raise Refused(404, f"{what} is no longer there.")


def _field(name: str) -> str:
    return request.form[name].replace("\r\n", "\n")


def _login() -> str:
    asked = request.cookies.get(_COOKIE, "")
    return asked if asked in {person.login for person in shop.PEOPLE} else shop.REVIEWER.login


def _viewer(repo: Repo) -> view.Viewer:
    return view.Viewer(_login(), repo.may(_login(), "write"))


def _needs_write(repo: Repo) -> None:
    if not repo.may(_login(), "write"):
        raise Refused(403, f"{_login()} may not write to {repo.full_name}.")


def _edits(pull: Pull, change: shop.Change) -> Files:
    return shop.edited(Bare(pull.head_repo.directory), pull.head_sha, change) if pull.state == "open" else {}


def _push(pull: Pull, files: Files, message: str) -> None:
    _needs_write(pull.head_repo)
    bare = Bare(pull.head_repo.directory)
    sha = shop.commit(bare, files, bare.branch(pull.head_ref), message, _login())
    _People(state()).force_push(pull.head_repo, pull.head_ref, sha, _login())


def _here(**query: Any) -> str:
    """The pull request's page, or the tab of it that the form stood on."""
    values: dict[str, Any] = {name: value for name, value in (request.view_args or {}).items() if name != "path"}
    tab = request.form.get("tab", _TABS[0])
    return url_for(".pull", **values, tab=None if tab == _TABS[0] else tab, **query)
