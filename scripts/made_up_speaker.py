"""Makes the phrases of the made-up speaker (ASR_FAKE_AUDIO=1) with the embedded voice.

    .venv/bin/python scripts/made_up_speaker.py

They are committed, because the voice's sound differs a little each time. Each file is named by its
words; all are 16 kHz mono.
"""

import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from apps.tts_worker.engines.espeak_data import installed_parts, usable_path
from apps.tts_worker.engines.espeak_driver import EspeakDriver
from libs.audio.loudness import limited
from libs.audio.resampling import Resampler
from libs.audio.wav import Recording, encode_wav

FOLDER = Path(__file__).resolve().parents[1] / "apps" / "asr_worker" / "inputs" / "phrases"
RATE_HZ = 16_000
GAIN = 1.4

#: Voices that a recogniser and Silero's voice detector take for people.
PHRASES = (
    ("en-us", "Hello Kitsu, can you hear me?"),
    ("en-us+m3", "What do you think about this game?"),
    ("en-us+f2", "That was close. Tell me a story."),
)


def main() -> None:
    library, data = installed_parts()
    with ExitStack() as keep:
        driver = EspeakDriver(library, usable_path(data, keep))
        FOLDER.mkdir(exist_ok=True)
        for voice, words in PHRASES:
            pcm = bytearray()

            def hear(sound: bytes, _: object, pcm: bytearray = pcm) -> bool:
                pcm.extend(sound)
                return True

            driver.set_voice(voice)
            driver.set_prosody(rate=150, pitch=45, pitch_range=60)
            driver.speak(words, hear)
            resampler = Resampler(driver.sample_rate_hz, RATE_HZ)
            sound = limited(resampler.push(bytes(pcm)) + resampler.finish(), GAIN)
            name = "".join(c if c.isalnum() else "_" for c in words.lower()).strip("_")
            file = FOLDER / f"{name.replace('__', '_')}.wav"
            file.write_bytes(encode_wav(Recording(sound, RATE_HZ)))
            print(f"{file.name}: {len(sound) / 2 / RATE_HZ:.1f} s")


if __name__ == "__main__":
    main()
