"""Her voice through a room into a microphone, with and without a host, and what is made of it."""

import time
from dataclasses import dataclass, field

import numpy as np

from libs.speech.bands import RATE_HZ, WINDOW_SAMPLES, Floats
from libs.speech.own_voice import LOOK_AHEAD_WINDOWS, OwnVoice
from tests.asr_worker.rooms import HOST_DBFS, Room, at_level, echo, noise
from tests.asr_worker.voices import (
    HOST_VOICES,
    INTERRUPTIONS,
    all_spoken,
    sentence,
    spoken,
)

#: So many windows with another's voice pause her.
PAUSES_AFTER = 7


@dataclass
class Scene:
    """`said`: what the stage says she plays; `heard`: the microphone; `hosts`: when one begins."""

    said: Floats
    heard: Floats
    hosts: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Outcome:
    false_windows: int = 0
    false_pauses: int = 0
    minutes: float = 0.0
    found: int = 0
    of: int = 0
    delays: list[float] = field(default_factory=list)
    cpu_per_second: float = 0.0

    def line(self, what: str) -> str:
        late = sorted(self.delays)
        middle = f"{late[len(late) // 2]:.2f}" if late else "-"
        worst = f"{late[-1]:.2f}" if late else "-"
        return (
            f"| {what} | {self.false_pauses / max(self.minutes, 1e-9) * 10:.1f} |"
            f" {self.false_windows} | {self.found}/{self.of} | {middle} | {worst} |"
            f" {self.cpu_per_second * 100:.2f} % |"
        )


def her_speech(seconds: float, first: int = 0) -> list[Floats]:
    """Utterances of one to four sentences."""
    count = int(seconds / 2.4) + 8
    sounds = all_spoken(tuple(sentence(first + n) for n in range(count)))
    utterances, at = [], 0
    gap = np.zeros(int(0.15 * RATE_HZ), np.float32)
    while at < len(sounds):
        size = 1 + (at * 7) % 4
        parts = [part for sound in sounds[at : at + size] for part in (sound, gap)]
        utterances.append(np.concatenate(parts))
        at += size
    return utterances


def scene(room: Room, seconds: float, interruptions: int = 0, speech: list[Floats] | None = None,
          host_dbfs: float = HOST_DBFS, begins: float = 10.0) -> Scene:  # fmt: skip
    rng = np.random.default_rng(room.seed)
    total = int(seconds * RATE_HZ) // WINDOW_SAMPLES * WINDOW_SAMPLES
    said, played = np.zeros(total, np.float32), np.zeros(total, np.float32)
    at = RATE_HZ
    for utterance in speech if speech is not None else her_speech(seconds):
        late = int(rng.uniform(-1, 1) * room.jitter_seconds * RATE_HZ)
        end = min(total - RATE_HZ, at + len(utterance))
        if end <= at:
            break
        said[at:end] = utterance[: end - at]
        played[at + late : end + late] = utterance[: end - at]
        at = end + int(rng.uniform(0.3, 2.5) * RATE_HZ)
    heard = echo(played, room) + noise(room, total)
    hosts = []
    for number in range(interruptions):
        start = int((begins + (seconds - begins - 4) * number / max(interruptions, 1)) * RATE_HZ)
        while start < total - 3 * RATE_HZ and not busy(said, start):
            start += RATE_HZ // 4
        voice = HOST_VOICES[number % len(HOST_VOICES)]
        words = spoken(INTERRUPTIONS[number % len(INTERRUPTIONS)], voice, 150 + 15 * (number % 4))
        words = at_level(words, host_dbfs)[: total - start]
        heard[start : start + len(words)] += words
        hosts.append((start, start + len(words)))
    return Scene(said, np.clip(heard, -1, 1).astype(np.float32), hosts)


def busy(said: Floats, start: int) -> bool:
    """She speaks there and goes on for a while."""
    near = said[start - RATE_HZ // 2 : start + int(1.5 * RATE_HZ)]
    return bool(len(near)) and float(np.mean(np.abs(near) > 0.01)) > 0.3


def voiced(window: Floats, room_noise_dbfs: float) -> bool:
    """The crudest voice model there is: anything above the noise is a voice."""
    return float(np.sqrt(np.mean(window**2))) > 10 ** ((room_noise_dbfs + 12) / 20)


def judge(scene: Scene, room: Room, gate: OwnVoice | None = None) -> Outcome:
    """A pause is `PAUSES_AFTER` windows in nine with a voice that is not hers."""
    gate = gate or OwnVoice()
    outcome = Outcome(minutes=len(scene.said) / RATE_HZ / 60, of=len(scene.hosts))
    said = np.concatenate([scene.said, np.zeros(LOOK_AHEAD_WINDOWS * WINDOW_SAMPLES, np.float32)])
    recent: list[bool] = []
    found: set[int] = set()
    quiet_until = 0
    began = time.process_time()
    for start in range(0, len(scene.said), WINDOW_SAMPLES):
        window = scene.heard[start : start + WINDOW_SAMPLES]
        ahead = start + LOOK_AHEAD_WINDOWS * WINDOW_SAMPLES
        own = gate.hear(window, said[ahead : ahead + WINDOW_SAMPLES]).own
        other = gate.audible and not own and voiced(window, room.noise_dbfs)
        recent = [*recent[-8:], other]
        who = [n for n, (a, b) in enumerate(scene.hosts) if a - WINDOW_SAMPLES <= start < b + 9_600]
        if not who:
            outcome.false_windows += other
        if sum(recent) >= PAUSES_AFTER and start >= quiet_until:
            if not who:
                outcome.false_pauses += 1
                quiet_until = start + 2 * RATE_HZ
            elif who[0] not in found:
                found.add(who[0])
                outcome.delays.append((start + WINDOW_SAMPLES - scene.hosts[who[0]][0]) / RATE_HZ)
    outcome.found = len(found)
    outcome.cpu_per_second = (time.process_time() - began) / (len(scene.said) / RATE_HZ)
    return outcome
