"""The task that takes sound and has it heard, from the opening of the input to its close."""

import asyncio
from collections.abc import Callable

from apps.asr_worker.hearing import Hearing
from apps.asr_worker.inputs.base import Block, SoundInput
from apps.asr_worker.microphone import Microphone
from apps.asr_worker.partners import KeywordEar, LevelMeter
from libs.contracts.listening import DismissReason

#: So often it is looked whether sound still comes.
LOOK_SECONDS = 0.25
#: While it is quiet sound gathers for so long: a process that wakes a third as often costs half. A
#: speech is noticed later by this, and loses nothing: its beginning is kept.
GATHER_SECONDS = 0.08


class Listening:
    """Promises: while muted, sound is measured and then dropped: no model and no other ear gets it;
    it ends, and captures no more, when there is no recogniser any more; what is being said or
    recognised when it ends has an end too."""

    def __init__(
        self,
        sound: SoundInput,
        hearing: Hearing,
        microphone: Microphone,
        levels: LevelMeter,
        guard: KeywordEar,
        ready: Callable[[], bool],
    ) -> None:
        self._sound = sound
        self.hearing = hearing
        self._microphone = microphone
        self._levels = levels
        self._guard = guard
        self._ready = ready

    async def run(self) -> None:
        """Until it is cancelled, or the recogniser is gone."""
        taking: asyncio.Task[list[Block]] | None = None
        try:
            await self._sound.open()
            while self._ready():
                taking = taking or asyncio.create_task(self._sound.take(), name="take sound")
                await asyncio.wait({taking}, timeout=LOOK_SECONDS)
                if not taking.done():
                    await self.hearing.idle()
                    continue
                blocks, taking = taking.result(), None
                await self._hear(blocks)
                if self.hearing.quiet:
                    await asyncio.sleep(GATHER_SECONDS)
        finally:
            if taking is not None:
                taking.cancel()
            if self._ready():
                self.hearing.stop(DismissReason.MUTED, "no longer listening", also_waiting=True)
            else:
                self.hearing.stop(DismissReason.FAILED, "no recogniser", also_waiting=True)
            await self._sound.close()

    async def _hear(self, blocks: list[Block]) -> None:
        for block in blocks:
            self._levels.hear(block)
        if self._microphone.muted:
            return
        for block in blocks:
            self._guard.hear(block)
        await self.hearing.hear(blocks)
