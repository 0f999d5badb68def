"""The table of docs/decisions/0019: `python -m tests.asr_worker.own_voice_bench [SECONDS]`."""

import sys

from tests.asr_worker.own_voice_scenes import her_speech, judge, scene
from tests.asr_worker.rooms import Room

ROOMS = {
    "headphones": Room(level_db=None),
    "-30 dB": Room(level_db=-30),
    "-20 dB": Room(level_db=-20),
    "-12 dB": Room(level_db=-12),
    "-6 dB": Room(level_db=-6),
    "0 dB": Room(level_db=0),
    "+6 dB": Room(level_db=6),
    "-10 dB, delay 0": Room(level_db=-10, delay_seconds=0, seed=3),
    "-10 dB, delay 0.3 s": Room(level_db=-10, delay_seconds=0.3, seed=3),
    "-10 dB, delay 0.6 s": Room(level_db=-10, delay_seconds=0.6, seed=3),
    "-10 dB, rings 0.6 s": Room(level_db=-10, reverberation_seconds=0.6, seed=4),
    "-10 dB, clocks ±100 ms": Room(level_db=-10, jitter_seconds=0.1, seed=5),
    "-10 dB, clipped": Room(level_db=-10, clipped=True, seed=6),
    "-10 dB, by way of 44.1 kHz": Room(level_db=-10, resampled=True, seed=7),
    "-10 dB, noise -45 dBFS": Room(level_db=-10, noise_dbfs=-45, seed=8),
    "-5 dB, all of this": Room(-5, 0.35, 0.5, True, True, -50, 0.1, 9),
}


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    speech = her_speech(seconds + 40)
    print(
        "| room | false pauses in 10 min | false windows | found | median s | worst s | CPU |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    for name, room in ROOMS.items():
        alone = judge(scene(room, seconds, 0, speech), room)
        both = judge(scene(room, seconds, int(seconds / 8), speech), room)
        alone.found, alone.of, alone.delays = both.found, both.of, both.delays
        alone.false_pauses += both.false_pauses
        alone.minutes *= 2
        print(alone.line(name), flush=True)


if __name__ == "__main__":
    main()
