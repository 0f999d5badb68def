"""The parts that a worker listens with. Tests bring others."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.routing import BaseRoute

from apps.asr_worker.inputs.base import SoundInput
from apps.asr_worker.partners import (
    Agreement,
    Hit,
    Interrupting,
    KeywordEar,
    LevelMeter,
    PlaybackTruth,
    Recognising,
)
from apps.asr_worker.settings import AsrSettings
from apps.asr_worker.smart_turn import SmartTurn, smart_turn
from apps.asr_worker.understanding import Invented
from apps.asr_worker.voice_models import VoiceModel, voice_model
from libs.contracts.envelope import Event

Publish = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True)
class Parts:
    """`voice_model` and `turn_model` load, and are called in a thread."""

    sound: SoundInput
    ladder: Recognising
    interruption: Interrupting
    playback: PlaybackTruth
    guard: KeywordEar
    levels: LevelMeter
    invented: Invented
    agreement: Callable[[], Agreement]
    voice_model: Callable[[], VoiceModel] = voice_model
    turn_model: Callable[[Path], tuple[SmartTurn | None, str]] = smart_turn
    routes: tuple[BaseRoute, ...] = ()
    body_limits: Mapping[str, int] = field(default_factory=dict)
    body_types: Mapping[str, str] = field(default_factory=dict)


PartsMaker = Callable[[AsrSettings, Publish, Hit], Parts]


def parts_of(settings: AsrSettings, publish: Publish, on_hit: Hit) -> Parts:
    """The real ones."""
    from apps.asr_worker.inputs.choice import input_of
    from apps.asr_worker.inputs.panel import PanelInput
    from apps.asr_worker.interruption import Interruption
    from apps.asr_worker.keyword_guard import KeywordGuard
    from apps.asr_worker.level_watch import LevelWatch
    from apps.asr_worker.playback import Playback
    from apps.asr_worker.recognisers import ladder_of
    from apps.asr_worker.transcribe_api import BODY_BYTES, CONTENT_TYPE, PATH, TranscribeApi
    from libs.speech.agreement import LocalAgreement
    from libs.speech.invented_words import invented

    panel = PanelInput()
    ladder = ladder_of(settings)
    playback = Playback(settings.stage_gap_ms / 1_000)
    guarded = settings.asr_keyword_guard == "auto"
    return Parts(
        sound=input_of(settings, panel),
        ladder=ladder,
        interruption=Interruption(
            playback,
            publish,
            settings.kitsu_show,
            settings.asr_interrupt,
            settings.asr_own_voice_gate,
        ),
        playback=playback,
        guard=KeywordGuard(
            on_hit,
            settings.asr_panic_phrases if guarded else (),
            settings.asr_stop_phrases if guarded else (),
            playback.said,
        ),
        levels=LevelWatch(),
        invented=invented,
        agreement=LocalAgreement,
        routes=(*panel.routes(), *TranscribeApi(ladder).routes()),
        body_limits={PATH: BODY_BYTES},
        body_types={PATH: CONTENT_TYPE},
    )


def models_dir(settings: AsrSettings) -> Path:
    """Where models are kept."""
    return Path(settings.asr_models_dir or settings.kitsu_data_dir / "asr_models")
