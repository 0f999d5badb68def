"""What a line of chat costs: `python -m tests.twitch_ingest.engines.measure_chat_line`.

From the text of a message of EventSub to the `Message` that is told, without the socket.
"""

import asyncio
import json
import time
from collections import Counter

from apps.twitch_ingest.engines.base import PlatformEvent
from apps.twitch_ingest.engines.twitch.loading import load_twitchio
from libs.testing.stand_ins.twitch import TwitchStandIn
from libs.testing.stand_ins.twitch.session import Subscription, envelope

load_twitchio()

LINES, ROUNDS = 2_000, 5


async def _told(event: PlatformEvent) -> None:
    """Nobody."""


async def measure() -> dict[str, float]:
    """Microseconds per line: of all, of JSON alone, and of twitchio's model alone. The best of
    some rounds."""
    from twitchio.models.eventsub_ import create_event_instance

    from apps.twitch_ingest.engines.twitch.decoding import Decoder, Place
    from apps.twitch_ingest.engines.twitch.hearing import Hearing
    from apps.twitch_ingest.seen_ids import SeenIds

    raw = _lines()
    hearing = Hearing(
        Decoder(Place("1", "kitsu_live", "1"), lambda: True), SeenIds(), _told, Counter()
    )
    kind = "channel.chat.message"
    frame = json.loads(raw[0])
    all_of_it, of_json, of_model = [], [], []
    for number in range(ROUNDS):
        part = raw[number * LINES : (number + 1) * LINES]
        began = time.perf_counter()
        for text in part:
            await hearing.take(json.loads(text))
        all_of_it.append(time.perf_counter() - began)
        began = time.perf_counter()
        for text in part:
            json.loads(text)
        of_json.append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in part:
            create_event_instance(kind, frame, http=None)
        of_model.append(time.perf_counter() - began)
    found = {"all": all_of_it, "json": of_json, "model": of_model}
    return {name: min(seconds) / LINES * 1e6 for name, seconds in found.items()}


def _lines() -> list[str]:
    twitch = TwitchStandIn()
    host = twitch.user("kitsu_live")
    condition = {"broadcaster_user_id": host.id}
    topic = Subscription("channel.chat.message", "1", condition, "session", "client", host.id, 0)
    made = []
    for number in range(LINES * ROUNDS):
        viewer, text = twitch.user(f"viewer{number % 50}"), f"hello Kitsu, this is line {number}"
        event = twitch.channel.line_of(host, viewer, text, ["subscriber"], f"line-{number}")
        payload = {"subscription": topic.body(), "event": event}
        made.append(json.dumps(envelope("notification", payload, topic)))
    return made


if __name__ == "__main__":
    for name, microseconds in asyncio.run(measure()).items():
        print(f"{name:>6}: {microseconds:5.1f} us per line")
