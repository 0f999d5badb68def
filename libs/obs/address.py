"""Where OBS_WS_URL points."""

from urllib.parse import urlsplit

DEFAULT_PORT = 4455

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def host_and_port(url: str) -> tuple[str, int]:
    """Of an address like `ws://127.0.0.1:4455`. Raises `ValueError` for anything else."""
    parts = urlsplit(url.strip())
    if parts.scheme != "ws" or not parts.hostname:
        raise ValueError("must look like ws://127.0.0.1:4455")
    return parts.hostname, parts.port or DEFAULT_PORT
