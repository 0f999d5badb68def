"""Addresses of model servers: what may be shown of them, and whether they are this machine."""

import asyncio
import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def shown(url: str) -> str:
    """Host and port, without a password that may stand in the address."""
    address = urlsplit(url)
    return f"{address.hostname}:{address.port}" if address.port else str(address.hostname)


def is_this_machine(url: str) -> bool:
    """Whether what is sent there stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def answers(url: str, within_seconds: float) -> bool:
    """Whether somebody listens there: a bare connection, which costs next to nothing."""
    address = urlsplit(url)
    port = address.port or _DEFAULT_PORTS.get(address.scheme, 80)
    try:
        async with asyncio.timeout(within_seconds):
            _, writer = await asyncio.open_connection(address.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
