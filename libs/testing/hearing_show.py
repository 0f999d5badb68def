"""Settings of a show that hears on a sound card that is not there, with a Whisper written by code,
and is answered by a stand-in for a model."""

from pathlib import Path

from libs.testing.sound_card import LOUDSPEAKER, MICROPHONE, SoundCard
from libs.testing.stand_ins.openai import OpenAIStandIn


def hearing_settings(card: SoundCard, whisper: Path, model: OpenAIStandIn) -> dict[str, str]:
    """For `running_show`. `whisper`: the folder of the recogniser's model."""
    of_card = {k: v for k, v in card.environment.items() if k.startswith(("PULSE", "XDG"))}
    return {
        **of_card,
        "HOME": card.environment["HOME"],
        "ASR_ENGINE": "faster_whisper",
        "ASR_MODEL": str(whisper),
        "ASR_INPUT_DEVICE": MICROPHONE,
        "ASR_DEVICE": "cpu",
        "STAGE_OUTPUT": "device",
        "STAGE_DEVICE": LOUDSPEAKER,
        "POLICY_FORCE_MOCK": "0",
        "CHAT_PROVIDER": "openai",
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_MODEL": "gpt-fox",
        "OPENAI_API_KEY": "sk-fox",
    }
