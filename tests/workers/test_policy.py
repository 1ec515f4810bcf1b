"""The policy file: what is read, and one sentence for each thing that is not understood."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workers.errors import InputError
from workers.model import Level, Transaction
from workers.policy import (
    AskedPolicy,
    ChecklistPolicy,
    DriftPolicy,
    EnvironmentPolicy,
    NamingPolicy,
    Policy,
    PreludeFile,
    RulePolicy,
    TablePolicy,
)
from workers.policy_file import parse_policy
from workers.words import Name

WHOLE = """
layout: plain
path: ./db/migrations/
transaction: simple-query
postgres: {version: 16}
small_rows: 500
tables:
  orders: {rows: 12_000_000, hot: true}
  sales.Order: {rows: 3}
rules:
  renamed: off
  index-not-concurrent: high-risk
  table-dropped: safe
naming: {index: "[a-z_]+_idx"}
checklist:
  who: author
  items:
    backup: {who: "@acme/dba"}
    high-risk: {who: not-author}
    index-not-concurrent: {who: write}
    staging: off
environments:
  production: {approvals: 2, ticks: true, after: [staging, demo], merged: true}
  staging: {}
drift: {ignore: [audit.*, "tmp_?"], owners: true, grants: true}
platform: supabase
prelude: [db/prelude.sql, ./db/more.sql]
extensions: {pg_cron: provided, pg_net: provided}
"""


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "{}"])
def test_nothing_said(text: str) -> None:
    assert parse_policy(text) == Policy()


def test_everything_said() -> None:
    assert parse_policy(WHOLE, "p.yml") == Policy(
        path="p.yml",
        layout="plain",
        directory="db/migrations",
        transaction=Transaction.SIMPLE_QUERY,
        postgres_version=16,
        small_rows=500,
        tables=(
            (Name("public", "orders"), TablePolicy(12_000_000, True)),
            (Name("sales", "Order"), TablePolicy(3)),
        ),
        rules=(
            RulePolicy("renamed", None, 11),
            RulePolicy("index-not-concurrent", Level.HIGH_RISK, 12),
            RulePolicy("table-dropped", Level.SAFE, 13),
        ),
        naming=NamingPolicy(index="[a-z_]+_idx"),
        checklist=ChecklistPolicy(
            "author",
            (
                AskedPolicy("backup", "@acme/dba", 18),
                AskedPolicy("high-risk", "not-author", 19),
                AskedPolicy("index-not-concurrent", "write", 20),
                AskedPolicy("staging", None, 21),
            ),
        ),
        environments=(
            ("production", EnvironmentPolicy(2, True, ("staging", "demo"), True)),
            ("staging", EnvironmentPolicy()),
        ),
        drift=DriftPolicy(("audit.*", "tmp_?"), owners=True, grants=True),
        platform="supabase",
        prelude=(PreludeFile("db/prelude.sql"), PreludeFile("db/more.sql")),
        provided=("pg_cron", "pg_net"),
    )


def test_what_is_not_said_is_left_alone() -> None:
    policy = parse_policy(WHOLE)
    assert policy.table(Name("public", "sales")) == TablePolicy()
    assert policy.level("column-dropped", Level.HIGH_RISK) is Level.HIGH_RISK
    assert policy.level("table-dropped", Level.HIGH_RISK) is Level.SAFE
    assert policy.level("renamed", Level.RISKY) is None


PROJECTS = """
layout: plain
small_rows: 500
tables: {orders: {rows: 3}, notes: {rows: 4}}
postgres: {version: 16}
projects:
  - path: ./apps/shop/db/
    transaction: statement
    tables: {orders: {rows: 9, hot: true}}
    indexes: {i: {scans: 7}}
  - {path: billing, layout: flyway, postgres: {version: 18}}
"""


def test_each_project_has_what_is_told_of_it_in_place_of_what_is_told_of_all() -> None:
    policy = parse_policy(PROJECTS, "p.yml")
    shop, billing = policy.projects
    orders, notes = Name("public", "orders"), Name("public", "notes")
    assert [(one.directory, one.layout, one.layout_line, one.postgres_version) for one in (shop, billing)] == [
        ("apps/shop/db", "plain", 2, 16),
        ("billing", "flyway", 11, 18),
    ]
    assert (shop.transaction, billing.transaction) == (Transaction.STATEMENT, None)
    assert (shop.table(orders), shop.table(notes)) == (TablePolicy(9, hot=True), TablePolicy(4))
    assert (shop.scanned(Name("public", "i")), billing.scanned(Name("public", "i"))) == (7, None)
    assert (billing.table(orders), billing.small_rows, billing.projects) == (TablePolicy(3), 500, ())
    assert (policy.of("billing"), policy.of("elsewhere")) == (billing, policy)


def test_names_of_a_kind_that_is_not_named_are_snake_case() -> None:
    naming = parse_policy(WHOLE).naming
    snake = "[a-z_][a-z0-9_]*"
    assert [naming.pattern(kind) for kind in ("table", "column", "constraint")] == [snake, snake, snake]
    assert naming.pattern("index") == "[a-z_]+_idx"


def test_who_confirms_an_item_is_told_by_the_first_of_its_names_that_the_policy_has() -> None:
    checklist = parse_policy(WHOLE).checklist
    assert checklist.confirmed_by("renamed", "risky") == "author"
    assert checklist.confirmed_by("table-dropped", "high-risk") == "not-author"
    assert checklist.confirmed_by("index-not-concurrent", "high-risk") == "write"
    assert (checklist.asks("backup"), checklist.asks("window"), checklist.asks("staging")) == (True, True, False)
    assert [item.name for item in checklist.rules] == ["index-not-concurrent"]


def test_an_environment_that_is_not_named_is_asked_for_nothing() -> None:
    assert Policy().environment("production") == EnvironmentPolicy()
    assert parse_policy(WHOLE).environment("test") == EnvironmentPolicy()
    assert parse_policy(WHOLE).environment("production").approvals == 2


def test_everybody_with_write_access_confirms_unless_told() -> None:
    assert parse_policy("checklist: {}").checklist.confirmed_by("backup") == "write"


def test_the_root_is_a_folder() -> None:
    assert parse_policy("path: .").directory == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("layot: x", "p.yml:1: layot is not a known setting."),
        ("tables:\n  orders: {rowz: 1}", "p.yml:2: tables.orders.rowz is not a known setting."),
        ("tables:\n  orders:\n    rows: '1'", "p.yml:3: tables.orders.rows should be a valid integer."),
        ("tables: {orders: {rows: -1}}", "p.yml:1: tables.orders.rows should be greater than or equal to 0."),
        ("tables:\n  orders: {hot: 1}", "p.yml:2: tables.orders.hot should be a valid boolean."),
        ("tables:\n  orders:", "p.yml:2: tables.orders should hold settings, as key: value."),
        ("postgres: 16", "p.yml:1: postgres should hold settings, as key: value."),
        ("postgres: {version: '16'}", "p.yml:1: postgres.version should be a valid integer."),
        ("- a\n- b", "p.yml:1: the file should hold settings, as key: value."),
        ("transaction: often", "p.yml:1: transaction should be 'file', 'simple-query' or 'statement'."),
        ("rules:\n  a: loud", "p.yml:2: rules.a should be 'off', 'safe', 'risky' or 'high-risk'."),
        ("rules: {a: on}", "p.yml:1: rules.a should be 'off', 'safe', 'risky' or 'high-risk'."),
        ("naming: {view: a}", "p.yml:1: naming.view is not a known setting."),
        (
            "naming:\n  table: '(a'",
            "p.yml:2: naming.table should be a regular expression: missing ), unterminated subpattern.",
        ),
        ("rules:", "p.yml:1: rules should hold settings, as key: value."),
        ("checklist:", "p.yml:1: checklist should hold settings, as key: value."),
        ("checklist: {whom: write}", "p.yml:1: checklist.whom is not a known setting."),
        ("checklist:\n  who: bob", "p.yml:2: checklist.who should be write, author, not-author or @org/team."),
        ("checklist: {who: '@acme'}", "p.yml:1: checklist.who should be write, author, not-author or @org/team."),
        ("checklist:\n  items:\n    backup:", "p.yml:3: checklist.items.backup should hold settings, as key: value."),
        (
            "checklist:\n  items:\n    backup:\n      who: me",
            "p.yml:4: checklist.items.backup.who should be write, author, not-author or @org/team.",
        ),
        (
            "checklist:\n  items:\n    renamed: off",
            "p.yml:3: renamed cannot be off, only backup, preflight, rollback, staging, window can; a rule is switched "
            "off under rules.",
        ),
        ("environments: [a]", "p.yml:1: environments should hold settings, as key: value."),
        (
            "environments:\n  a: {approvals: -1}",
            "p.yml:2: environments.a.approvals should be greater than or equal to 0.",
        ),
        ("environments:\n  a:\n    after: b", "p.yml:3: environments.a.after should be a valid list."),
        ("environments: {a: {after: [1]}}", "p.yml:1: environments.a.after.0 should be a valid string."),
        ("environments: {a: {url: b}}", "p.yml:1: environments.a.url is not a known setting."),
        ("environments: {a: {who: [write]}}", "p.yml:1: environments.a.who is not a known setting."),
        ("drift: {ignored: [a]}", "p.yml:1: drift.ignored is not a known setting."),
        ("drift:\n  ignore: audit.*", "p.yml:2: drift.ignore should be a valid list."),
        ("drift: {owners: 1}", "p.yml:1: drift.owners should be a valid boolean."),
        ("platform: heroku", "p.yml:1: platform should be 'supabase', 'hasura' or 'off'."),
        ("\nprelude: [../a.sql]", "p.yml:2: prelude should be a file inside the repository."),
        ("prelude: a.sql", "p.yml:1: prelude should be a valid list."),
        ("extensions: {pg_cron: off}", "p.yml:1: extensions.pg_cron should be 'provided'."),
        ("extensions: {../cron: provided}", "p.yml:1: extensions.../cron should be the name of an extension."),
        ("\npath: ../x", "p.yml:2: path should be a folder inside the repository."),
        ("path: /x", "p.yml:1: path should be a folder inside the repository."),
        ("rules:\n  a: off\n  a: safe", "p.yml:3: a is given twice."),
        ("projects:\n- path: a\n  path: b", "p.yml:3: path is given twice."),
        ("projects: []", "p.yml:1: projects list should have at least 1 item after validation, not 0."),
        ("projects:\n- path: a\n- layout: b", "p.yml:3: projects.1.path is missing."),
        ("projects:\n- path: a\n  rules: {}", "p.yml:3: projects.0.rules is not a known setting."),
        ("projects:\n- {path: a}\n- {path: ../a}", "p.yml:3: path should be a folder inside the repository."),
        ("projects:\n- {path: a}\n- {path: ./a/}", "p.yml:3: ./a/ is given twice."),
        (
            "path: a\nprojects:\n- path: b",
            "p.yml:2: projects stands beside path; each project has a path of its own.",
        ),
        ("layout: [", "p.yml:1: not YAML: expected the node content, but found '<stream end>'."),
        ("--- {}\n--- {}", "p.yml:2: not YAML: but found another document."),
        ("\nlayout: \x01", "p.yml:2: not YAML: special characters are not allowed."),
        ("layout: 2024-99-99", "p.yml: not YAML: month must be in 1..12."),
        ("[" * 5000, "p.yml: nested too deeply."),
        ("layout: &a [*a]", "p.yml:1: layout should be a valid string."),
        ("tables: &a {orders: *a}", "p.yml:1: tables.orders.orders is not a known setting."),
    ],
)
def test_what_is_not_understood(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse_policy(text, "p.yml")
    assert str(error.value) == sentence


def test_a_run_without_a_policy_does_not_pay_for_reading_one() -> None:
    """Importing pydantic and yaml takes 70 ms."""
    code = "import sys, workers.cli; print({'pydantic', 'yaml'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
