"""A whole show with a microphone and a loudspeaker: what is said to her, and over her."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from libs.audio.loudness import samples_of
from libs.audio.wav import Recording
from libs.bus.base import Bus
from libs.bus.embedded import find_binary
from libs.bus.opening import connect
from libs.contracts.envelope import Event
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    InterruptionKind,
    SpeechDismissed,
    SpeechStarted,
    TranscriptFinalized,
)
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.testing.hearing_show import hearing_settings
from libs.testing.running_show import RunningShow, running_show
from libs.testing.sound_card import SoundCard, missing_programs, virtual_sound_card
from libs.testing.stand_ins.openai import OpenAIStandIn
from libs.testing.tiny_whisper import write_tiny_whisper
from tests.conftest import need

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

Found = TypeVar("Found")
Some = TypeVar("Some", bound=Event)

#: What the tiny recogniser understands, whatever is said.
SAID = "Hello Kitsu, can you hear me?"
#: The host: another voice than hers.
HOST_VOICE = "en-us+m3"
ANSWER = "<mood>happy</mood><speech>Yes, I can hear you very well.</speech>"
STORY = (
    "<mood>happy</mood><speech>Once there was a small fox who lived beside a river. "
    "Every morning she walked along the water and counted the stones. "
    "One day she found a stone that was as round as the moon. "
    "She carried it home and put it under the window. "
    "In the night it began to shine, and all the owls came to look. "
    "In the morning the stone was gone, but the river was full of light.</speech>"
)
#: About as long as she takes for it.
STORY_SECONDS = 23.0
#: Of full scale: above this something sounds.
AUDIBLE = 0.01


@dataclass
class Room:
    show: RunningShow
    bus: Bus
    card: SoundCard

    async def clip(self, text: str, name: str) -> Path:
        """The host says this; the file of it."""
        body = {"text": text, "voice": HOST_VOICE}
        url = f"http://127.0.0.1:{self.show.ports['tts_worker']}/synthesize"
        answer = await self.show.client.post(url, json=body)
        answer.raise_for_status()
        path = self.card.folder / name
        path.write_bytes(answer.content)
        return path

    async def all_of(self, kind: type[Some]) -> list[Some]:
        stored = await self.bus.recent(kind.topic, "main", 1_000)
        return list(
            {d.event.event_id: d.event for d in stored if isinstance(d.event, kind)}.values()
        )

    async def listens(self) -> None:
        async def look() -> bool:
            found = await self.show.get("/listening", "asr_worker")
            return bool(found["state"] == "listening")

        await until(look, 60)

    async def is_early_in_her_story(self) -> bool:
        """Whether she will still speak for as long as a sound and its judgement take."""
        speaking = (await self.show.get("/now", "stage"))["speaking"]
        return speaking is not None and speaking["position_seconds"] < STORY_SECONDS - 10

    async def she_speaks(self) -> None:
        async def look() -> bool:
            said = await self.show.get("/now", "stage")
            return bool(said["speaking"] and said["speaking"]["position_seconds"] > 0.5)

        await until(look)


@asynccontextmanager
async def a_room(
    folder: Path, understood: str = SAID, script: tuple[str, ...] = (), **settings: str
) -> AsyncIterator[Room]:
    need(find_binary(), "a Redis-compatible server")
    need(not missing_programs(), f"a sound server ({', '.join(missing_programs())})")
    need(importlib.util.find_spec("faster_whisper"), "faster-whisper")
    with virtual_sound_card(folder / "card") as card:
        async with OpenAIStandIn(script=script) as model:
            whisper = write_tiny_whisper(folder / "whisper", understood)
            everything = {**hearing_settings(card, whisper, model), **settings}
            async with running_show(folder / "show", everything) as show:
                bus = connect(show.settings, "test@here#0")
                await bus.open()
                room = Room(show, bus, card)
                try:
                    await room.listens()
                    yield room
                finally:
                    await bus.close()


async def until(look: Callable[[], Awaitable[Found]], seconds: float = 60.0) -> Found:
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110
            await asyncio.sleep(0.03)
    return found


async def ended(room: Room, outcome: PlaybackOutcome) -> PlaybackFinished:
    async def look() -> PlaybackFinished | None:
        found = await room.all_of(PlaybackFinished)
        return next((event for event in found if event.outcome is outcome), None)

    found = await until(look)
    assert found is not None
    return found


def loud_seconds(sound: Recording) -> float:
    """How much of it sounds, in pieces of 20 ms."""
    samples = samples_of(sound.pcm).astype(np.float32) / 32_768
    step = sound.sample_rate_hz // 50
    pieces = samples[: len(samples) // step * step].reshape(-1, step)
    return float((np.abs(pieces).max(axis=1) > AUDIBLE).sum()) / 50


async def turn_of(room: Room, source: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        turns = await room.show.turns()
        return next((t for t in turns if t["source"] == source and t["outcome"]), None)

    found = await until(look)
    assert found is not None
    return found


async def test_what_is_said_into_the_microphone_is_answered_from_the_loudspeaker(
    tmp_path: Path,
) -> None:
    async with a_room(tmp_path, script=(ANSWER,)) as room:
        clip = await room.clip("Hello, can you hear me well?", "question.wav")
        with room.card.record() as path:
            await asyncio.to_thread(room.card.play(clip).wait)
            finished = await ended(room, PlaybackOutcome.COMPLETED)
            await asyncio.sleep(0.3)
        turn = await turn_of(room, "voice")

        assert turn["input"] == SAID
        assert turn["heard_text"] == finished.heard_text == "Yes, I can hear you very well."
        heard = room.card.recorded(path)
        assert loud_seconds(heard) > 0.5 * finished.duration_seconds
        stages = turn["stages"]
        assert stages["recognition_ms"] is not None
        assert stages["first_token_ms"] is not None
        assert stages["wait_ms"] > 100


async def test_words_over_hers_cut_her_off_and_nothing_of_it_sounds_again(tmp_path: Path) -> None:
    async with a_room(tmp_path, script=(STORY, ANSWER)) as room:
        clip = await room.clip("Wait a moment, I have a question about that", "words.wav")
        await room.show.chat("tell me a story")
        await room.she_speaks()
        player = room.card.play(clip)
        cut = await ended(room, PlaybackOutcome.INTERRUPTED)
        await asyncio.to_thread(player.wait)
        told = await room.all_of(PlaybackStarted)
        answer = await ended(room, PlaybackOutcome.COMPLETED)

        [decided] = [d for d in await room.all_of(InterruptionDecided) if d.kind.cuts]
        assert decided.kind is InterruptionKind.WORDS
        assert decided.utterance_id == cut.utterance_id
        assert 0 < len(cut.heard_text) < len(cut.full_text)
        assert cut.full_text.startswith(cut.heard_text.rstrip(" .,!?"))
        assert answer.epoch > cut.epoch
        assert answer.heard_text == "Yes, I can hear you very well."
        later = [event for event in told if event.epoch <= cut.epoch]
        assert {event.utterance_id for event in later} == {cut.utterance_id}
        turns = {turn["source"]: turn for turn in await room.show.turns()}
        assert turns["chat"]["outcome"] == "interrupted"
        assert turns["voice"]["input"] == SAID


async def test_back_channels_do_not_cut_her_off(tmp_path: Path) -> None:
    async with a_room(tmp_path, "Mhm.", script=(STORY,)) as room:
        clips = [await room.clip(text, f"{text}.wav") for text in ("Mhm", "Yeah", "Right")]
        await room.show.chat("tell me a story")
        await room.she_speaks()
        count = 0
        while await room.is_early_in_her_story():
            await asyncio.to_thread(room.card.play(clips[count % len(clips)]).wait)
            await asyncio.sleep(1.2)
            count += 1
        finished = await ended(room, PlaybackOutcome.COMPLETED)

        assert count > 2
        assert finished.heard_text == finished.full_text
        assert await room.all_of(TranscriptFinalized) == []
        assert not [d for d in await room.all_of(InterruptionDecided) if d.kind.cuts]
        dismissed = await room.all_of(SpeechDismissed)
        assert dismissed
        assert {event.reason for event in dismissed} <= {
            DismissReason.BACK_CHANNEL,
            DismissReason.NOISE,
        }


async def test_her_own_voice_in_the_microphone_is_no_turn(tmp_path: Path) -> None:
    async with a_room(tmp_path, script=(STORY,)) as room:
        room.card.feed_back()
        await room.show.chat("tell me a story")
        finished = await ended(room, PlaybackOutcome.COMPLETED)
        await asyncio.sleep(2)

        assert finished.heard_text == finished.full_text
        assert await room.all_of(TranscriptFinalized) == []
        assert await room.all_of(InterruptionDecided) == []
        assert len(await room.show.turns()) == 1
        started = await room.all_of(SpeechStarted)
        assert len(started) == len(await room.all_of(SpeechDismissed))
