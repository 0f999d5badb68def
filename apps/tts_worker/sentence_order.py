"""The sentences of one utterance leave in order of their index."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SentenceOrder:
    """Lets a sentence pass while no earlier one of its utterance is in work here.

    Earlier ones that were never seen here are not waited for: another worker may have them, and
    the stage puts sentences in order anyway.
    """

    def __init__(self) -> None:
        self._in_work: defaultdict[str, dict[int, list[asyncio.Event]]]
        self._in_work = defaultdict(lambda: defaultdict(list))

    @asynccontextmanager
    async def turn_of(self, utterance_id: str, index: int) -> AsyncIterator[None]:
        utterance = self._in_work[utterance_id]
        left = asyncio.Event()
        utterance[index].append(left)
        try:
            while earlier := [e for other in utterance if other < index for e in utterance[other]]:
                await earlier[0].wait()
            yield
        finally:
            left.set()
            utterance[index].remove(left)
            if not utterance[index]:
                del utterance[index]
            if not utterance:
                self._in_work.pop(utterance_id, None)
