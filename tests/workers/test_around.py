"""Only what a pull request brings is found in the files around its migrations, and a comment can allow it."""

from __future__ import annotations

from workers.around import around
from workers.code import ChangedFile, TextFile
from workers.model import Level
from workers.policy import Policy, RulePolicy

PATH = "scripts/deploy.sh"
RESET = "npx prisma migrate reset\n"
ALLOW = "# migration-bot: allow dangerous-command because the copy is made anew\n"


def found(after: str, *before: str, policy: Policy | None = None) -> list[tuple[int, str, Level, str | None]]:
    file = ChangedFile(TextFile(PATH, after), tuple(TextFile(PATH, text) for text in before))
    return [(each.line, each.rule, each.level, each.allowed) for each in around([file], policy or Policy())]


NEW = ("dangerous-command", Level.HIGH_RISK, None)


def test_what_was_there_before() -> None:
    assert found(RESET, RESET) == []
    assert found(f"set -e\n{RESET}", RESET) == []
    assert found(RESET, "", RESET) == []  # the base branch has it by now
    assert found("", RESET) == []


def test_what_is_new() -> None:
    assert found(RESET) == [(1, *NEW)]
    assert found(RESET + RESET, RESET) == [(2, *NEW)]
    assert found(RESET, "npx prisma db push\n") == [(1, *NEW)]


def moved(source: str, target: str) -> list[str]:
    files = [
        ChangedFile(TextFile(source, ""), (TextFile(source, f"ls\n{RESET}"),)),
        ChangedFile(TextFile(target, f"{RESET}psql <<A\nA\n")),
    ]
    return [each.path for each in around(files, Policy())]


def test_what_was_moved() -> None:
    assert moved("a/reset.sh", "b/wipe.sh") == []
    assert moved("a/deploy.sh", "b/reset.sh") == []
    assert moved("a/reset.sh", "b/deploy.sh") == ["b/deploy.sh"]  # to a worse place
    assert moved("a/dev.sh", "b/reset.sh") == ["b/reset.sh"]


def test_a_copy_is_not_moved() -> None:
    was = ChangedFile(TextFile("a/reset.sh", RESET + "ls\n"), (TextFile("a/reset.sh", RESET),))
    assert [each.path for each in around([was, ChangedFile(TextFile(PATH, RESET))], Policy())] == [PATH]


def test_the_policy() -> None:
    off = Policy(rules=(RulePolicy("dangerous-command", None, 1),))
    risky = Policy(rules=(RulePolicy("dangerous-command", Level.RISKY, 1),))
    assert found(RESET, policy=off) == []
    assert found(RESET, policy=risky) == [(1, "dangerous-command", Level.RISKY, None)]


def test_a_comment_allows_it() -> None:
    allowed = ("dangerous-command", Level.HIGH_RISK, "the copy is made anew")
    assert found(f"{ALLOW}{RESET}") == [(2, *allowed)]
    assert found(f"{ALLOW}\n# more\n{RESET}") == [(4, *allowed)]
    assert found(f"{RESET.strip()} {ALLOW}{RESET}") == [(1, *allowed), (2, *NEW)]
    assert found(f"{ALLOW}{RESET}", f"{ALLOW}{RESET}") == []
    assert found(RESET, f"{ALLOW}{RESET}") == [(1, *NEW)]


def test_a_comment_that_cannot_work() -> None:
    wrong = ("suppression", Level.RISKY, None)
    assert found(f"{ALLOW}ls\n") == [(1, *wrong)]
    assert found(f"{ALLOW}ls\n", f"{ALLOW}ls\n") == []
    assert found(f"# migration-bot: allow dangerous-command\n{RESET}") == [(1, *wrong), (2, *NEW)]
    assert found(f"# migration-bot: allow danger because x\n{RESET}") == [(1, *wrong), (2, *NEW)]
    assert found(f"# migration-bot: please\n{RESET}") == [(1, *wrong), (2, *NEW)]
