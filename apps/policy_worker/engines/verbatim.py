"""Says what the operator typed, word for word."""

import html
from collections.abc import AsyncGenerator

from apps.policy_worker.engines.base import ReplyRequest


class VerbatimEngine:
    name = "verbatim"
    label = "the operator's own words"
    complaint = ""

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def available(self) -> bool:
        return True

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[str, None]:
        rest = request.turn.input.text
        for sentence in request.already_said:
            rest = rest.partition(sentence)[2] if sentence in rest else rest
        yield f"<speech>{html.escape(rest, quote=False)}</speech>"
