"""Plays noise on the sound card of this process's environment, and is paused a few times.

`python -m tests.stage.device_child PAUSES` prints one JSON line for each pause and one at the end.
PortAudio reads the environment when it is imported: hence a process of its own.
"""

import asyncio
import json
import sys
import time

import numpy as np

from apps.stage.outputs.device import DeviceOutput
from apps.stage.utterance import Utterance
from libs.contracts.interruption import SpeechHold

RATE_HZ = 48_000
SAID_SECONDS, PAUSED_SECONDS = 0.5, 0.4
#: A sink that nothing was played on for long takes up to a second to sound.
WARM_UP_SECONDS = 1.5


def noise(seconds: float) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    """Sound of which any twenty milliseconds say where they belong."""
    rng = np.random.default_rng(11)
    return rng.integers(-9_000, 9_000, round(seconds * RATE_HZ)).astype("<i2")


async def main(pauses: int) -> None:
    output = DeviceOutput("")
    utterance = Utterance("u", "main", None, 0, "", 0.0, 0.0, rate_hz=RATE_HZ)
    await output.open()
    output.start(utterance, 1)
    await asyncio.sleep(WARM_UP_SECONDS)
    output.feed(noise((pauses + 1) * SAID_SECONDS).tobytes())
    output.finish()
    for _ in range(pauses):
        await asyncio.sleep(SAID_SECONDS)
        ordered_at = time.monotonic()
        output.hold(SpeechHold.PAUSED)
        took = time.monotonic() - ordered_at
        position = output.playing().position
        print(json.dumps({"at": ordered_at, "took": took, "position": position}), flush=True)
        await asyncio.sleep(PAUSED_SECONDS)
        assert output.playing().position == position
        output.hold(SpeechHold.NONE)
    async with asyncio.timeout(10):
        while not output.playing().ended:  # noqa: ASYNC110 - is asked
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    print(json.dumps({"output": output.name, "position": output.playing().position}), flush=True)
    await output.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
