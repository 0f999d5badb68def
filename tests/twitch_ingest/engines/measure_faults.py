"""How long chat is not heard after each fault, with the pauses of a real show:
`python -m tests.twitch_ingest.engines.measure_faults`. All at once, each on a Twitch of its own.
"""

import asyncio
import logging
import tempfile
import time
from pathlib import Path

from apps.twitch_ingest.engines.base import Gap
from apps.twitch_ingest.engines.twitch import Pauses
from libs.testing.stand_ins.twitch import TwitchStandIn
from tests.twitch_ingest.engines.channel_stand import ChannelStand
from tests.twitch_ingest.engines.test_link_faults import BREAKS

LONGEST_SECONDS = 60.0


async def measure(fault: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        async with TwitchStandIn() as twitch:
            stand = ChannelStand(twitch, Path(folder), pauses=Pauses())
            stand.sign_in()
            async with stand:
                await stand.ready()
                await stand.say("before")
                await stand.heard("before")
                broke_at = time.monotonic()
                await BREAKS[fault](twitch)
                took = await stand.heard_again(broke_at, LONGEST_SECONDS)
            twice = len(stand.lines) - len(set(stand.lines))
            return f"{took:5.1f} s  gaps {len(stand.of(Gap))}  twice {twice}  {fault}"


async def main() -> None:
    for row in await asyncio.gather(*(measure(fault) for fault in BREAKS)):
        print(row)


if __name__ == "__main__":
    logging.disable()
    asyncio.run(main())
