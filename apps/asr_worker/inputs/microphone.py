"""A microphone of this machine."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from apps.asr_worker.inputs.base import RATE_HZ, Block, Source
from apps.asr_worker.inputs.block_maker import BlockMaker
from apps.asr_worker.inputs.capture import Capture, Wish
from libs.audio.card_thread import CardThread
from libs.audio.sound_devices import (
    OPEN_STREAMS,
    DeviceRefused,
    NoSuchDevice,
    PortAudioMissing,
    SoundTrouble,
)
from libs.telemetry import clock

#: How often a running device is looked at, and how soon a missing one is looked for again.
LOOK_SECONDS = 0.25
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 5.0
#: Looking for the library starts programs on Linux.
LIBRARY_WAIT_SECONDS = 60.0
#: More than this, and the sound system hangs; a worker that stops has no time to wait longer.
PATIENCE_SECONDS = 8.0
CLOSE_PATIENCE_SECONDS = 3.0

log = logging.getLogger("kitsu.asr_worker")

OR_PANEL = "; or set ASR_INPUT_DEVICE=panel to take the microphone of the panel's browser"


class Microphone:
    """See `SoundInput`. All calls that may block are made by a thread of their own; the card's own
    thread only appends to a ring.

    Positions go on over the time in which a device was away, by the clock.
    """

    source: Source = "device"

    def __init__(self, wish: Wish, now: Callable[[], float] = clock.now) -> None:
        self._wish = wish
        self._now = now
        self._cards = CardThread()
        self._filled = asyncio.Event()
        self._capture: Capture | None = None
        self._maker: BlockMaker | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ready: list[Block] = []
        self._end = 0
        self._first_at: float | None = None
        self._lost_before = 0
        self._device = ""
        self._problem = ""

    @property
    def device(self) -> str:
        return self._device or self._wish.device or "the system's microphone"

    @property
    def present(self) -> bool:
        return self._capture is not None

    @property
    def problem(self) -> str:
        return self._problem

    @property
    def lost_samples(self) -> int:
        return self._lost_before + (self._lost_of(self._capture) if self._capture else 0)

    async def open(self) -> None:
        """The first try is over when this returns; the rest goes on by itself."""
        if self._keeper is None:
            tried = asyncio.Event()
            self._keeper = asyncio.create_task(self._keep_open(tried), name="microphone")
            await tried.wait()

    async def close(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        self._cards.end()

    async def take(self) -> list[Block]:
        while not (blocks := self._collected()):
            self._filled.clear()
            await self._filled.wait()
        return blocks

    # Parts ------------------------------------------------------------------------------------

    def _collected(self) -> list[Block]:
        blocks, self._ready = self._ready, []
        if self._capture is not None:
            blocks += self._blocks_of(self._capture)
        if blocks:
            self._end = blocks[-1].end
        return blocks

    def _blocks_of(self, capture: Capture) -> list[Block]:
        """In the show's time. The first ones of a device that came back begin where it is now."""
        to_show = self._now() - time.monotonic()
        pieces = capture.ring.take()
        if not pieces:
            return []
        if self._maker is None:
            begins_at = pieces[0].at + to_show
            if self._first_at is None:
                self._first_at = begins_at
            first = max(self._end, round((begins_at - self._first_at) * RATE_HZ))
            self._maker = BlockMaker(capture.rate_hz, capture.channels, first, capture.wish.channel)
        made = self._maker.blocks(pieces)
        return [Block(block.position, block.pcm, block.at + to_show) for block in made]

    async def _keep_open(self, tried: asyncio.Event) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        try:
            while True:
                try:
                    await self._open()
                except Exception as trouble:
                    before, self._problem = self._problem, _told(trouble)
                    if not isinstance(trouble, SoundTrouble) and self._problem != before:
                        log.warning("the microphone cannot be opened", exc_info=trouble)
                    tried.set()
                    await asyncio.sleep(
                        LIBRARY_WAIT_SECONDS
                        if isinstance(trouble, PortAudioMissing)
                        else wait_seconds
                    )
                    wait_seconds = min(LONGEST_WAIT_SECONDS, wait_seconds * 1.5)
                    await self._read_devices_again()
                    continue
                tried.set()
                if await self._until_gone():
                    wait_seconds = FIRST_WAIT_SECONDS
                await self._close_capture()
                await asyncio.sleep(wait_seconds)
                await self._read_devices_again()
        finally:
            tried.set()
            await self._close_capture()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        opened: list[Capture] = []
        abandoned = False

        wish = self._wish
        if wish.device.isdecimal() and self._device:
            # Numbers move when devices come and go: it is this one that is waited for.
            wish = replace(wish, device=self._device)

        def work() -> Capture:
            opened.append(Capture(wish, loop, self._filled))
            if abandoned:
                opened[0].close()
            return opened[0]

        try:
            self._capture = await self._cards.call(work, PATIENCE_SECONDS)
        except (SoundTrouble, asyncio.CancelledError):
            abandoned = True
            if opened:  # in the very moment in which it was given up
                with contextlib.suppress(SoundTrouble):
                    await self._cards.call(opened[0].close, PATIENCE_SECONDS)
            raise
        self._device = self._capture.device.name

    async def _until_gone(self) -> bool:
        """Whether it gave any sound."""
        capture = self._capture
        assert capture is not None
        while not capture.gone(time.monotonic()):
            if capture.first_at is not None:
                self._problem = ""
            await asyncio.sleep(LOOK_SECONDS)
        self._problem = (
            f"the microphone '{capture.device.name}' went away: plug it in again, it is waited for"
            if capture.first_at is not None
            else f"the microphone '{capture.device.name}' gives no sound at all: unplug it and "
            "plug it in again, or choose another with ASR_INPUT_DEVICE (see kitsu devices)"
        )
        return capture.first_at is not None

    async def _close_capture(self) -> None:
        """Keeps what it gave last."""
        capture = self._capture
        if capture is None:
            return
        self._ready = self._collected()
        if self._maker is not None:
            to_show = self._now() - time.monotonic()
            rest = [Block(b.position, b.pcm, b.at + to_show) for b in self._maker.rest()]
            self._ready += rest
        if self._ready:
            self._end = self._ready[-1].end
            self._filled.set()
        self._lost_before += self._lost_of(capture)
        self._capture = self._maker = None
        try:
            await self._cards.call(capture.close, CLOSE_PATIENCE_SECONDS)
        except SoundTrouble as trouble:
            self._problem = str(trouble)

    async def _read_devices_again(self) -> None:
        with contextlib.suppress(SoundTrouble):  # the next try to open says what is wrong
            await self._cards.call(OPEN_STREAMS.read_devices_again, PATIENCE_SECONDS)

    @staticmethod
    def _lost_of(capture: Capture) -> int:
        return round(capture.ring.lost_samples * RATE_HZ / capture.rate_hz)


def _told(trouble: Exception) -> str:
    if isinstance(trouble, NoSuchDevice):
        return f"{trouble} (it is found by itself){OR_PANEL}"
    if isinstance(trouble, PortAudioMissing | DeviceRefused):
        return f"{trouble}{OR_PANEL}"
    if isinstance(trouble, SoundTrouble):
        return str(trouble)
    return f"the microphone cannot be opened ({type(trouble).__name__}): see the log{OR_PANEL}"
