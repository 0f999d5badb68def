"""How the chunks of a sentence leave."""

import asyncio

import pytest

from apps.tts_worker.engines.base import SoundPiece
from apps.tts_worker.pacing import Pacing
from apps.tts_worker.sentence_sender import SENT_TOGETHER, SentenceSender, SentenceStale
from libs.contracts.envelope import Event
from libs.contracts.speaking import AudioChunk, SpeakSentence
from tests.tts_worker.test_worker import sentence

RATE_HZ = 16_000


class ScriptedStage:
    """Takes chunks; each is only there when the test lets it be."""

    def __init__(self) -> None:
        self.coming: list[AudioChunk] = []
        self.there = asyncio.Event()
        self.stale = False

    async def publish(self, event: Event, data: bytes) -> None:
        if isinstance(event, AudioChunk):
            self.coming.append(event)
            await self.there.wait()

    def sender(self) -> SentenceSender:
        return SentenceSender(sentence("Hello."), self.publish, Pacing(), self.is_stale)

    def is_stale(self, sentence: SpeakSentence) -> bool:
        return self.stale


def piece(seconds: float) -> SoundPiece:
    return SoundPiece(bytes(2 * round(seconds * RATE_HZ)), 0, RATE_HZ, "scripted")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_chunk_leaves_alone_and_the_others_together() -> None:
    stage = ScriptedStage()
    sending = asyncio.create_task(stage.sender().send(piece(5.0)))
    await settle()
    assert [chunk.offset_samples for chunk in stage.coming] == [0]
    stage.there.set()
    await asyncio.sleep(0)
    stage.there.clear()
    await settle()
    assert len(stage.coming) == 1 + SENT_TOGETHER
    stage.there.set()
    await sending
    ends = [chunk.offset_samples for chunk in stage.coming]
    assert ends == sorted(ends)
    assert len(set(ends)) == len(ends) > 40


async def test_of_a_sentence_that_was_cut_no_more_than_what_is_on_its_way_leaves() -> None:
    stage = ScriptedStage()
    sending = asyncio.create_task(stage.sender().send(piece(5.0)))
    await settle()
    stage.stale = True
    stage.there.set()
    with pytest.raises(SentenceStale):
        await sending
    assert len(stage.coming) == 1
