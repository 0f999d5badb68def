"""`kitsu bench policy`: the last token of a sentence, to the sentence on the bus.

A model server stand-in streams replies token by token; the policy worker is its own process, with
the real client, parser and gate. A sentence is complete with the token that shows its end: the
space after its full stop, or the closing tag. It has left when the bus has stored it, by the bus
server's clock (to the millisecond, rounded up). The floor is one event from this process over the
bus to itself.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from apps.cli.bench.report import Check, Figures, Report, percentile
from apps.cli.bench.turn import INSTANT_ENGINES
from libs.bus.base import Bus, Delivery, Subscription
from libs.bus.opening import connect
from libs.contracts.conversation import PersonaSnapshot, TurnCommitted, TurnInput, TurnSource
from libs.contracts.identity import new_id
from libs.contracts.people import Author
from libs.contracts.safety import GateAction, Verdict
from libs.contracts.speaking import SpeakSentence
from libs.contracts.streams import SENTENCES
from libs.telemetry import clock
from libs.testing.running_show import RunningShow, running_show
from libs.testing.stand_ins.model_talk import in_form
from libs.testing.stand_ins.ollama import OllamaStandIn

#: As fast as a small model on a good graphics card.
SECONDS_PER_TOKEN = 0.005
WARM_UP_TURNS = 3
WAIT_SECONDS = 10.0
#: The gate's own share of the way.
GATE_BUDGET_MS = 1.0

LINES = (
    "Ooh, hello there, number {n}!",
    "I was just thinking about rainy days and the {n} games we never finished.",
    "My tail says that we should play one of them right now.",
    "What do you think, chat?",
)


async def bench_policy(turns: int, folder: Path) -> Report:
    """Raises `TimeoutError` when a sentence does not come."""
    async with OllamaStandIn(seconds_per_token=SECONDS_PER_TOKEN) as model:
        settings = {
            **INSTANT_ENGINES,
            "POLICY_FORCE_MOCK": "0",
            "CHAT_PROVIDER": "ollama",
            "OLLAMA_URL": model.url,
        }
        async with running_show(folder, settings) as show:
            bus = connect(show.settings, "bench@here#0")
            await bus.open()
            try:
                return await _measure(turns, show, bus, model)
            finally:
                await bus.close()


async def _measure(turns: int, show: RunningShow, bus: Bus, model: OllamaStandIn) -> Report:
    name = show.settings.kitsu_show
    heard = bus.subscribe(Subscription((SENTENCES,), name, group="bench", consumer="bench"))
    first: list[float] = []
    others: list[float] = []
    gate: list[float] = []
    floors: list[float] = []
    for number in range(turns + WARM_UP_TURNS):
        lines = [line.format(n=number) for line in LINES]
        floor = await _floor(bus, heard, name)
        said = await _one_turn(bus, heard, model, name, lines)
        if number >= WARM_UP_TURNS:
            floors.append(floor)
            first.append(said[0].delay_ms)
            others += [sentence.delay_ms for sentence in said[1:]]
            gate += [sentence.gate_ms for sentence in said]
    report = Report("policy", Figures(first), "one event over the bus", Figures(floors))
    report.parts = {
        "later_sentences": Figures(others).as_json(),
        "gate_ms": Figures(gate).as_json(),
    }
    report.checks += [
        Check("first sentence after its last token p95", 5.0, round(percentile(first, 0.95), 3)),
        Check("later sentences p95", 5.0, round(percentile(others, 0.95), 3)),
        Check("gate p95", GATE_BUDGET_MS, round(percentile(gate, 0.95), 3)),
    ]
    report.notes.append(f"tokens every {SECONDS_PER_TOKEN * 1000:g} ms")
    return report


class Said(NamedTuple):
    """Milliseconds from a sentence's last token to the bus, and in the gate."""

    delay_ms: float
    gate_ms: float


async def _one_turn(
    bus: Bus, heard: AsyncIterator[Delivery], model: OllamaStandIn, show: str, lines: list[str]
) -> list[Said]:
    model.script.append(in_form(" ".join(lines)))
    turn = TurnCommitted(
        show=show,
        turn_id=new_id(),
        utterance_id=new_id(),
        expires_at=clock.now() + 30,
        input=TurnInput(
            source=TurnSource.CHAT,
            author=Author(viewer_id="bench", name="bench"),
            text="what about rainy days?",
            arrived_at=clock.now(),
        ),
        persona=PersonaSnapshot(),
    )
    await bus.publish(turn)
    sentences: list[tuple[SpeakSentence, float]] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while " ".join(sentence.text for sentence, _ in sentences) != " ".join(lines):
            sentence, stored_at = await _next_sentence(bus, heard)
            if sentence.turn_id == turn.turn_id:
                sentences.append((sentence, stored_at))
    to_show_clock = clock.now() - asyncio.get_running_loop().time()
    complete_at = _complete_at(model.sent_at, [sentence.text for sentence, _ in sentences])
    return [
        Said((stored_at - sent - to_show_clock) * 1000, sentence.gate_seconds * 1000)
        for (sentence, stored_at), sent in zip(sentences, complete_at, strict=True)
    ]


def _complete_at(sent: list[tuple[str, float]], sentences: list[str]) -> list[float]:
    """When the token was sent that showed the end of each sentence."""
    found: list[float] = []
    written = ""
    for token, at in sent:
        written += token
        while len(found) < len(sentences):
            end = written.find(sentences[len(found)])
            rest = written[end + len(sentences[len(found)]) :]
            if end < 0 or not (rest[:1].isspace() or rest.startswith("</speech>")):
                break
            found.append(at)
    return found


async def _floor(bus: Bus, heard: AsyncIterator[Delivery], show: str) -> float:
    """Milliseconds of a sentence from here to here; nobody speaks it, for its epoch is over."""
    text = LINES[1]
    verdict = Verdict(action=GateAction.BLOCK, text="", rule="bench")
    event = SpeakSentence(show=show, index=0, text=text, verdict=verdict, epoch=-1)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await bus.publish(event)
    async with asyncio.timeout(WAIT_SECONDS):
        while (await _next_sentence(bus, heard))[0].event_id != event.event_id:
            pass
    return (loop.time() - started) * 1000


async def _next_sentence(bus: Bus, heard: AsyncIterator[Delivery]) -> tuple[SpeakSentence, float]:
    """The next one, and when the bus stored it: its entry id begins with that millisecond."""
    while True:
        delivery = await anext(heard)
        await bus.acknowledge(delivery)
        if isinstance(delivery.event, SpeakSentence):
            stored_ms = int(delivery.entry_id.partition("-")[0]) + 1
            return delivery.event, stored_ms / 1000
