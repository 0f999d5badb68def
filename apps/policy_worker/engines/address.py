"""Whether a model server is there at all."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


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
