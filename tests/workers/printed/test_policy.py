from dataclasses import replace

import pytest

from workers.errors import InputError
from workers.policy_file import parse_policy
from workers.runners import Runner

ALEMBIC = Runner("alembic", ("**/versions/*.py",), "alembic upgrade heads --sql", "alembic downgrade {id}:{id}-1 --sql")


def test_what_is_known_of_a_runner_need_not_be_told() -> None:
    assert parse_policy("layout: plain").runner is None
    assert parse_policy("runner: {name: alembic}").runner == ALEMBIC
    told = parse_policy("runner: {name: alembic, folder: ./api, time_limit_s: 9}").runner
    assert told == replace(ALEMBIC, folder="api", time_limit_s=9)


def test_a_command_of_one_s_own_stands_alone() -> None:
    told = parse_policy("runner: {name: alembic, print: bin/sql}").runner
    assert told == replace(ALEMBIC, print="bin/sql", down="")


def test_any_runner() -> None:
    text = "runner: {name: knex, files: [m/*.js, n/*.js], print: 'x {path}', down: 'y {path}', state: schema.sql}"
    assert parse_policy(text).runner == Runner("knex", ("m/*.js", "n/*.js"), "x {path}", "y {path}", "schema.sql")


def test_each_project_may_have_one() -> None:
    policy = parse_policy("projects:\n- path: api\n  runner: {name: alembic, folder: api}\n- path: db\n")
    assert [policy.of(path).runner for path in ("api", "db")] == [replace(ALEMBIC, folder="api"), None]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: knex", "p.yml:1: runner: files is missing; only for alembic and django it is known."),
        ("name: knex\n  files: [a]", "p.yml:1: runner: print is missing; only for alembic and django it is known."),
        ("name: rails", "p.yml:1: runner: print is missing; only for alembic and django it is known."),
        ("name: alembic\n  folder: ..", "p.yml:1: runner: folder should be a folder inside the repository."),
        ("name: alembic\n  state: /x.sql", "p.yml:1: runner: state should be a file inside the repository."),
        ("name: alembic\n  time_limit_s: 0", "p.yml:3: runner.time_limit_s should be greater than or equal to 1."),
        ("named: alembic", "p.yml:1: runner.name is missing."),
    ],
)
def test_what_is_not_understood(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse_policy(f"runner:\n  {text}\n", "p.yml")
    assert str(error.value) == sentence
