"""Which input the settings mean."""

import re
from collections.abc import Callable

from apps.asr_worker.inputs.base import SoundInput
from apps.asr_worker.inputs.capture import Wish
from apps.asr_worker.inputs.made_up_speaker import made_up_speaker
from apps.asr_worker.inputs.microphone import Microphone
from apps.asr_worker.inputs.no_input import NoInput
from apps.asr_worker.inputs.sound_file import SoundFile
from apps.asr_worker.settings import AsrSettings
from libs.telemetry import clock

#: What the reader may be late before sound is lost.
RING_SECONDS = 4.0
_CHANNEL = re.compile(r"#(\d{1,2})$")


def input_of(
    settings: AsrSettings, panel: SoundInput, now: Callable[[], float] = clock.now
) -> SoundInput:
    """Nothing is opened yet. A device is `NAME`, `NUMBER` or `NAME#CHANNEL` (from 1)."""
    wanted = settings.asr_input_device.strip()
    if settings.asr_fake_audio:
        return made_up_speaker(now)
    if wanted.casefold() == "none":
        return NoInput()
    if wanted.casefold() == "panel":
        return panel
    if wanted.casefold().startswith("file:"):
        return SoundFile(wanted[len("file:") :], now)
    return Microphone(wish_of(settings), now)


def wish_of(settings: AsrSettings, ring_seconds: float = RING_SECONDS) -> Wish:
    wanted = settings.asr_input_device.strip()
    channel = _CHANNEL.search(wanted)
    number = int(channel[1]) if channel else 0
    return Wish(
        device=wanted[: channel.start()].strip() if channel and number else wanted,
        rate_hz=settings.asr_sample_rate,
        frame_ms=settings.asr_frame_ms,
        ring_seconds=ring_seconds,
        channel=number - 1 if number else None,
    )
