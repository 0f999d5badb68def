"""Many lines of chat a second, at little cost: frames are cut from a template and written together.

A server's frames are not masked (RFC 6455, section 5.3), so they can be made without the socket.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Sequence

from libs.testing.stand_ins.twitch.channel import Channel
from libs.testing.stand_ins.twitch.session import Session, Subscription, envelope
from libs.testing.stand_ins.twitch.sessions import EventSubSockets
from libs.testing.stand_ins.twitch.world import User, World, rfc3339

#: How often a handful of lines is written.
BEAT_SECONDS = 0.02
#: How many viewers a flood has.
VIEWERS = 500

_MARKS = ("%ENVELOPE%", "%WRITTEN%", "%MESSAGE%", "%CHATTER%", "%TEXT%")


class Flood:
    def __init__(self, world: World, sockets: EventSubSockets, channel: Channel) -> None:
        self._world = world
        self._sockets = sockets
        self._channel = channel
        self._serial = itertools.count()

    async def run(
        self,
        channel: User,
        lines_per_second: float,
        seconds: float,
        texts: Sequence[str] = ("hello {n}",),
    ) -> int:
        """How many lines were written. `{n}` in a text becomes the line's number."""
        began, written = time.monotonic(), 0
        viewers = [str(90_000_000 + number) for number in range(VIEWERS)]
        while (passed := time.monotonic() - began) < seconds:
            due = int(min(passed + BEAT_SECONDS, seconds) * lines_per_second) - written
            if due > 0:
                self._write(channel, viewers, texts, due)
                written += due
            await asyncio.sleep(BEAT_SECONDS)
        return written

    def _write(
        self, channel: User, viewers: Sequence[str], texts: Sequence[str], lines: int
    ) -> None:
        numbers = list(itertools.islice(self._serial, lines))
        for subscription, session in self._sockets.listening("channel.chat.message"):
            if subscription.condition.get("broadcaster_user_id") != channel.id or session.silent:
                continue
            template = self._template(channel, subscription)
            frames = _frames(template, numbers, viewers, texts)
            _write_raw(session, b"".join(frames))

    def _template(self, channel: User, subscription: Subscription) -> list[str]:
        viewer = User("%CHATTER%", "viewer%CHATTER%", "Viewer%CHATTER%")
        event = self._channel.line_of(channel, viewer, "%TEXT%", [], "%MESSAGE%")
        payload = {"subscription": subscription.body(), "event": event}
        frame = envelope("notification", payload, subscription, "%ENVELOPE%")
        frame["metadata"]["message_timestamp"] = "%WRITTEN%"
        text = json.dumps(frame).replace("%", "%%")
        for mark in _MARKS:
            name = mark.strip("%").lower()
            text = text.replace(f"%{mark}%", f"%({name})s")
        return [text]


def _frames(
    template: Sequence[str], numbers: Sequence[int], viewers: Sequence[str], texts: Sequence[str]
) -> Iterator[bytes]:
    written, text = rfc3339(), template[0]
    for number in numbers:
        said = texts[number % len(texts)].replace("{n}", str(number))
        values = {
            "envelope": f"flood-{number}",
            "written": written,
            "message": f"line-{number}",
            "chatter": viewers[number % len(viewers)],
            "text": json.dumps(said)[1:-1],
        }
        yield _frame((text % values).encode())


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x81, 127)) + size.to_bytes(8, "big") + payload


def _write_raw(session: Session, data: bytes) -> None:
    transport = session.request.transport
    if transport is not None and not transport.is_closing():
        transport.write(data)
        session.last_sent = time.monotonic()
