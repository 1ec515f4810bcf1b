"""URLs of databases: what is read from them, which are a pooler's, and that errors tell nothing of them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from workers.environments.address import Address, read_url, with_schema
from workers.environments.poolers import Place, Provider, is_local
from workers.errors import InputError

PLAIN = "postgresql://owner:hush@db.example.com:5433/shop"


def test_a_plain_url() -> None:
    address = read_url(PLAIN)
    assert (address.host, address.port, address.database, address.user) == ("db.example.com", 5433, "shop", "owner")
    assert (address.password, address.schema, address.pooled, address.direct) == ("hush", "", "", "")
    assert (address.parameters, address.local, address.provider) == ((), False, Provider.PLAIN)
    assert read_url(f" {PLAIN.replace('postgresql', 'POSTGRES')}\n") == address


def test_what_is_not_said() -> None:
    assert read_url("postgres://owner@db/shop").places == (Place("db", 5432),)
    assert read_url("postgres://owner@db/shop").password == ""
    assert read_url("postgres://owner:@db:/shop?").places == (Place("db", 5432),)


@pytest.mark.parametrize(
    ("url", "schema", "expected"),
    [
        (PLAIN, "", PLAIN),
        (f"{PLAIN}?schema=own", "public", f"{PLAIN}?schema=own"),
        (PLAIN, "public", f"{PLAIN}?schema=public"),
        (f" {PLAIN}\n", "public", f"{PLAIN}?schema=public"),
        (f"{PLAIN}?", "public", f"{PLAIN}?&schema=public"),
        (f"{PLAIN}?schema=&x=1", "a&b c", f"{PLAIN}?schema=&x=1&schema=a%26b%20c"),
    ],
)
def test_a_schema_where_the_url_names_none(url: str, schema: str, expected: str) -> None:
    assert with_schema(url, schema) == expected


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.sampled_from([PLAIN, f"{PLAIN}?x=1"]))
def test_the_schema_is_read_back(schema: str, url: str) -> None:
    assert read_url(with_schema(url, schema)).schema == schema


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("postgresql://u@[::1]:5433/d", (("::1", 5433),)),
        ("postgresql://u@[2001:db8::7]/d", (("2001:db8::7", 5432),)),
        ("postgresql://u@a,b:5433,[::1]/d", (("a", 5432), ("b", 5433), ("::1", 5432))),
        ("postgresql://u@localhost:5433/d?host=/var/run/postgresql", (("/var/run/postgresql", 5433),)),
        ("postgresql://u@%2Fvar%2Frun/d", (("/var/run", 5432),)),
        ("postgresql:///d?host=a,b&port=5433&user=u", (("a", 5433), ("b", 5433))),
        ("postgresql://u@a:1/d?port=2", (("a", 2),)),
    ],
)
def test_places(url: str, places: tuple[tuple[str, int], ...]) -> None:
    assert read_url(url).places == places


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(user=_TEXT, password=_TEXT, database=_TEXT)
def test_libpq_reads_the_same(user: str, password: str, database: str) -> None:
    url = "postgresql://{}:{}@[::1]:5433/{}?sslmode=require".format(
        *(quote(part, safe="") for part in (user, password, database))
    )
    address = read_url(url)
    libpq = conninfo_to_dict(url)
    assert (libpq["user"], libpq["password"], libpq["dbname"]) == (address.user, address.password, address.database)
    assert (libpq["host"], libpq["port"]) == (address.host, str(address.port))
    assert [libpq["sslmode"]] == [value for _, value in address.parameters]


def test_a_percent_sign_that_escapes_nothing_stays_as_prisma_reads_it() -> None:
    assert read_url("postgresql://u:100%@h/d").password == "100%"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("connection_limit=5&pool_timeout=2&socket_timeout=3&statement_cache_size=0&pgbouncer=false&schema=s&x=y", {}),
        ("application_name=me&client_encoding=latin1&hostaddr=192.0.2.1&passfile=/x&service=y&gssencmode=require", {}),
        ("sslmode=verify-full&sslrootcert=/ca&channel_binding=require", {}),
        ("sslcert=/c&sslkey=/k&connect_timeout=30&options=-c%20geqo%3Doff&target_session_attrs=any", {}),
        ("sslmode=no-verify", {"sslmode": "require"}),
        ("ssl=true", {"sslmode": "require"}),
        ("sslcert=/ca", {"sslrootcert": "/ca"}),
        ("sslaccept=strict", {"sslmode": "verify-full", "sslrootcert": "system"}),
        ("sslaccept=strict&sslcert=/ca&sslmode=require", {"sslmode": "verify-full", "sslrootcert": "/ca"}),
        ("sslaccept=accept_invalid_certs", {}),
    ],
)
def test_parameters_are_libpqs_own(query: str, parameters: dict[str, str]) -> None:
    address = read_url(f"{PLAIN}?{query}")
    assert dict(address.parameters) == (parameters or _LIBPQS.get(query, {}))


_LIBPQS = {
    "sslmode=verify-full&sslrootcert=/ca&channel_binding=require": {
        "sslmode": "verify-full", "sslrootcert": "/ca", "channel_binding": "require",
    },
    "sslcert=/c&sslkey=/k&connect_timeout=30&options=-c%20geqo%3Doff&target_session_attrs=any": {
        "sslcert": "/c", "sslkey": "/k", "connect_timeout": "30", "options": "-c geqo=off",
        "target_session_attrs": "any",
    },
}  # fmt: skip


# ---------------------------------------------------------------- poolers

NEON = "ep-cool-darkness-123456"


@pytest.mark.parametrize(
    "url",
    [
        PLAIN,
        f"postgresql://u@{NEON}.us-east-2.aws.neon.tech/d?sslmode=require&channel_binding=require",
        "postgresql://postgres@db.abcdef.supabase.co:5432/postgres",
        "postgresql://postgres.abcdef@aws-0-eu-west-3.pooler.supabase.com:5432/postgres",
        "postgresql://u@db.prisma.io:5432/postgres?sslmode=require",
        "postgresql://u@pooler.example.com/d",
        "postgresql://u@db.example.com:6432/d?pgbouncer=false",
    ],
)
def test_no_pooler(url: str) -> None:
    address = read_url(url)
    assert (address.pooled, address.direct) == ("", "")


@pytest.mark.parametrize(
    ("url", "why", "direct"),
    [
        (
            f"postgresql://u:hush@{NEON}-pooler.us-east-2.aws.neon.tech/d?schema=a%20b",
            f"{NEON}-pooler.us-east-2.aws.neon.tech is a pooler's host",
            f"postgresql://u@{NEON}.us-east-2.aws.neon.tech:5432/d?schema=a%20b",
        ),
        (
            f"postgresql://u:hush@{NEON}-POOLER.c-2.eu-central-1.aws.neon.tech:5432/d?pgbouncer=false",
            f"{NEON}-pooler.c-2.eu-central-1.aws.neon.tech is a pooler's host",
            f"postgresql://u@{NEON}.c-2.eu-central-1.aws.neon.tech:5432/d",
        ),
        (
            "postgresql://postgres.abcdef:hush@aws-0-eu-west-3.pooler.supabase.com:6543/postgres?pgbouncer=true",
            "port 6543 of aws-0-eu-west-3.pooler.supabase.com is a transaction pooler (its port 5432 keeps sessions, "
            "over IPv4)",
            "postgresql://postgres@db.abcdef.supabase.co:5432/postgres",
        ),
        (
            "postgresql://postgres:hush@db.abcdef.supabase.co:6543/postgres",
            "port 6543 is a pooler's",
            "postgresql://postgres@db.abcdef.supabase.co:5432/postgres",
        ),
        (
            "postgresql://u:hush@pooled.db.prisma.io:5432/postgres",
            "pooled.db.prisma.io is a pooler's host",
            "postgresql://u@db.prisma.io:5432/postgres",
        ),
        ("postgresql://u:hush@[::1]:6432/d", "port 6432 is a pooler's", "postgresql://u@[::1]:5432/d"),
        (
            "postgresql://u:hush@x:6432/d?host=/run/pgbouncer",
            "port 6432 is a pooler's",
            "postgresql://u@localhost:5432/d?host=/run/pgbouncer",
        ),
        ("postgresql://u:hush@a,b:6432/d", "port 6432 is a pooler's", "postgresql://u@a:5432,b:5432/d"),
        (PLAIN + "?pgbouncer=true", "pgbouncer=true says that a pooler stands before the server", ""),
        (
            f"postgresql://u@{NEON}.us-east-2.aws.neon.tech/d?pgbouncer=true",
            "pgbouncer=true says that a pooler stands before the server",
            f"postgresql://u@{NEON}.us-east-2.aws.neon.tech:5432/d",
        ),
    ],
)
def test_a_pooler_and_what_is_behind_it(url: str, why: str, direct: str) -> None:
    address = read_url(url)
    assert (address.pooled, address.direct) == (why, direct)
    if direct:
        behind = read_url(direct)
        assert (behind.pooled, behind.schema, behind.database) == ("", address.schema, address.database)


@pytest.mark.parametrize(
    "url",
    [
        "prisma://accelerate.prisma-data.net/?api_key=hush",
        "prisma+postgres://accelerate.prisma-data.net/?api_key=hush",
        "prisma+postgres://localhost:51213/?api_key=hush",
    ],
)
def test_accelerate_is_a_pooler_whose_server_is_not_known(url: str) -> None:
    address = read_url(url)
    assert (address.provider, address.direct) == (Provider.ACCELERATE, "")
    assert address.pooled == f"{url.partition(':')[0]}:// is Prisma Accelerate, a pooler that speaks no PostgreSQL"
    assert "hush" in address.secrets
    assert "hush" not in repr(address)


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        (f"{NEON}.us-east-2.aws.neon.tech", Provider.NEON),
        ("aws-0-eu-west-3.pooler.supabase.com", Provider.SUPABASE),
        ("db.abcdef.supabase.co", Provider.SUPABASE),
        ("monorail.proxy.rlwy.net", Provider.RAILWAY),
        ("postgres.railway.internal", Provider.RAILWAY),
        ("db.prisma.io", Provider.PRISMA),
        ("neon.tech.example.com", Provider.PLAIN),
        ("192.0.2.1", Provider.PLAIN),
    ],
)
def test_providers(host: str, provider: Provider) -> None:
    assert read_url(f"postgresql://u@{host}/d").provider is provider


@pytest.mark.parametrize(
    ("host", "local"),
    [
        *[(host, True) for host in ("localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "/run/postgresql")],
        *[(host, False) for host in ("10.0.0.1", "192.168.1.1", "0.0.0.0", "fe80::1", "::", "db", "localhost.example")],
    ],
)
def test_what_stays_on_this_machine(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_one_host_elsewhere_is_enough() -> None:
    assert read_url("postgresql://u@localhost,[::1]/d").local
    assert not read_url("postgresql://u@localhost,db/d").local


# ---------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    "url",
    [
        *("", "shop", "://", "postgresql://", "postgresql:db", "mysql://u:hush@h/d", "host=h password=hush"),
        *("postgresql://h/d", "postgresql://u:hush@h", "postgresql://u:hush@h/", "postgresql://u:hush@/d"),
        *("postgresql://u:hu@sh@h/d", "postgresql://u:hu/sh@h/d", "postgresql://u:12/hush@h/d"),
        *("postgresql://u:12?hush@h/d", "postgresql://u:12?hush=@h/d", "postgresql://u:hush#@h x/d"),
        *("postgresql://u:hush@h:port/d", "postgresql://u:hush@h:0/d", "postgresql://u:hush@h:65536/d"),
        *("postgresql://u:hush@h:1,2/d?port=1,2,3", "postgresql://u:hush@h:１/d", "postgresql://u:hush@a..b/d"),
        *("postgresql://u:hush@[::1/d", "postgresql://u:hush@::1/d", "postgresql://u:hush@[h]:x/d"),
        *("postgresql://u:hush%00@h/d", "postgresql://u:hush%ff@h/d", "postgresql://u:hush@h/d%0a"),
        *("postgresql://u:hush@h/d?sslmode=hush", "postgresql://u:hush@h/d?sslidentity=hush.p12"),
        *("postgresql://u:hush@h/d?connect_timeout=soon", "postgresql://u:hush@h/d?x", "prisma://?api_key=hush"),
    ],
)
def test_what_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(InputError) as caught:
        read_url(url)
    assert "hush" not in repr(caught.value)
    assert caught.value.__context__ is None


def read(url: str) -> Address | InputError:
    try:
        return read_url(url)
    except InputError as error:
        return error


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.sampled_from(["", "?schema=s", "?x=@"]))
def test_no_password_gets_out_however_it_is_written(text: str, tail: str) -> None:
    result = read(f"postgresql://owner:hush{text}hush@db.example.com/shop{tail}")
    assert "hush" not in repr(result)
    if isinstance(result, InputError):
        assert result.__context__ is None
    else:
        assert result.host == "db.example.com"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"postgresql://{text}", f"postgresql://u@h/d?{text}", f"prisma://{text}"):
        result = read(url)
        assert isinstance(result, InputError) or result.places
