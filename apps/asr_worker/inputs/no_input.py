"""Nothing is heard, because that is wanted."""

import asyncio

from apps.asr_worker.inputs.base import Block, Source


class NoInput:
    """See `SoundInput`."""

    source: Source = "none"
    device = "nothing is heard (ASR_INPUT_DEVICE=none)"
    present = False
    problem = ""
    lost_samples = 0

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def take(self) -> list[Block]:
        await asyncio.Event().wait()
        return []
