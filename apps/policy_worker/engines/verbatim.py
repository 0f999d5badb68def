"""Says what the operator typed, word for word."""

import html

from apps.policy_worker.engines.base import Capabilities, Pieces, ReplyRequest


class VerbatimEngine:
    name = "verbatim"
    label = "the operator's own words"
    model = ""
    capabilities = Capabilities(scripted=True)
    complaint = ""

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def available(self) -> bool:
        return True

    async def reply(self, request: ReplyRequest) -> Pieces:
        rest = request.turn.input.text
        for sentence in request.already_said:
            rest = rest.partition(sentence)[2] if sentence in rest else rest
        yield f"<speech>{html.escape(rest, quote=False)}</speech>"
