"""Where a Redis-compatible server is, and how one signs in there."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from libs.bus.base import ServerUnsuitable

DEFAULT_PORT = 6379

Command = tuple[str | bytes | int, ...]

_VERIFY = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
#: What may stand behind the `?` of an address, as other clients of Redis call it.
_OPTIONS = frozenset(
    {
        "db",
        "ssl_cert_reqs",
        "ssl_check_hostname",
        "ssl_ca_certs",
        "ssl_certfile",
        "ssl_keyfile",
    }
)


@dataclass(frozen=True)
class RedisAddress:
    """`redis://`, `rediss://` (TLS) or `unix://`. Raises `ServerUnsuitable` for anything else.

    The password never leaves this object but towards the server.
    """

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        try:
            self._check()
        except ValueError:
            raise ServerUnsuitable(
                "KITSU_REDIS_URL is not the address of a Redis server; "
                "it should look like redis://:password@host:6379/0"
            ) from None

    def __repr__(self) -> str:
        return f"RedisAddress({self.place})"

    @property
    def place(self) -> str:
        """For people."""
        return self.path or f"{self.host}:{self.port}"

    @property
    def path(self) -> str:
        """Of a socket in the file system; empty for one of the network."""
        return unquote(self._parts.path) if self._parts.scheme == "unix" else ""

    @property
    def host(self) -> str:
        return unquote(self._parts.hostname or "localhost")

    @property
    def port(self) -> int:
        return self._parts.port or DEFAULT_PORT

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """Raises `OSError` for certificates that cannot be read."""
        if self._parts.scheme != "rediss":
            return None
        options, context = self._options, ssl.create_default_context()
        verify = _VERIFY[options.get("ssl_cert_reqs", "required")]
        named = _YES_NO[options.get("ssl_check_hostname", "true").lower()]
        context.check_hostname = named and verify is not ssl.CERT_NONE
        context.verify_mode = verify
        if authorities := options.get("ssl_ca_certs"):
            context.load_verify_locations(authorities)
        if certificate := options.get("ssl_certfile"):
            context.load_cert_chain(certificate, options.get("ssl_keyfile"))
        return context

    @property
    def greeting(self) -> list[Command]:
        """What is said first on a connection; nothing else is heard if one of it is refused."""
        parts, said = self._parts, list[Command]()
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if user or password:
            said.append(("AUTH", user, password) if user else ("AUTH", password))
        if self._database:
            said.append(("SELECT", self._database))
        return [*said, ("PING",)]

    @cached_property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    @cached_property
    def _options(self) -> dict[str, str]:
        return dict(parse_qsl(self._parts.query))

    @property
    def _database(self) -> int:
        in_path = self._parts.path.strip("/") if not self.path else ""
        return int(self._options.get("db") or in_path or 0)

    def _check(self) -> None:
        """Raises `ValueError`."""
        options = self._options
        known = self._parts.scheme in ("redis", "rediss", "unix") and options.keys() <= _OPTIONS
        verify = options.get("ssl_cert_reqs", "none") in _VERIFY
        named = options.get("ssl_check_hostname", "yes").lower() in _YES_NO
        if not (known and verify and named and self.port and self._database >= 0):
            raise ValueError
