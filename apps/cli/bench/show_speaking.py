"""Having her say something long, for benches that cut her off."""

import asyncio

from libs.testing.running_show import RunningShow

LONG_TEXT = "This is a long sentence that goes on and on and on. " * 5


async def until_speaking(show: RunningShow) -> str:
    """Orders a long utterance and waits until it can be heard. Returns its id."""
    await show.post("/tts", {"text": LONG_TEXT})
    async with asyncio.timeout(10):
        while True:
            speaking = (await show.get("/now", "stage"))["speaking"]
            if speaking is not None and speaking["position_seconds"] > 0:
                return str(speaking["utterance_id"])
            await asyncio.sleep(0.01)
