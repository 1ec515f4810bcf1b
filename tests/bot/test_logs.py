import io
import logging

import pytest

from bot import logs

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow/+=\nabc\n-----END RSA PRIVATE KEY-----"
STATELESS = "ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTYifQ.sig-na_ture"


def test_a_line() -> None:
    assert logs.line("delivery") == "delivery"
    assert (
        logs.line("delivery", guid="a-b", repo=42, number=None, ms=1.26, why="no way", key="pr:1:2", empty="")
        == 'delivery guid=a-b repo=42 ms=1.3 why="no way" key=pr:1:2 empty=""'
    )


def test_a_value_cannot_begin_another_line_or_field() -> None:
    assert logs.line("x", name='a\nb="c" ü\u2028') == r'x name="a\nb=\"c\" \u00fc\u2028"'


@pytest.mark.parametrize(
    "text",
    ["", "nothing secret", "the token expired", "sha256 of ghost_rider", "redis://127.0.0.1:6379/0", "a@b.example"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert logs.scrub(text) == text


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("x ghs_16C7e42F292c6912E7710c838347Ae178B4a y", "x [secret] y"),
        (f"'{STATELESS}'", "'[secret]'"),
        ("ghp_abc gho_abc ghu_abc ghr_abc", "[secret] [secret] [secret] [secret]"),
        ("github_pat_11ABC_def", "[secret]"),
        ("jwt eyJhbGci.eyJpc3Mi.c2ln.", "jwt [secret]."),
        (f"key={KEY}!", "key=[secret]!"),
        (KEY[:40], "[secret]"),
        (KEY.replace("\n", "\\n"), "[secret]"),
        ("Authorization: Bearer abc", "Authorization: [secret]"),
        ("{'authorization': 'token abc', 'a': 1}", "{'authorization': '[secret]', 'a': 1}"),
        ("-H 'Authorization: abc'", "-H 'Authorization: [secret]'"),
        ("AUTHORIZATION: basic eDphYmM=", "AUTHORIZATION: [secret]"),
        ("sent bearer abcdefghijklmnop1234", "sent bearer [secret]"),
        ("rediss://user:pass@host:6379/0", "rediss://[secret]@host:6379/0"),
        ("redis://:p%40ss@host", "redis://[secret]@host"),
        ("fetch https://x-access-token:abc@github.com/a/b.git", "fetch https://[secret]@github.com/a/b.git"),
        ("to postgresql://u:p@ss@h/db now", "to postgresql://[secret]@h/db now"),
        ("to postgres://u:a/b@h/d", "to postgres://[secret]@h/d"),
        ("prisma+postgres://k:a/b@h/d", "prisma+postgres://[secret]@h/d"),
        ("host=h password=hunter2 dbname=d", "host=h password=[secret] dbname=d"),
        ("PGPASSWORD='hunter2' psql", "PGPASSWORD='[secret]' psql"),
        ("?user=u&password=hunter2&sslmode=require", "?user=u&password=[secret]&sslmode=require"),
        (
            "napi_abc123 AKIAABCDEFGHIJKLMNOP aws_secret_access_key=a/b+c",
            "[secret] [secret] aws_secret_access_key=[secret]",
        ),
    ],
)
def test_what_looks_like_a_secret_goes(text: str, scrubbed: str) -> None:
    assert logs.scrub(text) == scrubbed


def logged(record: logging.LogRecord) -> str:
    record.created, record.msecs = 0.0, 7.0
    return logs.OneLine().format(record)


def test_a_record_is_one_line() -> None:
    record = logging.LogRecord("bot.app", logging.INFO, __file__, 1, "one\r\ntwo %s", ("ghs_abc",), None)
    assert logged(record) == r"1970-01-01T00:00:00.007Z info bot.app one\r\ntwo [secret]"


def test_an_error_is_one_line_with_its_traceback() -> None:
    try:
        raise ValueError("https://user:pass@host\nnext line")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    text = logged(logging.LogRecord("bot.app", logging.ERROR, __file__, 1, "failed", (), info))
    assert text.startswith('1970-01-01T00:00:00.007Z error bot.app failed error="Traceback (most recent call last):\\n')
    assert text.endswith(r'ValueError: https://[secret]@host\nnext line"')


def test_configure(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr, root = io.StringIO(), logging.getLogger()
    level = root.level
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setattr(root, "handlers", [])
    try:
        logs.configure()
        logs.configure()
        logging.getLogger("bot.anything").info("told %s", "once")
    finally:
        root.setLevel(level)
    assert stderr.getvalue().endswith("info bot.anything told once\n")
    assert stderr.getvalue().count("\n") == 1


def test_lines_of_a_job_say_what_they_are_about() -> None:
    record = logging.LogRecord("bot", logging.INFO, "f", 1, "said", (), None)
    with logs.about("operate:7"):
        assert logged(record) == "1970-01-01T00:00:00.007Z info bot work=operate:7 said"
    assert logged(record) == "1970-01-01T00:00:00.007Z info bot said"
