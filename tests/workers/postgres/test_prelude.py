from collections.abc import Iterator
from typing import Any

import pytest

from workers.postgres.cluster import Cluster
from workers.postgres.prelude import Prelude
from workers.postgres.session import Session

MISSING = 'role "stranger" does not exist'

TRAP = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.spring(name, text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN EXECUTE 'CREATE TABLE public.sprung ()'; RETURN true; END $$;
CREATE OPERATOR evil.!~ (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.spring);
CREATE FUNCTION evil.format(text, name, text) RETURNS text LANGUAGE sql AS 'SELECT evil.spring($2, $1)::text';
ALTER DATABASE trapped SET search_path = evil, pg_catalog;
"""


@pytest.fixture
def trapped(cluster: Cluster) -> Iterator[Session]:
    cluster.create_database("trapped")
    with Session(cluster, database="trapped") as session:
        assert session.run(TRAP, simple=True).error is None
        yield session
    cluster.drop_database("trapped")


def tables(session: Session) -> list[tuple[Any, ...]]:
    found = "SELECT relname FROM pg_catalog.pg_class WHERE relkind = 'r' AND oid OPERATOR(pg_catalog.>=) 16384"
    return session.query(found)


def test_what_is_no_missing_role(cluster: Cluster) -> None:
    prelude = Prelude(cluster)
    assert not prelude.remedied("42704", 'type "stranger" does not exist', "app")
    assert not prelude.remedied("42501", MISSING, "app")
    assert prelude.notes == ()


def test_a_missing_role_is_made_without_stepping_into_a_trap(cluster: Cluster, trapped: Session) -> None:
    """Our superuser connects to a database whose migration put its own operators first in the search_path."""
    prelude = Prelude(cluster)
    assert prelude.remedied("42704", MISSING, "trapped")
    assert tables(trapped) == []
    given = "CREATE TABLE public.t (); GRANT SELECT ON public.t TO stranger; ALTER TABLE public.t OWNER TO stranger"
    assert trapped.run(given, simple=True).error is None
    assert prelude.notes == (
        "role stranger: not made by any migration; created here, for what is granted and given to it",
    )


def test_a_note_is_made_once(cluster: Cluster) -> None:
    prelude = Prelude(cluster)
    prelude.note("x")
    prelude.note("x")
    assert prelude.notes == ("x",)
