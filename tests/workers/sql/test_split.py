"""Splitting: what psql sends, checked with psql 15 against its server's log, and that no character is ever lost."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.model import Script, StatementKind
from workers.sql.split import split

# What psql 15 sends of each script, and the commands that it runs itself, stand between « and ». Two differ from it on
# purpose: an escape string that goes on after a line break (psql 15 cuts it, the server's grammar goes on), and \;
# (psql sends what stands around it in one message).
CASES: dict[str, str] = {
    "simple + trailing no semicolon": ("«select 1»; «select 2»;\n«select 3»"),
    "semicolon in string / quoted ident / comment": (
        "«select 'a;b'»; «select 1 as \"x;y\"»; -- c;omment\n«select 2» /* ; */; «select 3»;"
    ),
    "doubled quotes": ('«select \'it\'\'s; ok\'»; «select "a"";b" from (select 1 as "a"";b") q»;'),
    "E string backslash-quote": ("«select E'a\\';b', E'\\\\'»; «select 2»;"),
    "plain string ending in backslash (scs on)": ("«select 'C:\\'»; «select 'x'»;"),
    "E string continuation line": ("«select E'a'\n  'b\\';c'»; «select 2»;"),
    "set standard_conforming_strings=off": (
        "«set standard_conforming_strings = off»;\n"
        "«select 'a\\';b'»;\n"
        "«set standard_conforming_strings = on»;\n"
        "«select 'a\\'»; «select 2»;"
    ),
    "U& / B / X / N strings": (
        "«select U&'d\\0061t;a', B'01', X'1F', N'a;b'»; «select U&\"d\\0061;\" from (select 1 as \"da;\") s»;"
    ),
    "dollar quote with ; and nested tags": (
        "«create function f1() returns int language plpgsql as $body$ begin execute $x$ select 1; $x$; "
        "return 1; end; $body$»; «select 2»;"
    ),
    "dollar quote tag containing $$ text": ("«do $a$ begin perform '$$;$$'; end $a$»; «select $$;$$, $q$;$$;$q$»;"),
    "positional param and ident with dollar": (
        "«prepare p(int) as select $1»; «execute p(1)»; «create temp table a$b$(i int)»; «select 1 as "
        "x$y»; «deallocate p»;"
    ),
    "nested block comments": ("/* a /* b; */ c; */ «select 1»; /* /* /* ; */ */ */ «select 2»;"),
    "comment looking like quote": ("«select 1»; -- it's; fine\n«select 2»; /* don't; */ «select 3»;"),
    "operator touching comment": ("«select 1 +--;\n 2»; «select 5 */* ; */ 2»; «select 3-/*;*/-1»;"),
    "BEGIN ATOMIC sql function": (
        "«create function f2(a int) returns int language sql begin atomic select 1; select a + 1; end»; «select 2»;"
    ),
    "BEGIN ATOMIC with CASE END": (
        "«create or replace function f3(a int) returns int language sql begin atomic select case when a > "
        "1 then 2 else case a when 0 then 1 end end; select 7; end»;\n"
        "«select 2»;"
    ),
    "BEGIN ATOMIC procedure, comment in it": (
        "«create procedure p3() language sql begin atomic -- x; y\n insert into pg_temp.t1 values (1); /* "
        "; */ end»; «select 3»;"
    ),
    "transaction BEGIN/END outside functions": (
        "«begin»; «create temp table t1(i int)»; «end»; «begin transaction»; «commit»; «select 1»;"
    ),
    "function named begin / columns named end": (
        '«create temp table tt("end" int, atomic int)»; «create function f4() returns int language sql as '
        "'select 1; select 2'»; «select 3»;"
    ),
    "CREATE RULE with (a;b)": (
        "«create temp table r1(i int)»; «create temp table r2(i int)»; «create rule ru as on insert to r1 "
        "do also (insert into r2 values (new.i); delete from r2 where i < 0;)»; «select 1»;"
    ),
    "CREATE SCHEMA with elements": (
        "«create schema sx create table t(i int) create view v as select 1»; «select 2»; «drop schema sx cascade»;"
    ),
    "COPY FROM stdin data": (
        "«create temp table cp(a text, b text)»;\n"
        "«COPY cp (a, b) FROM stdin»;\n"
        "it's; a\tselect 1;\n"
        "\\N\tx -- y\n"
        "$$\t/* z\n"
        "\\.\n"
        "«select count(*) from cp»;"
    ),
    "COPY with quoted name & csv": (
        '«create temp table "from stdin"(a text)»;\n'
        '«copy "from stdin" from stdin with (format csv)»;\n'
        '"a;b\n'
        "'c\"\n"
        "\\.\n"
        "«insert into \"from stdin\" values ('copy x from stdin;')»;\n"
        "«select 2»;"
    ),
    "psql meta commands": (
        "«\\set ON_ERROR_STOP on»\n«\\echo 'hello; world'»\n«select 1»;\n«\\pset format unaligned»\n«select 2»;"
    ),
    "psql backslash-g and \\;": ("«select 1» «\\g»\n«select 2» \\; «select 3»;\n«select 4»;"),
    "psql \\restrict (new pg_dump)": (
        "«\\restrict abcDEF123»\n"
        "«set statement_timeout = 0»;\n"
        "«select pg_catalog.set_config('search_path', '', false)»;\n"
        "«\\unrestrict abcDEF123»\n"
        "«select 1»;"
    ),
    "CRLF line ends, form feed": ("«select 1»;\r\n-- c;\r\n«select 2»;\r\n\x0c«select 3»;\r\n"),
    "unicode identifiers and NBSP in string": ("«create temp table ünïc(é int)»; «select '\xa0;' as 名»; «select 2»;"),
    "empty statements": (";;; «select 1»;; /* x */ ; -- y\n;«select 2»;"),
    "do block with exception + nested begin": (
        "«do $$ begin begin perform 1; exception when others then null; end; end $$»; «select 1»;"
    ),
    "array/slice, cast, json ops": (
        "«select '{\"a;\":1}'::jsonb #>> '{a;}', (array[1,2])[1:2], 1::int, '{}'::jsonb ? ';' from "
        "(select 1) s where false»; «select 2»;"
    ),
    "CREATE TRIGGER / procedure w/ case in quoted body": (
        "«create function tg() returns trigger language plpgsql as 'begin if new is null then return old; "
        "end if; return new; end'»; «create temp table z(i int)»; «create trigger tr before insert on z "
        "for each row execute function tg()»; «select 1»;"
    ),
    "pg_dump header + create table + alter": (
        "--\n"
        "-- PostgreSQL database dump\n"
        "--\n"
        "«SET client_encoding = 'UTF8'»;\n\n"
        "«CREATE TABLE public.a1 (\n    id integer NOT NULL, -- the id; yes\n    d text DEFAULT "
        "'x;y'::text\n"
        ")»;\n"
        "«ALTER TABLE ONLY public.a1 ADD CONSTRAINT a1_pkey PRIMARY KEY (id)»;\n"
        "«drop table public.a1»;\n"
    ),
}


def rejoined(script: Script) -> str:
    return "".join(statement.lead + statement.text for statement in script.statements) + script.tail


@pytest.mark.parametrize("name", CASES)
def test_statements_are_those_of_psql(name: str) -> None:
    text = CASES[name].replace("«", "").replace("»", "")
    script = split(text)
    assert [statement.text for statement in script.statements] == re.findall("«(.*?)»", CASES[name], re.DOTALL)
    assert script.problem is None
    assert rejoined(script) == text


@pytest.mark.parametrize(
    "text", ["", " \n\t", ";", ";;\n;", "-- only a comment", "/* only /* a */ comment */\n", "\ufeff", "\ufeff\n-- x\n"]
)
def test_text_without_statements(text: str) -> None:
    assert split(text) == Script((), text)


def test_positions() -> None:
    script = split("\ufeff-- first\nselect 1; select\n  2;\r\n\n\t/* x */ select 3")
    found = [(s.text, s.lead, s.offset, s.line, s.column) for s in script.statements]
    assert found == [
        ("select 1", "\ufeff-- first\n", 10, 2, 1),
        ("select\n  2", "; ", 20, 2, 11),
        ("select 3", ";\r\n\n\t/* x */ ", 43, 5, 10),
    ]
    assert script.tail == ""


def test_copy_data_belongs_to_the_lead_of_what_follows() -> None:
    script = split("copy t from stdin;\n1\t;'\n\\.\nselect 2;\n")
    first, second = script.statements
    assert (first.text, first.copy_data) == ("copy t from stdin", "1\t;'\n")
    assert (second.text, second.lead, second.line) == ("select 2", ";\n1\t;'\n\\.\n", 4)
    assert script.tail == ";\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("copy t to stdout; select 1;", [None, None]),
        ("copy t from stdin", [""]),
        ("copy t from stdin;", [""]),
        ("copy t from stdin;\n\\.\n", [""]),
        ("copy t from stdin;\r\na\r\n\\.\r\nselect 1", ["a\r\n", None]),
        ("copy (select 'from stdin') to stdout;\nselect 1", [None, None]),
        ("copy t from stdin; copy u from stdin;\na\n\\.\nb\n\\.\nselect 1", ["a\n", "b\n", None]),
        ("copy t from stdin; select 1; -- x\na\n\\.\nselect 2", ["a\n", None, None]),
        ("copy t from program 'x';\nselect 1", [None, None]),
        ("\\copy t from stdin\na;\n\\.\nselect 1", ["a;\n", None]),
    ],
)
def test_copy_data(text: str, expected: list[str | None]) -> None:
    script = split(text)
    assert [statement.copy_data for statement in script.statements] == expected
    assert script.problem is None
    assert rejoined(script) == text


@pytest.mark.parametrize(
    ("text", "last", "problem"),
    [
        ("select 1;\nselect 'a;\n b", "select 'a;\n b", "line 2: unterminated quoted string"),
        ("select 1;\n\nselect\n E'a\\';", "select\n E'a\\';", "line 4: unterminated quoted string"),
        ('select 1; select "a;', 'select "a;', "line 1: unterminated quoted identifier"),
        ('select U&"a;', 'select U&"a;', "line 1: unterminated quoted identifier"),
        ("do $x$ begin; $$ end;", "do $x$ begin; $$ end;", "line 1: unterminated dollar-quoted string"),
        ("select 1;\n/* a /* b */ c;", "/* a /* b */ c;", "line 2: unterminated comment"),
        (
            "copy t from stdin;\n1\nselect 2;\n",
            "copy t from stdin",
            "line 1: the data of this COPY has no end (a line with only \\.)",
        ),
    ],
)
def test_what_has_no_end_is_a_problem(text: str, last: str, problem: str) -> None:
    script = split(text)
    assert (script.statements[-1].text, script.problem) == (last, problem)
    assert rejoined(script) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\set x 1\nselect 1;", [("\\set x 1", StatementKind.META), ("select 1", StatementKind.SQL)]),
        ("\\echo it's; \\\\ select 1;", [("\\echo it's; \\\\ select 1;", StatementKind.META)]),
        ("\\echo a \\\\ select 1;", [("\\echo a", StatementKind.META), ("select 1", StatementKind.SQL)]),
        ("select 1 \\gexec\n", [("select 1", StatementKind.SQL), ("\\gexec", StatementKind.META)]),
        ("select \\r\nselect 1;", [("\\r", StatementKind.META), ("select 1", StatementKind.SQL)]),
        (
            "select 1 \\echo x;\n, 2; select 3",
            [("select 1 \\echo x;\n, 2", StatementKind.SQL), ("select 3", StatementKind.SQL)],
        ),
    ],
)
def test_psql_commands(text: str, expected: list[tuple[str, StatementKind]]) -> None:
    script = split(text)
    assert [(statement.text, statement.kind) for statement in script.statements] == expected
    assert rejoined(script) == text


@pytest.mark.parametrize(
    "off", ["set standard_conforming_strings = off", "SET SESSION standard_conforming_strings TO 'off'"]
)
@pytest.mark.parametrize(
    "on", ["reset standard_conforming_strings", "RESET ALL", "set standard_conforming_strings to on"]
)
def test_backslashes_escape_while_strings_do_not_conform(off: str, on: str) -> None:
    script = split(f"{off};select 'a\\';b';{on};select 'a\\';select 2")
    assert [s.text for s in script.statements] == [off, "select 'a\\';b'", on, "select 'a\\'", "select 2"]


@pytest.mark.parametrize(
    "text",
    [
        "create table t (begin int, atomic int); select 1",
        "create function f() returns int return 1; select 1",
        "create procedure p() begin atomic select case when true then 1 end; select 2; end; select 1",
        "create or replace function f(a int) returns int begin atomic; select (case when a then 1 end); end; select 1",
    ],
)
def test_bodies_end_where_the_server_ends_them(text: str) -> None:
    head, _, last = text.rpartition("; ")
    assert [statement.text for statement in split(text).statements] == [head, last]


FRAGMENTS = (
    *("select", "1", ";", ";", "\n", " ", "'", "''", "E'", "\\", "\\'", '"', "$$", "$a$", "--", "/*", "*/", "(", ")"),
    *("create function f()", "begin", "atomic", "case", "end", "copy t from stdin", "\\.", "\n\\.\n", "\\g", "\\r\n"),
    *("set standard_conforming_strings = off", "U&'", "a$b", "é", "\r\n", "\\;", "\\\\", "\x00", "::", "1.5"),
)
SQL_LIKE = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


def check(text: str) -> None:
    script = split(text)
    assert rejoined(script) == text
    for statement in script.statements:
        assert text[statement.offset : statement.offset + len(statement.text)] == statement.text
        before = text[: statement.offset]
        assert statement.line == before.count("\n") + 1
        assert statement.column == statement.offset - (before.rfind("\n") + 1) + 1
        assert statement.text != ""


@given(SQL_LIKE | st.text())
@settings(deadline=None)
def test_no_text_is_lost_and_positions_are_right(text: str) -> None:
    check(text)


@pytest.mark.campaign
@given(SQL_LIKE | st.text())
@settings(deadline=None, max_examples=50_000)
def test_no_text_is_lost_campaign(text: str) -> None:
    check(text)


@given(SQL_LIKE.filter(lambda text: "conforming" not in text) | st.text(st.characters(exclude_characters="\ufeff")))
@settings(deadline=None)
def test_a_statement_is_split_no_further(text: str) -> None:
    for statement in split(text).statements:
        again = split(statement.text)
        assert [(found.text, found.kind) for found in again.statements] == [(statement.text, statement.kind)]


LONG = {
    "many on one line": "select 1; ",
    "rows": "insert into t values (1, 'it''s', E'x\\'y', now()), (2, NULL, 'z', $$;$$);\n",
    "comments": "/* a /* b */ c */ -- d\n",
    "open comments": "select 1 /* ",
    "continued strings": "E'a'\n-- x\n",
    "dollars": "$a$ $b$ ",
    "quotes": "'" * 4,
    "psql": "\\echo 'a' \\\\ ",
    "copies": "copy t from stdin;\n1\n\\.\n",
}


@pytest.mark.campaign
@pytest.mark.parametrize("name", LONG)
def test_five_megabytes_take_seconds(name: str) -> None:
    """Quadratic work would take minutes, so the bound says something on any machine."""
    text = LONG[name] * (5_000_000 // len(LONG[name]))
    start = time.process_time()
    assert rejoined(split(text)) == text
    assert time.process_time() - start < 15
