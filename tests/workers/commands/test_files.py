"""Where commands stand in each kind of file, and which of them matter there."""

from __future__ import annotations

import json

import pytest

from workers.commands.files import holds_commands, read_commands

RESET, PUSH = "prisma migrate reset", "prisma db push"
ANYWHERE, DEPLOY = "anywhere", "deploy"
Read = list[tuple[int, str, str]]


def read(path: str, text: str) -> Read:
    assert holds_commands(path)
    return [(found.danger.line, found.danger.command, found.place.value) for found in read_commands(path, text)]


@pytest.mark.parametrize(
    "path", ["README.md", "a.sql", "package-lock.json", "node_modules/x/package.json", "src/x.ts", "a/Dockerfile/x.go"]
)
def test_other_files(path: str) -> None:
    assert not holds_commands(path) or list(read_commands(path, RESET)) == []


def package(**scripts: str) -> str:
    return json.dumps({"name": "x", "scripts": scripts}, indent="\t")


@pytest.mark.parametrize(
    ("path", "scripts", "found"),
    [
        ("package.json", {"dev": RESET, "test:e2e": RESET, "db:reset:local": RESET, "pretest": RESET}, []),
        ("package.json", {"db:push": PUSH, "migrate": "prisma migrate dev"}, []),
        ("packages/test-db/package.json", {"reset": RESET}, []),
        ("package.json", {"dev": "npm run reset"}, []),
        ("package.json", {"reset": RESET}, [(4, RESET, ANYWHERE)]),
        ("a/package.json", {"postinstall": PUSH}, [(4, PUSH, DEPLOY)]),
        ("package.json", {"build": "pnpm db && x", "db": "yarn push", "push": PUSH}, [(6, PUSH, DEPLOY)]),
        ("package.json", {"start:prod": "sh -c '" + RESET + "'"}, [(4, RESET, DEPLOY)]),
    ],
)
def test_package_json(path: str, scripts: dict[str, str], found: Read) -> None:
    assert read(path, package(**scripts)) == found


WORKFLOW = """name: {name}
on: {on}
jobs:
  {job}:
    {more}
    steps:
      - uses: actions/checkout@v4
      - name: Prepare
        run: |
          echo ${{{{ secrets.X || 'it''s' }}}}

          npx prisma db push
"""


@pytest.mark.parametrize(
    ("name", "on", "job", "more", "found"),
    [
        ("Release", "push", "publish", "", [(12, PUSH, DEPLOY)]),
        ("Checks", "[push, pull_request]", "types", "", [(12, PUSH, DEPLOY)]),
        ("Checks", "pull_request", "types", "", []),
        ("Release", "push", "publish", "services: {db: {image: 'postgres:17'}}", []),
        ("Release", "push", "publish", "services: {postgres: {image: $IMAGE}}", []),
        ("Release", "push", "publish", "env: {DATABASE_URL: 'postgres://a:b@localhost/x'}", []),
        ("Release", "push", "publish", "env: {DATABASE_URL: '${{ secrets.URL }}'}", [(12, PUSH, DEPLOY)]),
        ("Release", "push", "publish", "env: {DATABASE_URL: '${{ secrets.TEST_URL }}'}", []),
        ("Checks", "pull_request", "types", "environment: {name: production}", [(12, PUSH, DEPLOY)]),
        ("Release", "push", "e2e", "", []),
        ("Tests", "push", "all", "", []),
    ],
)
def test_workflow(name: str, on: str, job: str, more: str, found: Read) -> None:
    text = WORKFLOW.format(name=name, on=on, job=job, more=more or "if: true")
    assert read(".github/workflows/x.yml", text) == found


def test_a_job_that_starts_its_own_database() -> None:
    steps = "    steps:\n      - run: docker compose up -d\n      - run: npx prisma migrate reset\n"
    own = f"on: push\njobs:\n  check:\n{steps}"
    assert read(".github/workflows/x.yml", own) == []
    assert read(".github/workflows/x.yml", own.replace("check:", "deploy:")) == [(6, RESET, DEPLOY)]


def test_action() -> None:
    text = "name: Migrate\nruns:\n  using: composite\n  steps:\n    - run: npx prisma migrate reset\n"
    assert read(".github/actions/migrate/action.yml", text) == [(5, RESET, ANYWHERE)]


DOCKERFILE = """# syntax=docker/dockerfile:1
FROM node AS test
RUN npx prisma migrate reset
FROM node AS app
RUN --mount=type=cache,target=/x npm ci && \\
    # the schema
    npx prisma db push
RUN <<EOF
npm run x
npx prisma migrate reset
EOF
ENTRYPOINT ["npx", "prisma", "db", "push"]
CMD npx prisma db push; exec node .
"""


def test_dockerfile() -> None:
    found = [(7, PUSH, DEPLOY), (10, RESET, DEPLOY), (12, PUSH, DEPLOY), (13, PUSH, DEPLOY)]
    assert read("Dockerfile", DOCKERFILE) == found
    assert read("apps/web/Dockerfile.production", DOCKERFILE) == found
    assert read("Dockerfile.dev", DOCKERFILE) == []
    assert read(".devcontainer/Dockerfile", DOCKERFILE) == []


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("compose.dev.yml", "services: {web: {command: npx prisma migrate reset}}", []),
        ("compose.yml", "services:\n  web:\n    command: npx prisma migrate reset", [(3, RESET, ANYWHERE)]),
        ("compose.yml", "services:\n  web:\n    entrypoint: [sh, -c, npx prisma db push]", []),
        ("docker-compose.prod.yml", "services: {web: {command: [npx, prisma, db, push]}}", [(1, PUSH, DEPLOY)]),
        ("Procfile.dev", "web: npx prisma migrate reset", []),
        ("Procfile", "web: x\nrelease: npx prisma db push\n", [(2, PUSH, DEPLOY)]),
        ("Makefile", "dev-reset:\n\tnpx prisma migrate reset\n", []),
        ("Makefile", "A := 1\n\nreset: deps\n\t@echo $$A\n\t-npx prisma migrate reset\n", [(5, RESET, ANYWHERE)]),
        ("Makefile", "deploy:\n\tx && \\\n\t  npx prisma db push", [(3, PUSH, DEPLOY)]),
        ("justfile", "deploy env:\n    npx prisma db push\n", [(2, PUSH, DEPLOY)]),
        ("Taskfile.yml", "tasks:\n  reset:\n    cmds:\n      - npx prisma migrate reset", [(4, RESET, ANYWHERE)]),
        ("Taskfile.yml", "tasks:\n  x:\n    env: {DRIVER: clickhouse}\n    cmds:\n      - goose reset", []),
        (".gitlab-ci.yml", "deploy:\n  script:\n    - npx prisma db push", [(3, PUSH, DEPLOY)]),
        ("vercel.json", '{\n  "buildCommand": "npx prisma db push && x"\n}', [(2, PUSH, DEPLOY)]),
        ("railway.json", '{"deploy": {\n"preDeployCommand": ["npx prisma db push"]}}', [(2, PUSH, DEPLOY)]),
        ("render.yaml", "services:\n  - name: web\n    startCommand: npx prisma db push", [(3, PUSH, DEPLOY)]),
        ("fly.toml", '[deploy]\nrelease_command = "npx prisma db push"\n', [(2, PUSH, DEPLOY)]),
        ("fly.staging.toml", '[processes]\napp = "npx prisma db push"\n', [(2, PUSH, DEPLOY)]),
        ("nixpacks.toml", '[phases.build]\ncmds = ["x",\n"npx prisma db push"]\n', [(3, PUSH, DEPLOY)]),
        ("app.json", '{"scripts": {"postdeploy": "npx prisma db push"}}', [(1, PUSH, DEPLOY)]),
        (".husky/post-merge", "npx prisma migrate reset\n", [(1, RESET, ANYWHERE)]),
        ("scripts/deploy.sh", "set -e\nnpx prisma db push\n", [(2, PUSH, DEPLOY)]),
        ("bin/release", "#!/usr/bin/env bash\nnpx prisma db push\n", [(2, PUSH, DEPLOY)]),
        ("bin/release", "#!/usr/bin/env python\nnpx prisma db push\n", []),
        ("tests/run.sh", "npx prisma migrate reset", []),
        ("scripts/build.mjs", "x;\nexecSync('npx prisma db push', {})", [(2, PUSH, DEPLOY)]),
        ("scripts/reset.ts", "console.log('npx prisma migrate reset');\nawait $`npx ${x}`", []),
        ("scripts/reset.ts", "await $`npx prisma migrate reset`", [(1, RESET, ANYWHERE)]),
        ("start.py", 'os.system("npx prisma db push")', [(1, PUSH, DEPLOY)]),
    ],
)
def test_others(path: str, text: str, found: Read) -> None:
    assert read(path, text) == found


@pytest.mark.parametrize("path", ["package.json", ".github/workflows/x.yml", "fly.toml", "vercel.json", "compose.yml"])
@pytest.mark.parametrize("text", ["", "prisma", "{prisma", "- prisma: &a [*a]", "prisma = 1", '{"scripts": "prisma"}'])
def test_what_is_no_such_file(path: str, text: str) -> None:
    assert read(path, text) == []
