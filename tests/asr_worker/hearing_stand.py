"""Hearing on scripted parts, in the time of the sound itself."""

import asyncio
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from apps.asr_worker.engines.base import Hints
from apps.asr_worker.hearing import Hearing
from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.microphone import Microphone
from apps.asr_worker.recogniser_lane import RecogniserLane
from apps.asr_worker.speech_course import Services
from apps.asr_worker.understanding import Understanding
from apps.asr_worker.voice_models import VoiceModel
from libs.contracts.control import HoldToTalk, SetMicrophone
from libs.contracts.envelope import Event
from libs.contracts.listening import (
    DismissReason,
    ListeningMode,
    SpeechDismissed,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinalized,
)
from libs.speech.addressing import Attention
from libs.speech.turn_taking import EndOfTurn, TextAware
from tests.asr_worker.scripted_parts import (
    ScriptedAgreement,
    ScriptedInterruption,
    ScriptedLadder,
    ScriptedVoiceModel,
    not_invented,
)

BLOCK_SAMPLES = 512
BEGIN = 1_000.0

EventType = TypeVar("EventType", bound=Event)


def tone(samples: int) -> bytes:
    wave = 8_000 * np.sin(np.arange(samples) * 0.2)
    return bytes(wave.astype("<i2").tobytes())


async def turns_of_the_loop(count: int = 12) -> None:
    """Lets tasks that can go on go on."""
    for _ in range(count):
        await asyncio.sleep(0)


class HearingStand:
    """Sound goes in, events come out; `now` is where the sound is."""

    def __init__(
        self,
        folder: Path,
        *script: str,
        strategy: EndOfTurn | None = None,
        model: VoiceModel | None = None,
        mode: ListeningMode = ListeningMode.OPEN,
        turn_model: Any = None,
    ) -> None:
        self.now = BEGIN
        self.position = 0
        self.events: list[Event] = []
        self.ladder = ScriptedLadder(*script)
        self.interruption = ScriptedInterruption()
        self.microphone = Microphone(folder, mode)
        self.attention = Attention()
        self.model = model or ScriptedVoiceModel()
        self.her_names: tuple[str, ...] = ("Kitsu",)
        understanding = Understanding(
            self.microphone, self.attention, not_invented, lambda: self.her_names
        )
        services = Services(
            RecogniserLane(self.ladder),
            self.interruption,
            understanding,
            self.events.append,
            lambda: Hints("en", self.her_names),
            ScriptedAgreement,
            lambda: self.now,
            turn_model=lambda: turn_model,
        )
        strategy = strategy or TextAware(0.6, 1.6)
        self.hearing = Hearing(self.model, strategy, self.microphone, services, lambda: "mic")

    # Sound ------------------------------------------------------------------------------------

    async def say(self, seconds: float) -> None:
        await self.hear(tone(round(seconds * RATE_HZ)))

    async def silence(self, seconds: float) -> None:
        await self.hear(bytes(2 * round(seconds * RATE_HZ)))

    async def hear(self, pcm: bytes) -> None:
        """In blocks, as a device gives it."""
        for begin in range(0, len(pcm), 2 * BLOCK_SAMPLES):
            piece = pcm[begin : begin + 2 * BLOCK_SAMPLES]
            block = Block(self.position, piece, self.now)
            self.position = block.end
            self.now += block.samples / RATE_HZ
            await self.hearing.hear([block])
            await turns_of_the_loop(6)

    def lose(self, seconds: float) -> None:
        """So much sound is lost on the way."""
        self.position += round(seconds * RATE_HZ)
        self.now += seconds

    async def speech(self, seconds: float = 1.0, silence: float = 2.0) -> None:
        await self.say(seconds)
        await self.silence(silence)
        await turns_of_the_loop()

    def key(self, held: bool, at_most_seconds: float = 15.0) -> None:
        self.microphone.hold(HoldToTalk(held=held, at_most_seconds=at_most_seconds), self.now)

    def mute(self, muted: bool = True) -> None:
        self.microphone.set(SetMicrophone(muted=muted))
        if muted:
            self.hearing.stop(DismissReason.MUTED)

    # Events -----------------------------------------------------------------------------------

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def all_of(self, kind: type[EventType]) -> list[EventType]:
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[EventType]) -> EventType:
        found = self.all_of(kind)
        assert len(found) == 1, self.kinds()
        return found[0]

    def texts(self) -> list[str]:
        return [event.text for event in self.all_of(TranscriptFinalized)]

    def reasons(self) -> list[DismissReason]:
        return [event.reason for event in self.all_of(SpeechDismissed)]

    def check_every_speech_has_one_end(self) -> None:
        for started in self.all_of(SpeechStarted):
            told = [event for event in self.events if event.cause_id == started.event_id]
            ends = [e for e in told if isinstance(e, TranscriptFinalized | SpeechDismissed)]
            assert len(ends) == 1, self.kinds()
            assert told[-1] is ends[0]
            assert len([e for e in told if isinstance(e, SpeechEnded)]) == 1
