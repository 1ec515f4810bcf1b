"""What GitHub refuses in a check run (https://docs.github.com/en/rest/checks/runs and its OpenAPI schema)."""

from __future__ import annotations

from tests.github.state import Json, Refused, Run

_STATUSES = ("queued", "in_progress", "completed")
_CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out")
_LEVELS = ("notice", "warning", "failure")
_OUTPUT_BYTES = 65_535
_MOST_ANNOTATIONS = 50
_MOST_ACTIONS = 3
_ACTION_CHARACTERS = {"label": 20, "description": 40, "identifier": 20}
_NEEDED_OF_ANNOTATION = {"path": str, "start_line": int, "end_line": int, "annotation_level": str, "message": str}
_ANNOTATION_LIMITS = {"message": 64 * 1024, "raw_details": 64 * 1024, "title": 255}


def check(wanted: Json, run: Run | None) -> None:
    """Raises Refused (422). run: the one to change; None for a new one."""
    _require(run is not None or _text(wanted.get("name")), "name is missing")
    _check_standing(wanted, run)
    if "output" in wanted:
        _check_output(wanted["output"])
    actions = wanted.get("actions", [])
    _require(len(actions) <= _MOST_ACTIONS, f"actions: no more than {_MOST_ACTIONS} items are allowed")
    for action in actions:
        for name, most in _ACTION_CHARACTERS.items():
            value = action.get(name)
            _require(_text(value) and len(value) <= most, f"actions: {name} is missing or over {most} characters")


def _check_standing(wanted: Json, run: Run | None) -> None:
    status, conclusion = wanted.get("status"), wanted.get("conclusion")
    _require(status is None or status in _STATUSES, f"status: {status} is not one of {_STATUSES}")
    _require(conclusion is None or conclusion in _CONCLUSIONS, f"conclusion: {conclusion} is not one of {_CONCLUSIONS}")
    concluded = conclusion or (run.conclusion if run else None)
    _require(status != "completed" or concluded is not None, "conclusion is missing: a completed run needs one")
    # Mergify's #1989 and others: it stays completed; only another conclusion can be given.
    back = run is not None and run.status == "completed" and conclusion is None and status in _STATUSES[:2]
    _require(not back, f"status: a completed run cannot go back to {status}")


def _check_output(output: Json) -> None:
    for name in ("title", "summary"):
        _require(_text(output.get(name)), f"output: {name} is missing")
    for name in ("summary", "text"):
        size = len((output.get(name) or "").encode())
        _require(size <= _OUTPUT_BYTES, f"output: {name} has {size} bytes, over {_OUTPUT_BYTES}")
    annotations = output.get("annotations", [])
    _require(len(annotations) <= _MOST_ANNOTATIONS, f"annotations: no more than {_MOST_ANNOTATIONS} items are allowed")
    for annotation in annotations:
        _check_annotation(annotation)


def _check_annotation(annotation: Json) -> None:
    for name, kind in _NEEDED_OF_ANNOTATION.items():
        _require(isinstance(annotation.get(name), kind), f"annotations: {name} is missing")
    level, first, last = annotation["annotation_level"], annotation["start_line"], annotation["end_line"]
    _require(level in _LEVELS, f"annotations: annotation_level {level} is not one of {_LEVELS}")
    _require(1 <= first <= last, f"annotations: lines {first} to {last}")
    columns = "start_column" in annotation or "end_column" in annotation
    _require(not columns or first == last, "annotations: columns only where start_line is end_line")
    for name, most in _ANNOTATION_LIMITS.items():
        size = len((annotation.get(name) or "").encode())
        _require(size <= most, f"annotations: {name} has {size} bytes, over {most}")


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise Refused(422, f"Invalid request.\n\n{why}")
