import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.commands import COMMANDS, LIMIT, Command, Reply, help_text, parse

HELP = Command("help", (), "", 1)


def names(body: str) -> list[tuple[str, int]]:
    return [(one.name if isinstance(one, Command) else "reply", one.line) for one in parse(body)]


# ---------------------------------------------------------------- what is no command


@pytest.mark.parametrize(
    "body",
    [
        "",
        "LGTM",
        "please /migrate help",
        "/migrated help",
        "/migrate-bot help",
        "//migrate help",
        "/Migrate help",
        "/other help",
        "    /migrate help",
        "\t/migrate help",
        "- /migrate help",
        "* [ ] /migrate help",
        "`/migrate help`",
        "**/migrate help**",
        "\\/migrate help",
        "\u200b/migrate help",
    ],
)
def test_not_at_the_beginning_of_a_line(body: str) -> None:
    assert parse(body) == ()


@pytest.mark.parametrize(
    "body",
    [
        "> /migrate help",
        ">/migrate help",
        "> quoted\n/migrate help",  # still the quote's paragraph
        "- > quoted\n  /migrate help",
        "```\n/migrate help\n```",
        "```sql\nSELECT 1;\n\n/migrate help",  # never closed
        "~~~\n```\n/migrate help\n~~~",
        "````\n```\n/migrate help\n````",
        "```\n``` no end\n/migrate help\n```",
        "   ```\n   /migrate help\n   ```",
        "- like this:\n  ```\n  /migrate help\n  ```",
        "1. ```\n   /migrate help\n   ```",
        "\tfirst\n\n\t/migrate help",
        "<!-- /migrate help -->",
        "<!--\n/migrate help\n-->",
        "<!--\n\n/migrate help\n\n-->",
        "hidden <!--\n/migrate help\n-->",
        "<!-- a --> <!--\n/migrate help\n-->",
        "<details><!--\n\n/migrate help\n\n-->",
        "<pre>\n\n/migrate help\n</pre>",
        "<PRE>\n\n/migrate help\n</PRE>",
        "<div>\n/migrate help\n</div>",
        "<?php\n\n/migrate help\n?>",
        "<![CDATA[\n\n/migrate help\n]]>",
        # Only a whole parser knows that this comment is text, so that the fence is one
        "text\n2. <!--\n\n   ```\n   -->\n   /migrate help\n   ```",
        "- ```\n\nout\n  ```\n  /migrate help\n  ```",
    ],
)
def test_not_in_quotes_code_or_html(body: str) -> None:
    assert parse(body) == ()


# ---------------------------------------------------------------- what is one


@pytest.mark.parametrize(
    "body",
    [
        "/migrate help",
        "   /migrate   HELP  ",
        "/migrate\thelp",
        "/migrate",
        "/migrate help\r\n",
        "/migrate help\rand so on",
        "/migrate help\n> yes",
    ],
)
def test_a_line_of_its_own(body: str) -> None:
    assert parse(body) == (HELP,)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("Hello\n/migrate help", 2),
        ("> quoted\n\n/migrate help", 3),
        ("```\ncode\n```\n/migrate help", 4),
        ("``` `a` ```\n/migrate help", 2),
        ("- like this:\n  ```\n  code\n  ```\n\n/migrate help", 6),
        ("<details>\n<summary>why</summary>\n\n/migrate help\n\n</details>", 4),
        ("<!-- hidden -->\n/migrate help", 2),
        ("<!--\nhidden\n-->\n/migrate help", 4),
        ("a < b, <3\n/migrate help", 2),
        ("1. one\n2. two\n\n/migrate help", 4),
    ],
)
def test_after_other_things(body: str, line: int) -> None:
    assert names(body) == [("help", line)]


def test_arguments_and_a_reason() -> None:
    body = (
        "/migrate ack 0123abcd 89abcdef because  it is `tested`, because we\tsay so \n/migrate unack 0123abcd Because\n"
    )
    assert parse(body) == (
        Command("ack", ("0123abcd", "89abcdef"), "it is `tested`, because we  say so", 1),
        Command("unack", ("0123abcd",), "", 2),
    )


def test_because_is_a_word() -> None:
    assert parse("/migrate ack becauses") == (Command("ack", ("becauses",), "", 1),)


def test_several() -> None:
    assert names("/migrate status\ntext\n/migrate rollback\n/migrate recheck") == [
        ("status", 1),
        ("rollback", 3),
        ("recheck", 4),
    ]


def test_a_limit() -> None:
    assert names("/migrate help\n" * LIMIT) == [("help", line) for line in range(1, LIMIT + 1)]
    assert parse("/migrate help\n" * (LIMIT + 3))[LIMIT:] == (
        Reply("Only the first 5 commands of a comment are read.", LIMIT + 1),
    )


# ---------------------------------------------------------------- what was meant as one


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("roll-back", "`roll-back` is no command. Did you mean `/migrate rollback`? `/migrate help` lists them all."),
        ("akc 1", "`akc` is no command. Did you mean `/migrate ack ITEM… [because REASON]`? "
         "`/migrate help` lists them all."),
        ("xyzzy", "`xyzzy` is no command. `/migrate help` lists them all."),
        ("@everyone", "This is no command. `/migrate help` lists them all."),
        ("`<!--", "This is no command. `/migrate help` lists them all."),
        ("ack", "This command is written `/migrate ack ITEM… [because REASON]`."),
        ("ack because I can", "This command is written `/migrate ack ITEM… [because REASON]`."),
        ("help now", "This command is written `/migrate help`."),
        ("status now", "There is no environment `now`: none is configured for this repository."),
        ("staging", "`staging` is no command. `/migrate help` lists them all."),
        ("reset staging", "`reset` is refused, here and for every environment: nothing that destroys a database can be "
         "asked of me."),
    ],
)  # fmt: skip
def test_a_reply(typed: str, text: str) -> None:
    assert parse(f"\n/migrate {typed}") == (Reply(text, 2),)


# ---------------------------------------------------------------- environments

ENVIRONMENTS = ("staging", "production")


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("staging", Command("deploy", ("staging",), "", 1)),
        ("Staging --dry-run", Command("deploy", ("staging",), "", 1, frozenset({"--dry-run"}))),
        ("deploy staging", Command("deploy", ("staging",), "", 1)),
        ("production --force because it --burns", Command("deploy", ("production",), "it --burns", 1,
         frozenset({"--force"}))),
        ("status", Command("status", (), "", 1)),
        ("status staging", Command("status", ("staging",), "", 1)),
        ("rollback production m2_Note --lossy because bad", Command("rollback", ("production", "m2_Note"), "bad", 1,
         frozenset({"--lossy"}))),
        ("resolve staging m2_note --rolled-back", Command("resolve", ("staging", "m2_note"), "", 1,
         frozenset({"--rolled-back"}))),
        ("cancel STAGING", Command("cancel", ("staging",), "", 1)),
    ],
)  # fmt: skip
def test_a_command_about_an_environment(typed: str, command: Command) -> None:
    assert parse(f"/migrate {typed}", ENVIRONMENTS) == (command,)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("stagin", "`stagin` is no command. Did you mean `/migrate staging [--dry-run] [--force because REASON]`? "
         "`/migrate help` lists them all."),
        ("deploy", "`deploy` is no command. Did you mean `/migrate ENV [--dry-run] [--force because REASON]`? "
         "`/migrate help` lists them all."),
        ("staging --lossy", "This command is written `/migrate ENV [--dry-run] [--force because REASON]`."),
        ("backup", "This command is written `/migrate backup ENV`."),
        ("backup moon", "There is no environment `moon`: there are `staging`, `production`."),
        ("backup @moon", "There is no such environment: there are `staging`, `production`."),
        ("push production --force because I may", "`push` is refused, here and for every environment: nothing that "
         "destroys a database can be asked of me."),
    ],
)  # fmt: skip
def test_what_is_wrong_about_an_environment(typed: str, text: str) -> None:
    assert parse(f"/migrate {typed}", ENVIRONMENTS) == (Reply(text, 1),)


def test_help_names_every_command() -> None:
    rows = help_text(ENVIRONMENTS).splitlines()[2 : 2 + len(COMMANDS)]
    names = ["ENV" if name == "deploy" else name for name in COMMANDS]
    assert [row.split("`")[1].split()[1] for row in rows] == names
    assert parse(help_text(ENVIRONMENTS)) == ()


def test_help_without_environments() -> None:
    rows = help_text().splitlines()[2:]
    assert [row.split("`")[1] for row in rows if "`/" in row][:3] == [
        "/migrate help",
        "/migrate status",
        "/migrate recheck",
    ]
    assert "ENV" not in help_text()
    assert "environment" not in help_text()


# ---------------------------------------------------------------- properties

INDENTS = ("", "", "", " ", "  ", "   ", "    ", "      ", "\t", "> ", ">", "- ", "-\t", "1. ", "2. ", "- - ", "- > ")
PIECES = (
    *("/migrate help",) * 6,
    *("", "", "text", "# head", "---", "===", "-", "1.", "<3", "`", "``", "&nbsp;", "[a]: <b"),
    *("```", "````", "``` sql", "~~~", "~~~~~", "~~~ a`b", "``` a`b", "\\`\\`\\`"),
    *("<!--", "-->", "<!-- a -->", "x <!--", "x -->", "<!-- a --> <!-- b", "<pre>", "</pre>", "<script>", "<?", "?>"),
    *("<div>", "</div>", "<details>", "<a href='x'>", "<b", "<!X", ">", "<![CDATA[", "]]>"),
)
LINES = st.builds("{}{}{}".format, st.sampled_from(INDENTS), st.sampled_from(INDENTS), st.sampled_from(PIECES))
HIDING = ("fence", "code_block", "html_block", "blockquote_open")


@settings(max_examples=500)
@given(st.lists(LINES, max_size=12))
def test_markdown_agrees(lines: list[str]) -> None:
    """What fires is neither code nor quote nor HTML for a whole Markdown parser."""
    fired = {command.line - 1 for command in parse("\n".join(lines))}
    # The parser falls over some bodies that end inside HTML
    tokens = MarkdownIt("commonmark").parse("\n".join((*lines, "", "end", "")))
    hidden = {line for token in tokens if token.type in HIDING and token.map for line in range(*token.map)}
    assert fired & hidden == set()


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("/migrate \n\t`~<>!-")), max_size=200))
def test_nothing_raises(body: str) -> None:
    assert len(parse(f"{body}\n/migrate {body}")) <= LIMIT + 1


@given(st.text(max_size=100))
def test_a_reply_says_nothing_dangerous(typed: str) -> None:
    for one in parse(f"/migrate {typed}"):
        if isinstance(one, Reply):
            assert not set("@<>\n") & set(one.text)


@given(
    st.lists(st.sampled_from(("text", "/migrate status", "", "- item", "1. item", "# head", "**bold**")), max_size=8)
)
def test_plain_lines_fire(lines: list[str]) -> None:
    expected = [(number, "status") for number, line in enumerate(lines, 1) if line == "/migrate status"][:LIMIT]
    assert [(one.line, one.name) for one in parse("\n".join(lines))[:LIMIT] if isinstance(one, Command)] == expected
