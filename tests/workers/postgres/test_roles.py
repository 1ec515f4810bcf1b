from workers.postgres.cluster import Cluster, Role
from workers.postgres.roles import Roles

SETTINGS = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'postgres'::regrole AND setdatabase = 0"


def names(cluster: Cluster) -> set[str]:
    with cluster.connect(Role.ADMIN, "template1") as connection:
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'x\\_%'").fetchall()
        return {name for (name,) in rows}


def settings(cluster: Cluster) -> list[tuple[list[str]]]:
    with cluster.connect(Role.ADMIN, "template1") as connection:
        return connection.execute(SETTINGS).fetchall()


def run(cluster: Cluster, statement: bytes) -> None:
    with cluster.connect(Role.ADMIN, "template1") as connection:
        connection.execute(statement)


def test_a_migration_without_roles_costs_nothing(cluster: Cluster) -> None:
    roles = Roles.before(cluster, "CREATE TABLE roles (id int);")
    assert roles.known is None
    assert roles.put_aside() == {}


def test_roles_are_put_aside_and_brought_back(cluster: Cluster) -> None:
    roles = Roles.before(cluster, "CREATE ROLE x_a; CREATE USER x_b;")
    run(cluster, b"CREATE ROLE x_a; CREATE ROLE x_b")
    aside = roles.put_aside()
    assert sorted(aside.values()) == ["x_a", "x_b"]
    assert names(cluster) == set()
    run(cluster, b"CREATE ROLE x_a")  # the second time
    roles.bring_back(aside)
    assert names(cluster) == {"x_a", "x_b"}
    drop = (
        "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'x\\_%' OR rolname LIKE "
    )
    drop += "'migration\\_bot\\_aside%' LOOP EXECUTE format('DROP ROLE %I', r); END LOOP; END $$"
    run(cluster, drop.encode())


def test_settings_of_the_migrations_role_are_brought_back_as_they_were(cluster: Cluster) -> None:
    was = settings(cluster)
    run(cluster, b"ALTER ROLE postgres SET search_path = 'Odd name', public")
    roles = Roles.before(cluster, "ALTER ROLE postgres SET search_path = nowhere;")
    before = settings(cluster)
    run(cluster, b"ALTER ROLE postgres SET search_path = nowhere; ALTER ROLE postgres SET work_mem = '1MB'")
    roles.put_aside()
    assert settings(cluster) == before
    run(cluster, b"ALTER ROLE postgres RESET ALL")
    roles.put_aside()
    assert settings(cluster) == before
    run(cluster, b"ALTER ROLE postgres RESET search_path")
    assert settings(cluster) == was
