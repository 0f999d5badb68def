"""One pass of the recogniser at a time."""

import asyncio

from apps.asr_worker.engines.base import Hints, RecogniserDied, RecogniserError, Transcript
from apps.asr_worker.partners import Recognising

#: A pass that takes longer will not be of use to anybody.
PASS_SECONDS = 30.0


class RecogniserLane:
    """Promises: never two passes at once, in the order in which they were asked for; a pass that is
    cancelled lets the next one begin; nothing but `RecogniserError` is raised."""

    def __init__(self, recogniser: Recognising) -> None:
        self._recogniser = recogniser
        self._turn = asyncio.Lock()
        self._waiting = 0

    @property
    def idle(self) -> bool:
        """Whether a pass would begin at once."""
        return not self._waiting

    @property
    def wants_partials(self) -> bool:
        return self._recogniser.wants_partials

    async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Transcript:
        self._waiting += 1
        try:
            async with self._turn, asyncio.timeout(PASS_SECONDS):
                return await self._recogniser.transcribe(pcm, hints, final)
        except TimeoutError:
            raise RecogniserDied(f"no answer within {PASS_SECONDS:.0f} s") from None
        except RecogniserError:
            raise
        except Exception as error:
            raise RecogniserError(f"the recogniser failed: {type(error).__name__}") from error
        finally:
            self._waiting -= 1
