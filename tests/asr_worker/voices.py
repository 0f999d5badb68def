"""Real speech of the embedded voice, for her and for others, made once in a session."""

import asyncio
import functools

import numpy as np
import soxr

from apps.tts_worker.engines.base import SpeechRequest
from apps.tts_worker.engines.espeak import EspeakEngine
from apps.tts_worker.engines.espeak_prosody import Prosody
from libs.speech.bands import RATE_HZ, Floats
from tests.tts_worker.heard import hear

HER_VOICE = "en-us+f5"
HOST_VOICES = ("en-us+m3", "en-us", "en-gb+f2", "en-us+m7")

_WHO = ("My neighbour", "The old captain", "Somebody in the chat", "A little dragon", "My sister",
        "The baker", "That robot", "Our cat", "The whole village", "Nobody")  # fmt: skip
_DOES = ("wants to paint", "never found", "is looking for", "has just eaten", "keeps talking about",
         "bought", "really loves", "was afraid of", "forgot", "once sold")  # fmt: skip
_WHAT = ("the purple bicycle", "a bucket of fish", "seven golden keys", "this strange game",
         "the moon over the sea", "a song about rain", "my favourite sweater", "the last cookie",
         "an enormous castle", "those shiny stones")  # fmt: skip
_WHEN = ("yesterday in the garden.", "and I can't believe it!", "because winter is coming.",
         "while we were all asleep.", "so let's see what happens next.", "on a Thursday.",
         "which sounds like a good plan, doesn't it?", "before breakfast.")  # fmt: skip

#: What a host says to cut her off.
INTERRUPTIONS = (
    "Wait, hold on a second, look at the door behind you.",
    "No no no, stop, that is not what I asked you.",
    "Kitsu, can you tell us about the weather instead?",
    "Sorry, I have to interrupt you there, we need to go.",
    "Hang on, somebody just gave us a big present.",
    "Okay but what about the second question from before?",
)
#: What a listener says while she goes on, and how the voice must be told to say it: it would
#: spell "mm-hmm".
BACK_CHANNELS = {
    "uh-huh": "uh-huh", "mm-hmm": "um-hum", "yeah": "yeah", "right": "right", "okay": "okay",
    "haha": "haha", "wow": "wow", "oh": "oh", "mhm": "uhm", "yes": "yes", "sure": "sure",
    "nice": "nice", "really": "really", "cool": "cool", "hmm": "hum", "aha": "aha",
    "I see": "I see", "yep": "yep", "true": "true", "great": "great",
}  # fmt: skip


def sentence(number: int) -> str:
    """One of 8,000 ordinary sentences; neighbours share few words."""
    spread = number * 3_571 % 8_000
    return " ".join(
        (_WHO[spread % 10], _DOES[spread // 10 % 10], _WHAT[spread // 100 % 10],
         _WHEN[spread // 1_000 % 8])
    )  # fmt: skip


@functools.cache
def spoken(text: str, voice: str = HER_VOICE, rate: int = 162) -> Floats:
    """`text` said by `voice`: samples at 16 kHz, -1..1."""
    return all_spoken((text,), voice, rate)[0]


def all_spoken(texts: tuple[str, ...], voice: str = HER_VOICE, rate: int = 162) -> list[Floats]:
    return asyncio.run(say(texts, voice, rate))


async def say(texts: tuple[str, ...], voice: str = HER_VOICE, rate: int = 162) -> list[Floats]:
    engine = EspeakEngine(voice, Prosody(rate=rate, pitch=55, pitch_range=60))
    await engine.start()
    try:
        sounds = [await hear(engine.synthesize(SpeechRequest(text))) for text in texts]
    finally:
        await engine.stop()
    return [_at_16_khz(sound.pcm, sound.sample_rate_hz) for sound in sounds]


def _at_16_khz(pcm: bytes, rate_hz: int) -> Floats:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.float32)
