"""Which commands empty a database, or may, through whatever runs them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.commands.dangers import dangers
from workers.commands.known import KNOWN, Known
from workers.commands.places import Place

EMPTIES, MAY = True, False


@pytest.mark.parametrize(
    "text",
    [
        "prisma migrate deploy",
        "prisma generate && next build",
        'echo "npx prisma migrate reset"',
        "# prisma migrate reset",
        "npm install prisma migrate",
        "git commit -m 'prisma migrate reset'",
        "psql -c 'DELETE FROM a WHERE b'",
        "psql -c 'select 1' -f reset.sql",
        "psql -c 'DROP TABLE users_tmp, tmp_orders'",
        "psql <<S\nCREATE TEMP TABLE a (b int); DROP TABLE a;\nS",
        "supabase db reset",
        "drizzle-kit drop",
        "knex migrate:rollback",
        "alembic downgrade -1",
        "rails db:migrate",
        "redis-cli flush",
        "goose down",
        'psql -c "$(cat reset.sql)"',
        "prisma db execute --file x.sql",
    ],
)
def test_no_danger(text: str) -> None:
    assert dangers(text) == ()


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("prisma migrate reset", "prisma migrate reset"),
        ("npx --yes prisma@6.2 --schema a/b migrate reset -f", "prisma migrate reset"),
        ("./node_modules/.bin/prisma db push --force-reset", "prisma db push --force-reset"),
        ("cd db && pnpm --filter @a/b exec prisma db push --accept-data-loss", "prisma db push --accept-data-loss"),
        ("npm run prisma -- migrate reset", "prisma migrate reset"),
        ("anything -- prisma migrate reset", "prisma migrate reset"),
        ("node node_modules/.bin/prisma migrate reset", "prisma migrate reset"),
        ("sh -c 'A=1 yarn prisma migrate reset && x'", "prisma migrate reset"),
        ("docker compose exec -T web bash -lc 'npx prisma migrate reset'", "prisma migrate reset"),
        ("kubectl exec deploy/web -- npx prisma migrate reset", "prisma migrate reset"),
        ('concurrently "npm run x" "prisma migrate reset"', "prisma migrate reset"),
        ("ssh host 'cd app; npx prisma migrate reset'", "prisma migrate reset"),
        ("if [ $A ]; then sudo -E dropdb app; fi", "dropdb"),
        ("x=$(dropdb app)", "dropdb"),
        ("drizzle-kit push --force", "drizzle-kit push --force"),
        ("python manage.py flush --noinput", "manage.py flush"),
        ("uv run manage.py migrate orders zero", "manage.py migrate orders zero"),
        ("mix do ecto.drop, ecto.create", "mix ecto.drop"),
        ("psql --command='TRUNCATE test_results'", "psql: TRUNCATE test_results"),
        ("php artisan migrate:fresh --seed", "artisan migrate:fresh"),
        ("bin/console doctrine:schema:drop --force", "console doctrine:schema:drop --force"),
        ("DISABLE_DATABASE_ENVIRONMENT_CHECK=1 bin/rails db:drop", "rails db:drop"),
        ("migrate -path m -database $URL drop -f", "migrate drop"),
        ("flyway -configFiles=a.conf clean", "flyway clean"),
        ("supabase db reset --linked", "supabase db reset --linked"),
        ("psql $URL -c 'DROP TABLE a'", "psql: DROP TABLE a"),
        ("psql -tAc 'TRUNCATE a,\n  b'", "psql: TRUNCATE a, b"),
        ('psql --command="DELETE FROM a" x', "psql: DELETE FROM a"),
        ("psql -h $H <<S\nSELECT 1;\nDROP SCHEMA public CASCADE;\nS", "psql: DROP SCHEMA public CASCADE"),
        ('psql -c "DROP DATABASE $NAME"', "psql: DROP DATABASE NAME"),
        ('echo "DROP TABLE a" | psql', "psql: DROP TABLE a"),
        ('echo "DROP TABLE a" | npx prisma db execute --stdin', "prisma: DROP TABLE a"),
    ],
)
def test_empties(text: str, command: str) -> None:
    assert [(found.command, found.empties) for found in dangers(text)] == [(command, EMPTIES)]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("prisma db push", "prisma db push"),
        ("prisma db push --accept-data-loss=false", "prisma db push"),
        ("npx prisma migrate dev --name x", "prisma migrate dev"),
        ("drizzle-kit push:pg", "drizzle-kit push:pg"),
        ("typeorm-ts-node-commonjs schema:sync -d x", "typeorm-ts-node-commonjs schema:sync"),
        ("rake db:schema:load", "rake db:schema:load"),  # Rails refuses in production
    ],
)
def test_may(text: str, command: str) -> None:
    assert [(found.command, found.empties) for found in dangers(text)] == [(command, MAY)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("prisma migrate reset", Place.ANYWHERE),
        ("DATABASE_URL=postgresql://a:b@localhost:5432/x prisma migrate reset", Place.LOCAL),
        ("export DATABASE_URL=postgres://db/x\nprisma migrate reset", Place.LOCAL),
        ("DATABASE_URL=postgres://a:b@db.acme.com/x prisma migrate reset", Place.ANYWHERE),
        ("dotenv -e .env.test -- prisma migrate reset", Place.LOCAL),
        ("dotenv -e .env.production -- prisma migrate reset", Place.DEPLOY),
        ("NODE_ENV=production prisma db push", Place.DEPLOY),
        ("RAILS_ENV=test rails db:reset", Place.LOCAL),
        ("prisma migrate dev", Place.ANYWHERE),  # the word dev is its own
        ("dropdb app_test", Place.LOCAL),
        ("DATABASE_URL='${{ secrets.TEST_DATABASE_URL }}' prisma db push", Place.LOCAL),
        ("DATABASE_URL=$PRODUCTION_URL prisma db push", Place.DEPLOY),
        ("psql --command='TRUNCATE test_results'", Place.ANYWHERE),
        ("psql -h localhost -c 'DROP TABLE a'", Place.LOCAL),
        ("PGHOST=127.0.0.1 dropdb app", Place.LOCAL),
        ("psql -c 'DROP DATABASE app_test'", Place.LOCAL),
        ("migrate -database clickhouse://x drop", Place.LOCAL),
        ("psql -f /dev/stdin <<< 'DROP TABLE a'", Place.ANYWHERE),
    ],
)
def test_place(text: str, place: Place) -> None:
    assert [found.place for found in dangers(text)] == [place]


def test_no_secret_is_shown() -> None:
    text = "psql postgres://me:hunter2@host/x -c 'DROP TABLE a'; dropdb 'postgres://me:hunter2@host/x'"
    assert "hunter2" not in str([(found.command, found.does) for found in dangers(text)])


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: " ".join((known.tools[0], *known.words, *known.options[:1])))
def test_each_is_found_by_its_own_words(known: Known) -> None:
    for tool in known.tools:
        words = [word.replace("*", "app") for word in known.words]
        assert [one.does for one in dangers(" ".join((tool, *words, *known.options[:1])))] == [known.does]


_WORDS = (
    "prisma",
    "db",
    "push",
    "psql",
    "-c",
    "sh",
    "npx",
    "--",
    "-h",
    "'",
    '"',
    "$(",
    "<<A",
    "\n",
    ";",
    "|",
    "DROP TABLE a",
)


@given(st.lists(st.sampled_from(_WORDS), max_size=12))
def test_never_raises(words: list[str]) -> None:
    assert all(found.line >= 1 for found in dangers(" ".join(words)))
