"""Where a store is that is no file: the address of a PostgreSQL database, without any secret in it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

SCHEMES = ("postgresql", "postgres")
_SECRET = ("password", "sslpassword")
_NO_SECRETS = (
    "must not hold a password, which would be seen in process lists and logs: put it into ~/.pgpass"
    " (HOST:PORT:DATABASE:USER:PASSWORD, mode 600) or the variable PGPASSWORD"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A database.

    Attributes:
        url: e.g. "postgresql://hansa@db.example.org/hansa", or "postgresql://hansa@/hansa?host=/run/postgresql".
        remote: the way there leaves this machine.
        verified: whoever answers there must prove the name by a certificate, since the URL says nothing else.
    """

    url: str
    remote: bool
    verified: bool

    @classmethod
    def parse(cls, url: str) -> Address:
        """Reads an address.

        Raises:
            ValueError: it is none, or it holds a password; what it says never quotes the address.
        """
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            _ = parts.port
            asked = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise ValueError("is no address: write postgresql://USER@HOST/DATABASE") from None
        if parts.scheme not in SCHEMES or not parts.path.strip("/") or not url.isprintable() or parts.fragment:
            raise ValueError("must be postgresql://USER@HOST/DATABASE")
        if parts.password is not None or any(name.lower() in _SECRET for name in asked):
            raise ValueError(_NO_SECRETS)
        hosts = [host] if host else [unquote(one) for one in asked.get("host", [])]
        remote = any(not one.startswith("/") and one not in ("localhost", "127.0.0.1", "::1") for one in hosts)
        return cls(url, remote, remote and "sslmode" not in asked)

    def __str__(self) -> str:
        """Returns it for people."""
        return self.url
