"""What a test sees and hears of a real OBS, on connections of its own."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from libs.testing.obs_studio.collection import VOICE, Rgb
from libs.testing.obs_studio.conversation import METERS, ORDINARY_EVENTS, Conversation
from libs.testing.obs_studio.pixels import Picture
from libs.testing.obs_studio.screen import Screen

LONG_SECONDS = 20.0
LOOK_SECONDS = 0.03

#: A peak below it is silence; the tones of a test are far above (0 to 1).
SILENCE = 0.001
#: OBS 29 now and then sends a number from memory that it never set; muted inputs are always 0.
FULL_SCALE = 1.0
#: Meters come every 50 ms; a fade of one frame is over after so many.
METER_FRAMES = 6
#: How far a channel may be off (0 to 255).
COLOUR_TOLERANCE = 6


@dataclass(frozen=True)
class Seen:
    """An event of OBS; `at` is `time.perf_counter()` when it arrived."""

    at: float
    kind: str
    data: dict[str, Any]

    def says(self, kind: str, fields: dict[str, Any]) -> bool:
        return self.kind == kind and all(self.data.get(k) == v for k, v in fields.items())


class Observer:
    """Eyes and ears at OBS, apart from all of Kitsu's own code. Use as an `async with`.

    `events` holds everything since it was opened, in order; all `until…` raise `TimeoutError`.
    """

    def __init__(self, port: int, password: str, screen: Screen | None = None) -> None:
        self._port, self._password = port, password
        self._screen = screen
        self._requests: Conversation | None = None
        self._events: Conversation | None = None
        self._news = asyncio.Condition()
        self._telling: set[asyncio.Task[None]] = set()
        self.events: list[Seen] = []

    async def __aenter__(self) -> Self:
        """Raises `Gone`."""
        self._requests = await Conversation.open(self._port, self._password)
        try:
            self._events = await Conversation.open(
                self._port, self._password, ORDINARY_EVENTS, self._saw
            )
        except BaseException:
            await self._requests.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for conversation in (self._events, self._requests):
            if conversation is not None:
                await conversation.close()
        await asyncio.gather(*self._telling)

    async def call(self, kind: str, /, **data: Any) -> dict[str, Any]:
        """One request. Raises `Refused`, `Gone` or `TimeoutError`."""
        assert self._requests is not None, "use `async with`"
        return await self._requests.ask(kind, data)

    # Seeing -----------------------------------------------------------------------------------

    async def scene(self) -> str:
        """The scene on programme."""
        found = await self.call("GetCurrentProgramScene")
        return str(found["currentProgramSceneName"])

    async def muted(self, source: str) -> bool:
        return bool((await self.call("GetInputMute", inputName=source))["inputMuted"])

    async def text(self, source: str) -> str:
        found = await self.call("GetInputSettings", inputName=source)
        return str(found["inputSettings"].get("text", ""))

    async def filter_on(self, source: str, name: str) -> bool:
        found = await self.call("GetSourceFilter", sourceName=source, filterName=name)
        return bool(found["filterEnabled"])

    async def on_air(self) -> list[str]:
        """The scenes whose picture goes into the programme now: two while one fades to the other.

        Not the same as `scene`, which OBS says before it has done it.
        """
        listed = (await self.call("GetSceneList"))["scenes"]
        names = [str(scene["sceneName"]) for scene in reversed(listed)]
        found = [await self.call("GetSourceActive", sourceName=name) for name in names]
        return [n for n, active in zip(names, found, strict=True) if active["videoActive"]]

    def picture(self) -> Picture:
        """What viewers see now, as RGB: rows, columns, 3."""
        assert self._screen is not None, "this OBS was started with `shown=False`"
        return self._screen.picture()

    def colour(self, across: float = 0.95, down: float = 0.05) -> Rgb:
        """The colour of one place of the programme (0 to 1), by default near its upper right
        corner, where only the background is."""
        picture = self.picture()
        height, width = picture.shape[:2]
        red, green, blue = picture[int(height * down), int(width * across)].tolist()
        return red, green, blue

    # Hearing ----------------------------------------------------------------------------------

    async def peak(self, source: str, frames: int = METER_FRAMES) -> float:
        """The loudest of the next frames of the meters, after mute and fader: 0 to 1.

        An input that OBS has no meter of now (it is off air) counts as silent.
        """
        return (await self.peaks([source], frames))[source]

    async def peaks(self, sources: Iterable[str], frames: int = METER_FRAMES) -> dict[str, float]:
        loudest = dict.fromkeys(sources, 0.0)
        counted, enough = 0, asyncio.Event()

        def hear(at: float, kind: str, data: dict[str, Any]) -> None:
            nonlocal counted
            counted += 1
            for meter in data["inputs"]:
                if (name := meter["inputName"]) in loudest:
                    # Of each channel: magnitude, peak, and peak before mute and fader.
                    found = [channel[1] for channel in meter["inputLevelsMul"]]
                    loudest[name] = max(loudest[name], *(p for p in found if p <= FULL_SCALE), 0)
            if counted >= frames:
                enough.set()

        listening = await Conversation.open(self._port, self._password, METERS, hear)
        try:
            async with asyncio.timeout(LONG_SECONDS):
                await enough.wait()
        finally:
            await listening.close()
        return loudest

    async def play(self, tone: Path, source: str = VOICE) -> None:
        """Has a media source play this file over and over."""
        settings = {"local_file": str(tone), "looping": True}
        await self.call("SetInputSettings", inputName=source, inputSettings=settings)
        await self.until(lambda: self.is_loud(source))

    async def is_loud(self, source: str) -> bool:
        return await self.peak(source) > SILENCE

    async def is_silent(self, source: str) -> bool:
        return await self.peak(source) <= SILENCE

    # Waiting ----------------------------------------------------------------------------------

    async def until(
        self, holds: Callable[[], Awaitable[object]], seconds: float = LONG_SECONDS
    ) -> None:
        async with asyncio.timeout(seconds):
            while not await holds():  # noqa: ASYNC110 - OBS is asked again and again
                await asyncio.sleep(LOOK_SECONDS)

    async def until_scene(self, scene: str, seconds: float = LONG_SECONDS) -> None:
        async def is_on() -> bool:
            return await self.scene() == scene

        await self.until(is_on, seconds)

    async def until_on_air(self, scene: str, seconds: float = LONG_SECONDS) -> None:
        """This scene and no other is what viewers see."""

        async def is_alone() -> bool:
            return await self.on_air() == [scene]

        await self.until(is_alone, seconds)

    async def until_muted(
        self, source: str, muted: bool = True, seconds: float = LONG_SECONDS
    ) -> None:
        async def is_so() -> bool:
            return await self.muted(source) is muted

        await self.until(is_so, seconds)

    async def until_colour(
        self, wanted: Rgb, across: float = 0.95, down: float = 0.05, seconds: float = LONG_SECONDS
    ) -> None:
        async def is_so() -> bool:
            return like(self.colour(across, down), wanted)

        await self.until(is_so, seconds)

    async def until_event(
        self, kind: str, since: int = 0, seconds: float = LONG_SECONDS, **fields: Any
    ) -> Seen:
        """The first event from index `since` of `events` on that says this."""
        async with asyncio.timeout(seconds), self._news:
            checked = since
            while True:
                for seen in self.events[checked:]:
                    if seen.says(kind, fields):
                        return seen
                checked = len(self.events)
                await self._news.wait()

    def _saw(self, at: float, kind: str, data: dict[str, Any]) -> None:
        self.events.append(Seen(at, kind, data))
        telling = asyncio.get_running_loop().create_task(self._tell())
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


def like(found: Rgb, wanted: Rgb) -> bool:
    """The same colour to the eye."""
    return all(abs(a - b) <= COLOUR_TOLERANCE for a, b in zip(found, wanted, strict=True))


def now() -> float:
    """The clock of `Seen.at`."""
    return time.perf_counter()
