"""How long a reply is waited for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from apps.policy_worker.engines.base import Pieces
from apps.policy_worker.engines.errors import (
    EngineError,
    NoFirstToken,
    ReplyStalled,
    ThinksTooLong,
)


@dataclass(frozen=True)
class Patience:
    """`first_word_seconds` until there is something to say, thinking included;
    `next_piece_seconds` from one piece to the next."""

    first_word_seconds: float = 5.0
    next_piece_seconds: float = 2.0


async def in_time(pieces: Pieces, patience: Patience, begun: Callable[[], bool]) -> Pieces:
    """The pieces as long as they come in time; raises `NoFirstToken`, `ThinksTooLong` or
    `ReplyStalled` where they do not. `begun` says whether anything to say has come."""
    now = asyncio.get_running_loop().time
    first_deadline = deadline = now() + patience.first_word_seconds
    late: type[EngineError] = NoFirstToken
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise late("no piece in time") from None
        if piece is None:
            return
        yield piece
        deadline, late = now() + patience.next_piece_seconds, ReplyStalled
        if not begun() and first_deadline < deadline:
            deadline, late = first_deadline, ThinksTooLong
        if now() >= deadline:
            raise late("nothing to say in time")
