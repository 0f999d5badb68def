"""Answers as server-sent events (WHATWG HTML, section 9.2): one JSON document each."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse

#: The event's name and its document.
Told = tuple[str, dict[str, Any]]


def as_events(events: AsyncGenerator[Told, None]) -> StreamingResponse:
    return StreamingResponse(_encoded(events), media_type="text/event-stream")


async def _encoded(events: AsyncGenerator[Told, None]) -> AsyncIterator[str]:
    async with aclosing(events):
        async for kind, body in events:
            yield f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"
