"""What happens to an avatar_controller in several tests."""

from collections.abc import Callable
from typing import Any

from apps.avatar_controller.engines.base import Capability
from libs.contracts.conversation import TurnInput, TurnOpened, TurnSource
from libs.contracts.people import Author
from libs.contracts.speaking import Mood, MouthChunk, MouthCue, PlaybackStarted, Viseme
from libs.telemetry import clock
from tests.avatar_controller.conftest import RunningAvatars
from tests.avatar_controller.scripted_avatar import ScriptedAvatar

Start = Callable[..., Any]
NOTHING: frozenset[Capability] = frozenset()


def overlay() -> ScriptedAvatar:
    return ScriptedAvatar("overlay", frozenset({Capability.GESTURES}))


async def begins_to_speak(stand: RunningAvatars, mood: Mood = Mood.HAPPY) -> None:
    chunk = MouthChunk(
        utterance_id="u1",
        index=0,
        starts_at_seconds=0,
        mouth=(MouthCue(at_seconds=0, viseme=Viseme.AA),),
        levels=(-12,) * 600,
    )
    await stand.bus.publish(chunk)
    await stand.bus.publish(
        PlaybackStarted(
            utterance_id="u1", turn_id="t1", epoch=1, text="Hello.", mood=mood, output="silent",
            started_at=clock.now(), first_chunk_at=clock.now(),
        )
    )  # fmt: skip


def turn() -> TurnOpened:
    source = TurnInput(
        source=TurnSource.CHAT,
        author=Author(viewer_id="twitch:1", name="Ann"),
        text="Hi",
        arrived_at=clock.now(),
    )
    return TurnOpened(turn_id="t1", input=source)
