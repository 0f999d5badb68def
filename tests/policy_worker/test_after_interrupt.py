"""After an interruption with a slow voice: the next turn does not queue behind dead sentences."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from apps.tts_worker.engines.base import Capabilities, Recipe, SoundPiece, SpeechRequest
from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.voice_ladder import VoiceLadder
from apps.tts_worker.worker import TtsWorker
from libs.bus.memory import MemoryServer
from libs.contracts.conversation import TurnCommitted
from libs.contracts.envelope import Event
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import AudioChunk
from libs.testing.ports import free_ports
from libs.testing.stand_ins.model_talk import in_form
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.worker.runtime import running
from tests.policy_worker.turns import RecordingBus, turn

SENTENCES = 8


class SlowVoice:
    """One sentence at a time, each as long as the last: what is not its turn yet, waits."""

    name = "slow"
    capabilities = Capabilities("a slow voice", 8_000, phone_times=False, keeps=False)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._free = asyncio.Lock()
        self.begun: list[str] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def knows_voice(self, voice: str) -> bool:
        return True

    def recipe(self, request: SpeechRequest) -> Recipe:
        return Recipe(self.name, "slow", request.text, {})

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[SoundPiece, None]:
        async with self._free:
            self.begun.append(request.text)
            await asyncio.sleep(self._seconds)
            yield SoundPiece(b"\x00\x10" * 4_000, 0, 8_000, self.name)


class House:
    """Brain and voice on one bus, and what came of it."""

    def __init__(self, voice: SlowVoice, bus: RecordingBus, server: OllamaStandIn) -> None:
        self.voice = voice
        self.bus = bus
        self.server = server
        self._sounded: dict[str, asyncio.Event] = {}
        bus.on_publish = self._hear

    def _hear(self, event: Event) -> None:
        if isinstance(event, AudioChunk):
            self._sounded.setdefault(str(event.utterance_id), asyncio.Event()).set()

    async def ask(self, number: int, epoch: int) -> tuple[TurnCommitted, float]:
        """The turn, and the seconds until its first sound."""
        lines = [f"This is part {part} of reply {number}." for part in range(SENTENCES)]
        self.server.script.append(in_form(" ".join(lines)))
        request = turn(f"question {number}", epoch=epoch)
        sounded = self._sounded.setdefault(str(request.utterance_id), asyncio.Event())
        asked_at = time.perf_counter()
        await self.bus.publish(request)
        await asyncio.wait_for(sounded.wait(), 20)
        return request, time.perf_counter() - asked_at

    def begun_for(self, number: int) -> int:
        return sum(text.endswith(f"reply {number}.") for text in self.voice.begun)


@asynccontextmanager
async def house(folder: Path, seconds_a_sentence: float) -> AsyncIterator[House]:
    server, (policy_port, tts_port) = MemoryServer(), free_ports(2)
    async with OllamaStandIn() as ollama:
        brain_bus, voice_bus = RecordingBus(server), RecordingBus(server)
        brain = PolicyWorker(
            PolicySettings(
                _env_file=None,
                kitsu_data_dir=folder,
                policy_worker_port=policy_port,
                chat_provider="ollama",
                ollama_url=ollama.url,
            ),
            brain_bus,
        )
        tts = TtsWorker(
            TtsSettings(_env_file=None, kitsu_data_dir=folder, tts_worker_port=tts_port), voice_bus
        )
        voice = SlowVoice(seconds_a_sentence)
        tts.ladder = VoiceLadder([voice])
        async with running(brain, brain_bus), running(tts, voice_bus):
            yield House(voice, voice_bus, ollama)


async def test_nothing_is_made_for_a_dead_epoch_but_the_sentence_in_work(tmp_path: Path) -> None:
    async with house(tmp_path, 0.15) as show:
        epoch = 1
        for number in range(4):
            await show.ask(number, epoch)
            epoch += 1
            begun = show.begun_for(number)
            await show.bus.publish(StopSpeaking(epoch=epoch))
            await show.ask(number + 100, epoch)
            assert show.begun_for(number) <= begun + 1
            epoch += 1
            await show.bus.publish(StopSpeaking(epoch=epoch))
        assert show.begun_for(0) < SENTENCES


async def test_a_model_that_still_writes_for_a_dead_epoch_is_stopped(tmp_path: Path) -> None:
    async with house(tmp_path, 0.05) as show:
        show.server.seconds_per_token = 0.01
        await show.ask(1, 1)
        await show.bus.publish(StopSpeaking(epoch=2))
        await asyncio.wait_for(show.server.idle(), 5)
        assert show.server.chats[0].outcome == "client-gone"
        written = show.server.chats[0].tokens_sent
        await show.ask(2, 2)
        assert show.server.chats[0].tokens_sent == written
