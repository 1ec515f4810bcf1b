"""Where an environment's database is, read from its URL as libpq and Prisma write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

from workers.environments.poolers import Place, Provider, behind, ip_address, is_local, provider_of
from workers.errors import InputError


@dataclass(frozen=True, slots=True)
class Address:
    """places: tried in their order. schema: Prisma's ?schema=, "" for none. pooled: "" or why it is a pooler's. direct:
    the URL to use instead, without password; "" where it is not known. parameters: libpq's own. secrets: what of the
    URL must never be printed, as written there and decoded."""

    provider: Provider
    places: tuple[Place, ...]
    database: str
    user: str
    schema: str = ""
    pooled: str = ""
    direct: str = ""
    password: str = field(default="", repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def host(self) -> str:
        return self.places[0].host

    @property
    def port(self) -> int:
        return self.places[0].port

    @property
    def local(self) -> bool:
        """Whether nothing leaves this machine, wherever it connects to."""
        return all(is_local(place.host) for place in self.places)


def read_url(url: str) -> Address:
    """Raises InputError, in words that hold nothing of the URL: where a password has an unescaped @ or /, any part may
    be the password. What the query says wins, as in libpq.
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    https://www.prisma.io/docs/orm/overview/databases/postgresql#arguments"""
    found = _URL.fullmatch(url.strip())
    if found is None or found["scheme"].lower() not in (*_POSTGRES, *_ACCELERATE):
        raise InputError(_UNREADABLE)
    query = _query(found["query"] or "")
    if found["scheme"].lower() in _ACCELERATE:
        return _accelerate(found, query)
    names = {name: query.get(key) or _decoded(found[name] or "") for name, key in _NAMES.items()}
    for name in ("user", "database"):
        if not names[name]:
            raise InputError(f"the URL of the database names no {name}: write {_FORM}")
    places = _places(found["hosts"], query)
    address = Address(
        provider=provider_of(places[0].host),
        places=places,
        schema=query.get("schema", ""),
        parameters=tuple(sorted(_parameters(query, places).items())),
        secrets=_present(names["password"], found["password"], query.get("sslpassword")),
        **names,
    )
    return _seen_through(address, query.get("pgbouncer", ""))


def with_schema(url: str, schema: str) -> str:
    """The URL with Prisma's ?schema=; as it is where it names one itself. schema: "" for none. Raises InputError."""
    if not schema or read_url(url).schema:
        return url
    return f"{url.strip()}{'&' if '?' in url else '?'}schema={quote(schema, safe='')}"


# ---------------------------------------------------------------- the URL's parts

_POSTGRES = ("postgresql", "postgres")
_ACCELERATE = ("prisma", "prisma+postgres", "prisma+postgresql")
_NAMES = {"user": "user", "password": "password", "database": "dbname"}
_URL = re.compile(
    r"(?P<scheme>[a-z+]+)://(?:(?P<user>[^:@/?]*)(?::(?P<password>[^@/?]*))?@)?(?P<hosts>[^@/?]*)"
    r"(?:/(?P<database>[^@/?]*))?(?:\?(?P<query>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
_UNREADABLE = (
    f"the URL of the database cannot be read: write {_FORM}, and in the password @ as %40, / as %2F, ? as %3F, % as %25"
)
_PLACE = re.compile(r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_][a-z0-9_-]{0,62}(?:\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _present(*texts: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _decoded(text: str) -> str:
    """A % that begins no escape stays as it is, which Prisma allows and libpq does not."""
    decoded = unquote(text)
    if "\ufffd" in decoded or _CONTROL.search(decoded):
        raise InputError("the URL of the database has a part that is not UTF-8, or that holds a control character")
    return decoded


def _query(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split("&") if part]
    if not all(key and equals for key, equals, _ in pairs):
        raise InputError(_UNREADABLE)
    return {_decoded(key): _decoded(value) for key, _, value in pairs}


def _accelerate(found: re.Match[str], query: Mapping[str, str]) -> Address:
    """HTTP, with a key instead of a user: https://www.prisma.io/docs/accelerate"""
    return Address(
        provider=Provider.ACCELERATE,
        places=_places(found["hosts"], {}),
        database="",
        user="",
        pooled=f"{found['scheme'].lower()}:// is Prisma Accelerate, a pooler that speaks no PostgreSQL",
        secrets=_present(query.get("api_key"), found["query"], found["password"]),
    )


def _places(hosts: str, query: Mapping[str, str]) -> tuple[Place, ...]:
    found = [_PLACE.fullmatch(one) for one in hosts.split(",")]
    names = [_decoded(one["ipv6"] or one["name"] or "") if one else "" for one in found]
    ports = [(one and one["port"]) or "5432" for one in found]
    names = query["host"].split(",") if query.get("host") else names
    ports = query["port"].split(",") if query.get("port") else ports
    ports = ports * len(names) if len(ports) == 1 else ports
    if not all(found) or not all(map(_is_host, names)):
        raise InputError("the URL of the database names no host, or one that is neither a name nor an IP address")
    if len(ports) != len(names) or not all(map(_is_port, ports)):
        raise InputError("the URL of the database has a port that is no number from 1 to 65535")
    return tuple(Place(name, int(port)) for name, port in zip(names, ports, strict=True))


def _is_host(name: str) -> bool:
    return name.startswith("/") or ip_address(name) is not None or _HOST.fullmatch(name) is not None


def _is_port(text: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", text) is not None and 0 < int(text) <= 65_535


# ---------------------------------------------------------------- its parameters

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_LIBPQ = frozenset((
    *("sslmode", "sslnegotiation", "sslcert", "sslkey", "sslpassword", "sslcertmode", "sslrootcert", "sslcrl"),
    *("sslcrldir", "sslsni", "ssl_min_protocol_version", "ssl_max_protocol_version", "channel_binding"),
    *("require_auth", "requirepeer", "krbsrvname", "target_session_attrs", "connect_timeout", "options"),
))  # fmt: skip


def _parameters(query: Mapping[str, str], places: Sequence[Place]) -> dict[str, str]:
    """Those of libpq. Prisma's are for an application's pool; any other is left alone, as Prisma leaves it."""
    given = {key: value for key, value in query.items() if key in _LIBPQ and value}
    if "sslidentity" in query:
        raise InputError("sslidentity is read by Prisma alone: give the certificate as sslcert, its key as sslkey")
    if "sslcert" in given and "sslkey" not in given:  # Prisma's name for what libpq calls sslrootcert
        given.setdefault("sslrootcert", given.pop("sslcert"))
    if query.get("sslaccept") == "strict":
        given = {"sslrootcert": "system", **given, "sslmode": "verify-full"}
    if query.get("ssl") == "true":
        given.setdefault("sslmode", "require")
    if given.get("sslmode") == "no-verify":  # node-postgres's word
        given["sslmode"] = "require"
    if given.get("sslmode", "prefer") not in _SSL_MODES:
        raise InputError(f"sslmode in the URL of the database must be one of {', '.join(_SSL_MODES)}")
    if not re.fullmatch("[0-9]{1,5}", given.get("connect_timeout", "0")):
        raise InputError("connect_timeout in the URL of the database must be a number of seconds")
    if len(places) > 1:
        given.setdefault("target_session_attrs", "primary")
    return given


# ---------------------------------------------------------------- what is behind it

_NAMED = (Provider.NEON, Provider.SUPABASE, Provider.PRISMA)  # whose poolers have hosts or ports of their own


def _seen_through(address: Address, pgbouncer: str) -> Address:
    """With pooled and direct. pgbouncer=false says of a server of one's own that its port is no pooler's."""
    alone = pgbouncer == "false" and address.provider is Provider.PLAIN
    servers = [None if alone else behind(place, address.user) for place in address.places]
    why = next((server.why for server in servers if server), "")
    if not why and pgbouncer != "true":
        return address
    places = [server.place if server else place for server, place in zip(servers, address.places, strict=True)]
    user = next((server.user for server in servers if server), address.user)
    direct = _written(replace(address, places=tuple(places), user=user))
    return replace(
        address,
        pooled=why or "pgbouncer=true says that a pooler stands before the server",
        direct=direct if why or address.provider in _NAMED else "",
    )


def _written(address: Address) -> str:
    """As a URL, without password and parameters."""
    user, database = quote(address.user, safe=""), quote(address.database, safe="")
    sockets = [place.host for place in address.places if place.host.startswith("/")]
    hosts = ",".join(str(place) for place in address.places) if not sockets else f"localhost:{address.port}"
    query = {"host": ",".join(sockets), "schema": address.schema}
    tail = "&".join(f"{key}={quote(value, safe='/,')}" for key, value in query.items() if value)
    return f"postgresql://{user}@{hosts}/{database}{'?' if tail else ''}{tail}"
