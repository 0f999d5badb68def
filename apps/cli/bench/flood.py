"""`kitsu bench flood`: a thousand lines of chat a second, by Twitch's own protocol.

A whole show listens to a stand-in for Twitch that runs as a process of its own. Moderators give
commands all the while; every line must be answered or have its reason, and what is answered must be
fresh.
"""

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from apps.cli.bench.report import Check, Figures, Report, percentile, process_name
from apps.cli.bench.turn import INSTANT_ENGINES
from libs.bus.base import Bus, Subscription
from libs.bus.opening import connect
from libs.contracts.control import PanicEngaged
from libs.contracts.conversation import InputSkipped, TurnOpened, TurnSource
from libs.contracts.envelope import Event
from libs.contracts.speaking import Mood, PlaybackStarted
from libs.contracts.stage import SetExpression
from libs.contracts.streams import CONVERSATION, SAFETY, SKIPS, SPEAKING, STAGE, Topic
from libs.settings import ROOT
from libs.telemetry import clock
from libs.testing.running_show import RunningShow, running_show

LINES_A_SECOND = 1_000
#: Memory counts from here on: caches and queues are full.
SETTLED_SECONDS = 15.0
COMMAND_PAUSE_SECONDS = 0.25
PANICS = 10

COMMAND_LIMIT_MS = 100.0
AGE_LIMIT_SECONDS = 15.0
#: She says two or three sentences between two turns.
SILENCE_LIMIT_SECONDS = 20.0
#: Looks, a quarter of a second apart, in which nothing ended: she says an answer in between.
SETTLE_LOOKS = 120
MEMORY_LIMIT = 1.05
PANIC_LIMIT_MS = 50.0

STREAMER, MODERATOR = "kitsulive", "modesta"
SCOPES = (
    "user:read:chat",
    "user:write:chat",
    "channel:read:redemptions",
    "channel:read:subscriptions",
    "moderator:read:followers",
    "bits:read",
    "channel:moderate",
)
#: What the crowd writes; `{n}` is the number of the line.
TEXTS = (
    "hello everybody",
    "what do you think of number {n}?",
    "lol",
    "kitsu, have you ever seen {n} foxes at once?",
    "POGGERS POGGERS POGGERS",
    "my cat is called {n}",
    "@someone no way",
    "how was your day, kitsu?",
)


@dataclass
class StandIn:
    """The stand-in's process, steered over its port."""

    process: subprocess.Popen[str]
    urls: dict[str, str]
    client: httpx.AsyncClient

    async def act(self, action: str, **body: Any) -> Any:
        answer = await self.client.post(f"{self.urls['id']}/_stand-in/{action}", json=body)
        answer.raise_for_status()
        return answer.json()["ok"]

    async def write(self, text: str) -> float:
        """A moderator's line. Returns when it was handed over."""
        at = clock.now()
        await self.act("say", channel=STREAMER, chatter=MODERATOR, text=text, roles=["moderator"])
        return at


@contextlib.asynccontextmanager
async def twitch_process() -> AsyncIterator[StandIn]:
    command = [sys.executable, "-m", "libs.testing.stand_ins.twitch"]
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        urls = json.loads(await asyncio.to_thread(process.stdout.readline))
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            yield StandIn(process, urls, client)
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@dataclass
class Seen:
    """What went over the bus."""

    moods: list[SetExpression] = field(default_factory=list)
    latched: list[PanicEngaged] = field(default_factory=list)
    answered: list[TurnOpened] = field(default_factory=list)
    heard: list[PlaybackStarted] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def add(self, event: Event) -> None:
        match event:
            case SetExpression():
                self.moods.append(event)
            case PanicEngaged():
                self.latched.append(event)
            case TurnOpened():
                self.answered.append(event)
            case PlaybackStarted():
                self.heard.append(event)
            case InputSkipped():
                self.skipped[event.reason.value] += 1

    async def follow(self, bus: Bus, show: str, topics: tuple[Topic, ...]) -> None:
        """As a consumer group of its own: nothing is missed."""
        wanted = Subscription(topics, show, group="bench", consumer="bench#0", prefetch=200)
        async for delivery in bus.subscribe(wanted):
            self.add(delivery.event)
            await bus.acknowledge(delivery)


async def bench_flood(seconds: int, folder: Path) -> Report:
    """`seconds` of a thousand lines each."""
    async with contextlib.AsyncExitStack() as stack:
        twitch = await stack.enter_async_context(twitch_process())
        settings = await _settings(twitch, folder)
        show = await stack.enter_async_context(running_show(folder / "show", settings))
        await _until(lambda: _hears(show), 20)
        bus = connect(show.settings, "bench@here#0")
        await bus.open()
        stack.push_async_callback(bus.close)
        seen, name = Seen(), show.settings.kitsu_show
        for topics in ((STAGE, SAFETY, CONVERSATION, SPEAKING), (SKIPS,)):
            task = asyncio.create_task(seen.follow(bus, name, topics))
            stack.push_async_callback(_cancel, task)
        await asyncio.sleep(1.0)
        flood = Flood(show, twitch, seen)
        await flood.run(seconds)
        await flood.settle(seconds)
        return flood.report(seconds)


class Flood:
    """One flood, and what is measured in it."""

    def __init__(self, show: RunningShow, twitch: StandIn, seen: Seen) -> None:
        self._show = show
        self._twitch = twitch
        self._seen = seen
        self._ordered: list[tuple[float, Mood]] = []
        self._panics: list[float] = []
        self._memory: dict[str, list[float]] = {}
        self._began_at = self._panicked_at = 0.0

    async def run(self, seconds: int) -> None:
        await self._twitch.act(
            "flood",
            channel=STREAMER,
            lines_per_second=LINES_A_SECOND,
            seconds=seconds,
            texts=TEXTS,
        )
        self._began_at = clock.now()
        ends_at = time.monotonic() + seconds
        orders = asyncio.create_task(self._give_orders(ends_at - PANICS * 1.0))
        settled_at = time.monotonic() + min(SETTLED_SECONDS, seconds / 3)
        while time.monotonic() < ends_at - PANICS * 1.0:
            await asyncio.sleep(1.0)
            if time.monotonic() > settled_at:
                self._weigh()
        await orders
        self._panicked_at = clock.now()
        while time.monotonic() < ends_at - 1.0 and len(self._panics) < PANICS:
            await self._panic()

    async def _give_orders(self, until: float) -> None:
        for mood in itertools.cycle((Mood.HAPPY, Mood.SAD, Mood.SMUG, Mood.SLEEPY)):
            if time.monotonic() > until:
                return
            self._ordered.append((await self._twitch.write(f"!mood {mood.value}"), mood))
            await asyncio.sleep(COMMAND_PAUSE_SECONDS)

    def _weigh(self) -> None:
        for process in self._show.processes():
            name = process_name(process)
            self._memory.setdefault(name, []).append(process.memory_info().rss / 2**20)

    async def _panic(self) -> None:
        """A moderator's `!panic`, until the stage has latched; then it is released."""
        before = len(self._seen.latched)
        at = await self._twitch.write("!panic bench")

        def latched() -> list[PanicEngaged]:
            return [e for e in self._seen.latched[before:] if e.module == "stage"]

        await _until(lambda: bool(latched()), 5)
        self._panics.append(latched()[0].emitted_at - at)
        await self._show.post("/panic/release")
        await asyncio.sleep(0.5)

    async def settle(self, seconds: int) -> None:
        """Until every line has its end, or nothing moves any more."""
        lines, last, still = seconds * LINES_A_SECOND, -1, 0
        while (done := self._accounted) < lines and still < SETTLE_LOOKS:
            still = still + 1 if done == last else 0
            last = done
            await asyncio.sleep(0.25)

    @property
    def _accounted(self) -> int:
        return sum(self._seen.skipped.values()) + len(self._of_chat)

    @property
    def _of_chat(self) -> list[TurnOpened]:
        return [turn for turn in self._seen.answered if turn.input.source is TurnSource.CHAT]

    def _handled(self) -> list[float]:
        """Milliseconds from each order to the show's doing it. Orders come one after another, each
        with another mood than the one before."""
        found, told = [], iter(self._seen.moods)
        for at, mood in self._ordered:
            done = next((event for event in told if event.mood is mood), None)
            if done is not None:
                found.append((done.emitted_at - at) * 1000)
        return found

    def report(self, seconds: int) -> Report:
        handled, lines = self._handled(), seconds * LINES_A_SECOND
        turns = self._of_chat
        ages = [turn.emitted_at - turn.input.arrived_at for turn in turns] or [0.0]
        grown = self._growth()
        report = Report("flood", Figures(handled or [float("inf")]))
        report.counts = {
            "lines": lines,
            "answered": len(turns),
            "skipped": dict(self._seen.skipped.most_common()),
            "commands": len(self._ordered),
            "commands_done": len(handled),
        }
        report.parts["panic_ms"] = Figures([p * 1000 for p in self._panics]).as_json()
        report.parts["answered_age_seconds"] = {
            "p50": round(percentile(ages, 0.5), 2),
            "max": round(max(ages), 2),
        }
        report.parts["memory_mb"] = {
            name: [round(values[0], 1), round(values[-1], 1)]
            for name, values in self._memory.items()
        }
        heard = [p.started_at for p in self._seen.heard]
        report.parts["sentences_heard"] = len(heard)
        report.checks += [
            Check("a moderator's command done, p99", COMMAND_LIMIT_MS, percentile(handled, 0.99)),
            Check("commands not done", 0, len(self._ordered) - len(handled), "commands"),
            Check("oldest line that was answered", AGE_LIMIT_SECONDS, round(max(ages), 2), "s"),
            Check("longest time without a turn", SILENCE_LIMIT_SECONDS, self._longest_pause(), "s"),
            Check("lines without an end", 0, lines - self._accounted, "lines"),
            Check("memory, end as a multiple of the beginning", MEMORY_LIMIT, grown, "x"),
            Check(
                "!panic in chat to the stage's latch, p99",
                PANIC_LIMIT_MS,
                round(percentile(self._panics, 0.99) * 1000, 2),
            ),
        ]
        report.notes.append(
            "command: from handing the line to Twitch's stand-in to the order on the bus;"
            " answered lines that were asked by several count once, the others as duplicate"
        )
        return report

    def _longest_pause(self) -> float:
        """Seconds between two turns, before the first panic; she speaks in between."""
        until = self._panicked_at
        at = [turn.emitted_at for turn in self._of_chat if turn.emitted_at < until]
        moments = [self._began_at, *at, until]
        return round(max(b - a for a, b in itertools.pairwise(moments)), 2)

    def _growth(self) -> float:
        """The mean of the last fifth of the show's memory, as a multiple of the first fifth's."""
        samples = [sum(found) for found in zip(*self._memory.values(), strict=False)]
        fifth = max(1, len(samples) // 5)
        first, last = samples[:fifth], samples[-fifth:]
        grown: float = (sum(last) / len(last)) / (sum(first) / len(first))
        return round(grown, 3)


async def _settings(twitch: StandIn, folder: Path) -> dict[str, str]:
    access, _ = await twitch.act("token", login=STREAMER, scopes=SCOPES)
    await twitch.act("moderator", channel=STREAMER, user=MODERATOR)
    rules = yaml.safe_load((ROOT / "configs" / "twitch.yaml").read_text("utf-8"))
    rules["commands"]["mood"] = {"role": "moderator", "cooldown_seconds": 0}
    rules_file = folder / "twitch.yaml"
    rules_file.write_text(yaml.safe_dump(rules), "utf-8")
    return {
        **INSTANT_ENGINES,
        "CHAT_PLATFORM": "twitch",
        "TWITCH_CHANNEL": STREAMER,
        "TWITCH_OAUTH_TOKEN": access,
        "TWITCH_FILE": str(rules_file),
        "TWITCH_HELIX_URL": twitch.urls["helix"],
        "TWITCH_ID_URL": twitch.urls["id"],
        "TWITCH_EVENTSUB_URL": twitch.urls["eventsub"],
        "TWITCH_IRC_URL": twitch.urls["irc"],
    }


async def _hears(show: RunningShow) -> bool:
    status = await show.get("/status")
    return bool(status["modules"]["twitch_ingest"]["state"] == "ready")


async def _until(what: Callable[[], Any], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = what()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.005)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
