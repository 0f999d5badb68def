"""A process that listens as the ears do, and tells a test what it heard.

PortAudio reads its environment when it is imported, so a test that has a sound card of its own
listens in a child. Orders come as JSON lines on standard input, each has one answer.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from apps.asr_worker.inputs import microphone
from apps.asr_worker.inputs.base import RATE_HZ, Block, SoundInput
from apps.asr_worker.inputs.choice import input_of, wish_of
from apps.asr_worker.inputs.microphone import Microphone
from apps.asr_worker.inputs.no_input import NoInput
from apps.asr_worker.level_watch import LevelWatch
from apps.asr_worker.settings import AsrSettings
from libs.audio.wav import Recording, encode_wav


class Listener:
    def __init__(self, source: SoundInput) -> None:
        self.source = source
        self.watch = LevelWatch()
        self.sound = bytearray()
        self.blocks: list[Block] = []
        self.received = 0
        self.gaps: list[tuple[int, int]] = []
        self.told: list[tuple[float, str]] = []
        self.problems: list[str] = []

    async def listen(self) -> None:
        while True:
            for block in await self.source.take():
                self._hear(block)

    def _hear(self, block: Block) -> None:
        end = self.blocks[-1].end if self.blocks else 0
        assert block.position >= end, "positions go back"
        if block.position > end:
            self.gaps.append((end, block.position))
        self.sound[block.position * 2 : block.end * 2] = b""
        self.sound.extend(bytes(block.position * 2 - len(self.sound)))
        self.sound += block.pcm
        self.blocks.append(block)
        self.received += block.samples
        self.watch.hear(block)
        problem = self.watch.problem(block.at + block.samples / RATE_HZ)
        if not self.told or self.told[-1][1] != problem:
            self.told.append((block.end / RATE_HZ, problem))

    def report(self) -> dict[str, Any]:
        problem = self.source.problem
        capture = getattr(self.source, "_capture", None)
        return {
            "device": self.source.device,
            "present": self.source.present,
            "problem": problem,
            "lost": self.source.lost_samples,
            "received": self.received,
            "end": self.blocks[-1].end if self.blocks else 0,
            "gaps": self.gaps,
            "told": self.told,
            "form": [capture.rate_hz, capture.channels] if capture else None,
            "age": time.time() - self.blocks[-1].at if self.blocks else None,
            "threads": threading.active_count(),
            "cpu_seconds": time.process_time(),
        }


def with_inputs(count: int) -> None:
    """The devices say that they have so many channels; the sound server's say 32."""
    import sounddevice

    real = sounddevice.query_devices

    def query_devices(*which: Any) -> Any:
        found = real(*which)
        if which:
            return found
        return sounddevice.DeviceList(
            {**device, "max_input_channels": min(count, device["max_input_channels"])}
            for device in found
        )

    sounddevice.query_devices = query_devices


def source_of(ring_seconds: float) -> SoundInput:
    settings = AsrSettings(_env_file=None)
    if ring_seconds:
        return Microphone(wish_of(settings, ring_seconds))
    return input_of(settings, NoInput())


async def answer(order: dict[str, Any], listener: Listener) -> dict[str, Any]:
    if order["do"] == "stall":
        time.sleep(order["seconds"])  # noqa: ASYNC251 - that is what is asked for
        await asyncio.sleep(0.2)
    if order["do"] == "save":
        sound = Recording(bytes(listener.sound), RATE_HZ)
        Path(order["path"]).write_bytes(encode_wav(sound))  # noqa: ASYNC240
    return listener.report()


async def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--inputs", type=int, default=0)
    options.add_argument("--ring-seconds", type=float, default=0.0)
    usual = microphone.CLOSE_PATIENCE_SECONDS
    options.add_argument("--close-patience-seconds", type=float, default=usual)
    given = options.parse_args()
    microphone.CLOSE_PATIENCE_SECONDS = given.close_patience_seconds
    if given.inputs:
        with_inputs(given.inputs)
    loop = asyncio.get_running_loop()
    orders: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(orders.put_nowait, line)
        loop.call_soon_threadsafe(orders.put_nowait, "")

    source = source_of(given.ring_seconds)
    await source.open()
    listener = Listener(source)
    listening = asyncio.create_task(listener.listen())
    threading.Thread(target=read, daemon=True).start()
    while line := await orders.get():
        reply = await answer(json.loads(line), listener)
        print(json.dumps(reply), flush=True)
        if listening.done():
            break
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await source.close()
    print(json.dumps({"closed": True}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
