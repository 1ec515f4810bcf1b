"""The demo as people meet it: the story from its beginning to its end, and the page in a real browser."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest
import requests

from demo import shop
from demo.browser import Tab, browsing, program
from demo.glance import boxes
from demo.markdown import render, tick
from demo.story import Story
from demo.town import Town, Trouble, reachable, running_town
from tests.github.state import Pull

_ROOT = Path(__file__).parents[1]
_TIMEOUT_S = 180
_SIZE = (1200, 1000)


@pytest.fixture
def town() -> Iterator[Town]:
    with running_town() as running:
        yield running


@pytest.fixture
def tab() -> Iterator[Tab]:
    if program() is None:
        pytest.skip("there is no Chromium on this machine")
    with browsing(_SIZE) as opened:
        yield opened


@pytest.mark.campaign
def test_the_story_is_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    """What bin/demo runs; bin/demo itself would first renew .venv, under the feet of this run."""
    command = (sys.executable, "-m", "demo", "--once")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=PIPE, stderr=PIPE, text=True) as demo:
        told, complaints = demo.communicate(timeout=_TIMEOUT_S)
    assert (demo.returncode, complaints) == (0, "")
    assert [line for line in told.splitlines() if len(line) > 80] == []
    steps = re.findall(r"^ *[\d.]+ s +(\w+(?: \(.*?\))? \w+)", told, re.MULTILINE)
    assert steps == [
        "ada opens",
        "grace (reviewer, may write) ticks",
        "edgar (in the team @acme/dba) ticks",
        "ada pushes",
        "grace comments",
        "ada comments",
        "edgar gives",
        "ada comments",
        "grace presses",
        "edgar comments",
        "edgar comments",
    ]
    checks = re.findall(r"^ {9}migrations: (\w+),", told, re.MULTILINE)
    stood = [
        "action_required",
        "action_required",
        "success",
        "action_required",
        "action_required",
        "success",
        "success",
    ]
    assert [check for check in checks if check != "queued"] == stood
    words = " ".join(told.split())
    assert "staging: 0 of 4 migrations applied" in words
    assert "staging: 4 migrations applied." in words
    assert "ticked by migration-bot[bot]" in words
    assert "merged into main" in words
    assert "production: 4 migrations applied." in words
    assert words.endswith("production: 20260414093000_gift_cards is rolled back, and pending again.")
    assert list(tmp_path.iterdir()) == []
    assert list(Path(reachable() or tmp_path).glob(f"migration-bot-demo-{demo.pid}-*")) == []
    assert _processes(f"TMPDIR={tmp_path}") == []


@pytest.mark.campaign
def test_a_page_is_read_and_clicked_on_in_a_browser(town: Town, tab: Tab) -> None:
    pull = Story(town, say=lambda _line: None).half_way()
    tab.open(_page(town, pull))
    shown = tab.evaluate("[...document.querySelectorAll('.by-app input.task')].map(box => box.checked)")
    assert shown == [box.ticked for box in boxes(town, pull)]
    assert tab.evaluate("document.querySelector('.merge .head b').textContent") == "Merging is blocked"
    assert "1 of 11 items open" in tab.evaluate("document.querySelector('.merge .check').textContent")
    assert tab.evaluate("document.querySelector('.merge button').disabled")
    assert tab.picture()[:8] == b"\x89PNG\r\n\x1a\n"

    tab.evaluate(f"document.cookie = 'viewer={shop.DBA.login}'")
    tab.open(_page(town, pull))
    tab.evaluate("document.querySelector('.by-app input.task:not(:checked)').click()")
    tab.wait("document.querySelector('.merge .head b')?.textContent === 'All checks have passed'")
    tab.evaluate("document.querySelector('.merge button').click()")
    tab.wait("document.querySelector('.state')?.textContent.trim() === 'Merged'")


@pytest.mark.campaign
def test_the_pages_do_what_their_forms_say(town: Town) -> None:
    pull = town.open_pull(shop.LOYALTY)
    page = _page(town, pull)
    first = town.wait("the comment", lambda: boxes(town, pull), 60)
    said = town.github.bot_comments(pull)[0]
    with requests.Session() as visitor:
        visitor.trust_env = False
        text = visitor.get(page).text
        version = re.search(rf'data-comment="{said.id}" data-version="(-?\d+)"', text)
        line = re.search(r'data-line="(\d+)"', text)
        assert version
        assert line
        box = {"comment": said.id, "version": version[1], "line": line[1], "ticked": "true"}

        assert visitor.post(f"{page}/tick", {**box, "version": "1"}).status_code == 409
        assert visitor.post(f"{page}/tick", box, cookies={"viewer": "rita"}).status_code == 403
        assert [one.ticked for one in boxes(town, pull)] == [one.ticked for one in first]

        visitor.post(f"{page}/delete", {"comment": said.id})
        town.wait("the comment is back", lambda: boxes(town, pull), 30)

        visitor.post(f"{page}/comment", {"body": "/migrate status"})
        asked = town.github.comments(pull)[-1]
        town.wait("a rocket", lambda: [one.content for one in asked.reactions] == ["eyes", "rocket"], 30)

        before = pull.head_sha
        visitor.post(f"{page}/push", {"change": "rename"})
        assert pull.head_sha != before
        told = [one.text for one in first]
        town.wait("a review of the rename", lambda: [one.text for one in boxes(town, pull)] != told, 60)

        path = f"{shop.MIGRATIONS}/20260414093000_gift_cards/migration.sql"
        assert "GiftCard" in visitor.get(f"{page}/edit/{path}").text
        visitor.post(f"{page}/edit/{path}", {"text": "SELECT 1;\n", "message": "nothing"})
        for tab_of in ("commits", "checks", "files"):
            assert visitor.get(f"{page}/{tab_of}").status_code == 200
        assert "SELECT" in visitor.get(f"{page}/files").text
        assert visitor.get(f"{page}/elsewhere").status_code == 404
        refused = visitor.post(f"{page}/queue", {})
        assert "cannot be queued" in refused.text
        assert shop.LOYALTY.title in visitor.get(town.github.url).text


def test_a_part_that_ends_is_told_at_once(town: Town) -> None:
    town.parts[1].popen.kill()
    with pytest.raises(Trouble, match=r"the process web has ended"):
        town.wait("nothing in particular", lambda: None, 60)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "<p>plain</p>\n"),
        ("a\nb", "<p>a<br>\nb</p>\n"),
        ("<script>alert(1)</script>x", "x"),
        ("a <img src=x onerror=alert(1)> b", "<p>a  b</p>\n"),
        ("<b onclick=alert(1)>b", "<p><b>b</b></p>\n"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
        ('<a href="javascript:alert(1)">a</a>', "<p><a>a</a></p>\n"),
        ('<a href="https://🔴&quot; onclick=x">a</a>', '<p><a href="https://🔴&quot; onclick=x">a</a></p>\n'),
        ("<details><summary>s", "<details><summary>s</summary></details>"),
        ("a <!-- hidden --> b", "<p>a  b</p>\n"),
        ("\ue0000x1\ue001", "<p>0x1</p>\n"),
        ("[ ] no list", "<p>[ ] no list</p>\n"),
    ],
)
def test_what_people_write_is_shown_and_not_run(text: str, html: str) -> None:
    assert render(text) == html


def test_boxes_know_their_lines() -> None:
    text = "Before:\n\n- [ ] one\n- [x] two\n"
    assert re.findall(r'data-line="(\d+)"( checked)?( disabled)?', render(text)) == [
        ("2", "", " disabled"),
        ("3", " checked", " disabled"),
    ]
    assert "disabled" not in render(text, tickable=True)
    assert tick(text, 0, ticked=True) == text
    assert tick(text, 2, ticked=True) == "Before:\n\n- [x] one\n- [x] two\n"
    assert tick(text, 3, ticked=False) == "Before:\n\n- [ ] one\n- [ ] two\n"


def _processes(setting: str) -> list[str]:
    """Those that run with a setting in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended, or is not ours
            if setting.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
    return found


def _page(town: Town, pull: Pull) -> str:
    return f"{town.github.url}/{shop.NAME}/pull/{pull.number}"
