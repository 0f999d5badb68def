"""What `POST /api/pull` says, line by line."""

import hashlib
from collections.abc import Iterator
from typing import Any

_LAYERS = (1_887_000_000, 1_400, 560)


def pull_lines(name: str) -> Iterator[dict[str, Any]]:
    """Progress of each layer, the first line of which has no `completed`. A name with `missing` in
    it is nowhere; one with `broken` breaks off."""
    yield {"status": "pulling manifest"}
    if "missing" in name:
        yield {"error": "pull model manifest: file does not exist"}
        return
    for number, total in enumerate(_LAYERS):
        digest = "sha256:" + hashlib.sha256(f"{name}{number}".encode()).hexdigest()
        layer = {"status": f"pulling {digest[7:19]}", "digest": digest, "total": total}
        yield layer
        ticks = 10 if total > 1_000_000 else 1
        for tick in range(1, ticks + 1):
            yield {**layer, "completed": total * tick // ticks}
        if "broken" in name:
            yield {"error": "max retries exceeded: unexpected EOF"}
            return
    yield {"status": "verifying sha256 digest"}
    yield {"status": "writing manifest"}
    yield {"status": "success"}
