"""Which voices stand on the ladder, by the settings."""

from apps.tts_worker.engines.base import SpeechEngine
from apps.tts_worker.engines.captions import CaptionsEngine
from apps.tts_worker.engines.espeak import DEFAULT_PROSODY, EspeakEngine
from apps.tts_worker.engines.espeak_prosody import Prosody
from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.voice_ladder import VoiceLadder

#: Best first. A chosen engine keeps the ones behind it, so that a failure never ends the show.
PREFERENCE = ("espeak", "captions")


def voices_of(settings: TtsSettings) -> VoiceLadder:
    chosen = settings.tts_engine
    names = PREFERENCE if chosen == "auto" else PREFERENCE[PREFERENCE.index(chosen) :]
    return VoiceLadder([_engine(name, settings) for name in names])


def _engine(name: str, settings: TtsSettings) -> SpeechEngine:
    if name == "espeak":
        prosody = Prosody(settings.tts_rate, settings.tts_pitch, DEFAULT_PROSODY.pitch_range)
        return EspeakEngine(settings.tts_voice, prosody)
    return CaptionsEngine()
