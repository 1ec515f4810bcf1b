"""Which hosts and ports are a connection pooler's, and which address is behind it."""

from __future__ import annotations

import enum
import ipaddress
from typing import NamedTuple


class Provider(enum.StrEnum):
    """Who runs the server, as its host name says."""

    NEON = "neon"
    SUPABASE = "supabase"
    RAILWAY = "railway"
    PRISMA = "prisma postgres"
    ACCELERATE = "prisma accelerate"
    PLAIN = "plain"


class Place(NamedTuple):
    """host: a name, an IP address, or the folder of a socket. port: also a part of the socket's name."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Behind(NamedTuple):
    """The server behind a pooler. why: what shows the pooler. user: the role's name there."""

    why: str
    place: Place
    user: str


_DOMAINS = (
    (".neon.tech", Provider.NEON),
    (".supabase.co", Provider.SUPABASE),
    (".supabase.com", Provider.SUPABASE),
    (".rlwy.net", Provider.RAILWAY),
    (".railway.app", Provider.RAILWAY),
    (".railway.internal", Provider.RAILWAY),
    (".prisma.io", Provider.PRISMA),
)
_PORTS = (6543, 6432)  # Supabase's; PgBouncer's own default (https://www.pgbouncer.org/config.html#listen_port)
_SERVER_PORT = 5432


def provider_of(host: str) -> Provider:
    return next((provider for domain, provider in _DOMAINS if host.lower().endswith(domain)), Provider.PLAIN)


def is_local(host: str) -> bool:
    """A socket's folder, localhost or a loopback address. A private network is not local: others may listen there."""
    address = ip_address(host)
    return host.lower() == "localhost" or host.startswith("/") or (address is not None and address.is_loopback)


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def behind(place: Place, user: str) -> Behind | None:
    """None where neither host nor port are known for a pooler, which may be one's own all the same.
    https://neon.com/docs/connect/connection-pooling, https://supabase.com/docs/guides/database/connecting-to-postgres,
    https://www.prisma.io/docs/postgres/database/connecting-to-your-database. Supabase's shared pooler keeps sessions on
    port 5432, where it is the way to the server without IPv6: no pooler in our sense."""
    host = place.host.lower()
    first, dot, rest = host.partition(".")
    if first.endswith("-pooler"):
        return Behind(f"{host} is a pooler's host", Place(first.removesuffix("-pooler") + dot + rest, place.port), user)
    if host == "pooled.db.prisma.io":
        return Behind(f"{host} is a pooler's host", Place("db.prisma.io", place.port), user)
    if place.port not in _PORTS:
        return None
    role, _, project = user.partition(".")
    if host.endswith(".pooler.supabase.com") and project:
        why = f"port {place.port} of {host} is a transaction pooler (its port {_SERVER_PORT} keeps sessions, over IPv4)"
        return Behind(why, Place(f"db.{project}.supabase.co", _SERVER_PORT), role)
    return Behind(f"port {place.port} is a pooler's", Place(place.host, _SERVER_PORT), user)
