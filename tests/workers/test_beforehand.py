"""What is made in front of a history, and only where something needs it; on a real server, and through a review."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.repositories import Repo
from workers.audit import audit
from workers.audit.place import Asked as Named
from workers.beforehand import Before, beforehand
from workers.environments.expected import Setting, rehearsed
from workers.errors import CannotAnalyse, InputError
from workers.migrations.history_tables import HISTORY_TABLES
from workers.model import Down, Migration, Part, SqlError, Transaction
from workers.policy import NO_PLATFORM, DriftPolicy, Policy, PreludeFile
from workers.postgres.cluster import Cluster, Limits, Role, start_cluster
from workers.postgres.prelude import Prelude
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, find_installations
from workers.postgres.session import Session
from workers.reading import Asked
from workers.replay import apply_whole, lay
from workers.review import Machine, review
from workers.verdict import Report
from workers.ways_back import Grade

PLATFORM = "Supabase's roles and schemas"
PROFILES = """
create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  key uuid default uuid_generate_v4(),
  secret text default encode(digest('x', 'sha256'), 'hex')
);
alter table public.profiles enable row level security;
create policy own on public.profiles to authenticated using ((select auth.uid()) = id);
create function public.greet() returns trigger language plpgsql security definer as $$
  begin insert into public.profiles (id) values (new.id); return new; end $$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.greet();
insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
create policy avatars on storage.objects for insert with check
  (bucket_id = 'avatars' and (storage.foldername(name))[1] = auth.uid()::text and auth.role() = 'authenticated');
alter publication supabase_realtime add table public.profiles;
grant usage on schema extensions to anon;
create policy topics on realtime.messages for select using (realtime.topic() = 'x');
select vault.create_secret('s3cret', 'key');
"""


def migration(text: str, name: str = "1") -> Migration:
    return Migration(name, f"m/{name}.sql", text, Transaction.SIMPLE_QUERY)


def made(layout: str, *texts: str, policy: Policy | None = None) -> list[str]:
    return [each.path for each in beforehand(layout, [*map(migration, texts)], policy or Policy()).sql]


# ---------------------------------------------------------------- what is needed


def test_most_need_nothing() -> None:
    assert beforehand("prisma", [migration(PROFILES)], Policy()) == Before()
    assert beforehand("supabase", [migration(PROFILES)], Policy(platform=NO_PLATFORM)) == Before()


def test_a_runners_table_where_a_migration_names_it_and_none_makes_it() -> None:
    named = "GRANT SELECT ON schema_migrations TO readers;"
    assert made("dbmate", "SELECT 1;") == []
    assert made("plain", named) == []
    assert made("dbmate", "SELECT 1;", named) == ["the runner's own table schema_migrations"]
    assert made("drizzle", "alter table drizzle.__drizzle_migrations owner to a") == [
        "the runner's own table drizzle.__drizzle_migrations"
    ]
    down = Down("m/1_a/down.sql", 'DELETE FROM "_prisma_migrations";', Transaction.SIMPLE_QUERY)
    named_on_the_way_back = beforehand("prisma", [replace(migration(PROFILES), down=down)], Policy()).sql
    assert [each.path for each in named_on_the_way_back] == ["the runner's own table _prisma_migrations"]
    for own in (
        "schema_migrations",
        '"schema_migrations"',
        "public.schema_migrations",
        "IF NOT EXISTS schema_migrations",
    ):
        assert made("dbmate", f"CREATE TABLE {own} (version varchar PRIMARY KEY);", named) == []


def test_a_platform_by_layout_or_policy() -> None:
    assert made("supabase", "SELECT 1;") == [PLATFORM]
    assert made("prisma", "SELECT 1;", policy=Policy(platform="supabase")) == [PLATFORM]
    assert made("hasura", "SELECT 1;") == []
    assert made("hasura", "SELECT hdb_catalog.gen_hasura_uuid();") == ["Hasura's schema hdb_catalog"]
    assert made("supabase", PROFILES) == [PLATFORM, "Supabase's extension pgcrypto", "Supabase's extension uuid-ossp"]


def test_the_policys_files_come_last_and_run_as_migrations_do() -> None:
    policy = Policy(prelude=(PreludeFile("db/a.sql", "CREATE SCHEMA a"),), provided=("pg_cron",))
    before = beforehand("supabase", [migration("SELECT 1;")], policy)
    assert [(each.path, each.part) for each in before.sql] == [(PLATFORM, Part.PLATFORM), ("db/a.sql", Part.PRELUDE)]
    assert before.provided == {"pg_cron", "pg_graphql", "pgsodium", "supabase_vault"}


def test_what_is_the_platforms_own_is_no_drift() -> None:
    asked = DriftPolicy(("tmp_*",), owners=True)
    assert beforehand("plain", [migration("SELECT 1;")], Policy()).outside(asked) == asked
    before = beforehand("hasura", [migration("SELECT 1;")], Policy())
    assert before.outside(asked) == DriftPolicy(("tmp_*", "hdb_catalog.*", "hdb_views.*"), owners=True)


# ---------------------------------------------------------------- on a server


@pytest.fixture
def fresh(installation: Installation, cache: Path) -> Iterator[Cluster]:
    with start_cluster(installation, strongest_tier(), Limits(), cache) as cluster:
        yield cluster


def apply_on(cluster: Cluster, text: str) -> SqlError | None:
    with Session(cluster) as session:
        return apply_whole(session, migration(text), Prelude(cluster))


@pytest.mark.parametrize("server", find_installations(), ids=str)
def test_supabase(server: Installation, cache: Path) -> None:
    """pgcrypto and uuid-ossp are on one server of those here; the others do without."""
    text = PROFILES if "pgcrypto" in server.extensions else "\n".join(
        line for line in PROFILES.splitlines() if "digest" not in line and "uuid_generate" not in line
    ).replace("on delete cascade,", "on delete cascade")  # fmt: skip
    before = beforehand("supabase", [migration(text)], Policy())
    with start_cluster(server, strongest_tier(), Limits(), cache) as cluster:
        prelude = Prelude(cluster)
        assert lay(before.sql, prelude) == len(before.sql)
        assert prelude.notes == (f"made before the first migration: {', '.join(each.path for each in before.sql)}",)
        assert apply_on(cluster, text) is None
        with Session(cluster) as session:
            signed = 'set request.jwt.claims = \'{"sub": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "role": "anon"}\''
            assert session.run(signed).error is None
            assert session.query("SELECT auth.uid()::text, auth.role(), auth.email()") == [
                ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "anon", None)
            ]
            names = "storage.foldername(n), storage.filename(n), storage.extension(n)"
            assert session.query(f"SELECT {names} FROM (VALUES ('a/b/c.tar.gz'), ('c'), ('')) v (n)") == [
                (["a", "b"], "c.tar.gz", "gz"),
                ([], "c", "c"),
                ([], "", ""),
            ]
            assert session.query("SELECT decrypted_secret FROM vault.decrypted_secrets") == [("s3cret",)]


def test_supabase_gives_migrations_no_rights_over_the_server(fresh: Cluster) -> None:
    """A role that may make roles could give itself the server's files, before 16."""
    lay(beforehand("supabase", [], Policy()).sql, Prelude(fresh))
    with fresh.connect(Role.MIGRATION) as connection:
        found = connection.execute(
            "SELECT rolname::text FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolreplication"
            " OR pg_has_role(oid, 'pg_execute_server_program', 'member')"
            " OR pg_has_role(oid, 'pg_read_server_files', 'member') ORDER BY 1"
        ).fetchall()
    ours = {Role.ADMIN.value, "pg_execute_server_program", "pg_read_server_files"}
    assert {name for (name,) in found} - ours <= {Role.MIGRATION.value}


@pytest.mark.parametrize("layout", sorted(HISTORY_TABLES))
def test_each_runners_table_can_be_made(layout: str, cluster: Cluster) -> None:
    table = HISTORY_TABLES[layout]
    cluster.create_database("runners")
    try:
        with Session(cluster, database="runners") as session:
            for each in beforehand(layout, [migration(f"GRANT SELECT ON {table.name} TO a")], Policy()).sql:
                if each.part is Part.PRELUDE:
                    assert session.run(each.text, simple=True).error is None
            where = f"{table.schema}.{table.name}" if table.schema else f"public.{table.name}"
            assert session.query(f"SELECT count(*) FROM {where}") == [(0,)]
    finally:
        cluster.drop_database("runners")


def test_hasura(fresh: Cluster) -> None:
    text = (
        "CREATE TABLE t (id uuid DEFAULT hdb_catalog.gen_hasura_uuid()); DELETE FROM hdb_catalog.hdb_scheduled_events;"
    )
    lay(beforehand("hasura", [migration(text)], Policy()).sql, Prelude(fresh))
    assert apply_on(fresh, text) is None


def test_a_prelude_that_fails_is_named_with_file_and_line(fresh: Cluster) -> None:
    files = (
        PreludeFile("db/a.sql", "CREATE SCHEMA cron;\n"),
        PreludeFile("db/b.sql", "SELECT 1;\n\nSELECT nothing;\n"),
    )
    with pytest.raises(
        CannotAnalyse, match=r'^db/b\.sql:3: this is run before the first migration, and fails: column "n'
    ):
        lay(beforehand("plain", [], Policy(prelude=files)).sql, Prelude(fresh))


# ---------------------------------------------------------------- through a review and an audit


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.at(tmp_path)


@pytest.fixture
def machine(cache: Path) -> Iterator[Machine]:
    """What is kept of a history ends with its test."""
    with tempfile.TemporaryDirectory(prefix="migration-bot-before-", dir="/var/tmp") as folder:
        own = Path(folder)
        own.chmod(0o755)
        for shared in ("templates", "servers"):
            (cache / shared).mkdir(parents=True, exist_ok=True)
            (own / shared).symlink_to(cache / shared)
        yield Machine(own, Limits(), snapshots_bytes=1 << 30, require=strongest_tier())


def reviewed(repo: Repo, machine: Machine) -> Report:
    return review(Asked(repo.folder, "main", "feature"), machine)


def test_a_review_shows_nothing_of_it_but_a_note(repo: Repo, machine: Machine) -> None:
    where = "supabase/migrations"
    repo.commit({f"{where}/20240101000000_a.sql": "CREATE TABLE a (id uuid PRIMARY KEY REFERENCES auth.users);\n"})
    text = "CREATE TABLE b (id uuid PRIMARY KEY DEFAULT auth.uid());\nCREATE POLICY b ON b USING (auth.uid() = id);\n"
    repo.commit({f"{where}/20240102000000_b.sql": text}, branch="feature")
    report = reviewed(repo, machine)
    assert report.notes == (f"made before the first migration: {PLATFORM}",)
    (one,) = report.migrations
    assert one.rollback is not None
    statements = [line for line in one.rollback.sql.splitlines() if not line.startswith(("--", "SET "))]
    assert (one.rollback.grade, statements) == (Grade.EXACT, ['DROP TABLE "public"."b";'])


def test_the_policy_extends_it_from_the_base_branch_alone(repo: Repo, machine: Machine) -> None:
    policy = "platform: off\nprelude: [db/cron.sql]\nextensions: {pg_cron: provided}\n"
    schedule = "CREATE SCHEMA cron;\nCREATE FUNCTION cron.schedule(text, text) RETURNS bigint LANGUAGE sql RETURN 1;\n"
    jobs = "CREATE EXTENSION pg_cron;\nSELECT cron.schedule('0 0 * * *', 'VACUUM');\n"
    repo.commit({"db/migrations/001_a.sql": jobs, ".github/migrations.yml": policy, "db/cron.sql": schedule})
    repo.commit({"db/migrations/002_b.sql": "CREATE TABLE b (id int);\n", "db/cron.sql": "broken"}, branch="feature")
    assert reviewed(repo, machine).notes == (
        "made before the first migration: db/cron.sql",
        "CREATE EXTENSION passes over pg_cron: there is what the prelude makes of it",
    )
    repo.git("switch", "-q", "main")
    repo.commit({".github/migrations.yml": policy.replace("db/cron.sql", "db/none.sql")})
    with pytest.raises(
        InputError, match=r"^\.github/migrations\.yml: there is no db/none\.sql at .*, which prelude names"
    ):
        reviewed(repo, machine)


def test_a_rollback_in_an_environment_stands_on_it_too(machine: Machine, installation: Installation) -> None:
    history = (migration("GRANT SELECT ON schema_migrations TO readers;"),)
    second = migration("ALTER TABLE schema_migrations ADD at date;", "2")
    before = beforehand("dbmate", (*history, second), Policy())
    found, one = rehearsed(Setting(history, second, installation.major, before=before), machine)
    assert one.rollback is not None
    assert (one.rollback.grade, one.rollback.proven) == (Grade.EXACT, True)
    assert found.notes[0] == "made before the first migration: the runner's own table schema_migrations"


def test_an_audit_stands_on_it_too(repo: Repo, machine: Machine) -> None:
    grant = "-- migrate:up\nALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;\n-- migrate:down\n"
    table = "-- migrate:up\nCREATE TABLE t (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE t;\n"
    repo.commit({"db/migrations/1_a.sql": grant, "db/migrations/2_b.sql": table})
    found = audit(Named(str(repo.folder)), machine)
    assert found.layout == "dbmate"
    assert [one.error for one in found.migrations] == [None, None]
    assert found.notes == ("made before the first migration: the runner's own table schema_migrations",)
