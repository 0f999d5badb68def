"""A whole scene in virtual time: her events, her voice in the microphone, a host, and what the ears
do about it. The stage obeys holds; the voice gate is the simplest one that could work, or a real
voice model."""

from dataclasses import dataclass, field

import numpy as np

from apps.asr_worker.interruption import Interruption, Window
from apps.asr_worker.playback import Playback
from apps.asr_worker.voice_models import VoiceModel
from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.listening import DismissReason, InterruptionDecided, SpeechStarted
from libs.contracts.speaking import (
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from libs.speech.bands import RATE_HZ, WINDOW_SAMPLES, WINDOW_SECONDS, Floats
from libs.speech.barge_in import Rule
from tests.asr_worker.her_playback import HerPlayback, Told
from tests.asr_worker.rooms import Room, noise

#: From an order to what the loudspeaker does, and from that to the ears' knowledge of it.
STAGE_SECONDS, BUS_SECONDS = 0.03, 0.01
START = 10_000.0


@dataclass
class Host:
    """Says something from `at` on; `text`: what a recogniser would understand, when it is over."""

    at: float
    sound: Floats
    text: str
    partials: bool = False


@dataclass
class Show:
    """Utterances are said one behind the other, with a pause between them, as long as `run`."""

    utterances: list[HerPlayback]
    room: Room
    hosts: list[Host] = field(default_factory=list)
    rule: Rule = "words"
    gate: bool = True
    model: VoiceModel | None = None
    """None: whatever is louder than the room is a voice."""
    published: list[tuple[float, Event]] = field(default_factory=list)
    speeches: list[tuple[float, DismissReason | None]] = field(default_factory=list)
    now: float = START

    def __post_init__(self) -> None:
        self.playback = Playback()
        self.ears = Interruption(
            self.playback, self.publish, "main", self.rule, self.gate, now=lambda: self.now
        )
        self.told: list[Told] = []
        self.hold = SpeechHold.NONE
        self.hold_until = 0.0
        self.orders: list[tuple[float, Event]] = []
        self.current: HerPlayback | None = None
        self.position = 0.0
        self.word_due = 0.0
        self.waiting = list(self.utterances)
        self.next_at = START + 1.0
        self.completed: list[str] = []
        self.cut: list[str] = []

    async def publish(self, event: Event) -> None:
        self.published.append((self.now, event))
        self.orders.append((self.now + STAGE_SECONDS, event))

    @property
    def decisions(self) -> list[InterruptionDecided]:
        return [event for _, event in self.published if isinstance(event, InterruptionDecided)]

    @property
    def holds(self) -> list[SpeechHold]:
        return [event.hold for _, event in self.published if isinstance(event, HoldSpeaking)]

    # The stage ---------------------------------------------------------------------------------

    def play(self) -> Floats:
        """The loudspeaker's next window."""
        for due, event in [order for order in self.orders if order[0] <= self.now]:
            self.orders.remove((due, event))
            self._obey(event)
        if self.now >= self.hold_until:
            self.hold = SpeechHold.NONE
        if self.current is None:
            self._begin()
        if self.current is None or self.hold is SpeechHold.PAUSED:
            self._report()
            return np.zeros(WINDOW_SAMPLES, np.float32)
        start = round(self.position * RATE_HZ)
        sound = self.current.whole[start : start + WINDOW_SAMPLES]
        self.position += WINDOW_SECONDS
        self._report()
        if self.position >= self.current.seconds:
            self._end(PlaybackOutcome.COMPLETED)
        level = 0.25 if self.hold is SpeechHold.LOWERED else 1.0
        return np.pad(sound, (0, WINDOW_SAMPLES - len(sound))) * np.float32(level)

    def _obey(self, event: Event) -> None:
        if isinstance(event, HoldSpeaking):
            self.hold, self.hold_until = event.hold, self.now + event.at_most_seconds
            self.word_due = 0.0
        elif (
            isinstance(event, InterruptionDecided) and event.kind.cuts and self.current is not None
        ):
            self.tell(StopSpeaking(epoch=self.current.epoch + 1, emitted_at=self.now))
            self._end(PlaybackOutcome.INTERRUPTED)

    def _begin(self) -> None:
        if not self.waiting or self.now < self.next_at or self.hold is SpeechHold.PAUSED:
            return
        self.current, self.position = self.waiting.pop(0), 0.0
        her = self.current
        her.began = self.now
        events = her.events()
        started = next(e.event for e in events if isinstance(e.event, PlaybackStarted))
        for one in events:
            if not isinstance(one.event, PlaybackStarted | PlaybackProgressed | PlaybackFinished):
                self.told.append(one)
        self.tell(started)
        self.word_due = self.now + 0.25

    def _report(self) -> None:
        if self.current is None or self.now < self.word_due:
            return
        starts = self.current.starts()
        index = max(i for i, start in enumerate(starts) if start <= self.position)
        error = self.current.clock_error_seconds
        at = self.now + WINDOW_SECONDS + error
        self.tell(self.current.progressed(index, self.position, self.hold, at))
        self.word_due = self.now + 0.25

    def _end(self, outcome: PlaybackOutcome) -> None:
        assert self.current is not None
        text = " ".join(self.current.texts)
        event = PlaybackFinished(
            utterance_id=self.current.identity, epoch=self.current.epoch, outcome=outcome,
            heard_text=text, full_text=text, position_seconds=self.position,
            duration_seconds=self.current.seconds, stopped_at=self.now, emitted_at=self.now,
        )  # fmt: skip
        self.tell(event)
        done = self.completed if outcome is PlaybackOutcome.COMPLETED else self.cut
        done.append(self.current.identity)
        self.current, self.next_at = None, self.now + 0.8

    def tell(self, event: Event) -> None:
        self.told.append(Told(self.now + BUS_SECONDS, event))

    # The ears ----------------------------------------------------------------------------------

    async def run(self, seconds: float) -> "Show":
        count = round(seconds / WINDOW_SECONDS)
        air = Air(self.room, count)
        background = noise(self.room, count * WINDOW_SAMPLES)
        gate = SimpleGate(self)
        for number in range(count):
            at = self.now
            heard = air.carry(self.play()) + background[number * 512 : number * 512 + 512]
            for host in self.hosts:
                start = round((at - START - host.at) * RATE_HZ)
                low = max(0, start)
                part = host.sound[low : max(0, start + WINDOW_SAMPLES)]
                heard[low - start : low - start + len(part)] += part
            self.now = at + WINDOW_SECONDS
            for one in [one for one in self.told if one.at <= self.now]:
                self.told.remove(one)
                self.playback.take(one.event, one.pcm)
            heard = np.clip(heard, -1, 1).astype(np.float32)
            level = 20 * np.log10(float(np.sqrt(np.mean(heard**2))) + 1e-6)
            probability = 0.9 if level > self.room.noise_dbfs + 12 else 0.05
            if self.model is not None:
                probability = self.model.probability(heard)
            own = await self.ears.window(Window(at, heard, probability, level))
            await gate.hear(probability >= 0.5 and not own)
        return self

    def spoken_by(self, at: float) -> Host | None:
        near = [h for h in self.hosts if START + h.at - 0.1 <= at]
        return near[-1] if near else None


class Air:
    """Between loudspeaker and microphone, window by window: delay, room, level."""

    def __init__(self, room: Room, windows: int) -> None:
        from tests.asr_worker.rooms import HOST_DBFS, impulse

        del windows
        self._ir = impulse(room)
        self._silent = room.level_db is None
        # Her voice is about -16 dBFS before it leaves: brought to the level asked for.
        gain = 10 ** ((HOST_DBFS + (room.level_db or 0.0) + 17) / 20)
        self._ir = (self._ir / np.sqrt(np.sum(self._ir**2)) * gain).astype(np.float32)
        self._clipped = room.clipped
        self._coming = np.zeros(round(room.delay_seconds * RATE_HZ) + len(self._ir) + 1_024)
        self._delay = round(room.delay_seconds * RATE_HZ)

    def carry(self, sound: Floats) -> Floats:
        if self._clipped:
            sound = np.clip(sound * 6, -0.5, 0.5) / 3
        if not self._silent and np.any(sound):
            size = len(self._ir) + WINDOW_SAMPLES
            wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(self._ir, size), size)
            self._coming[self._delay : self._delay + size] += wet
        arrived = self._coming[:WINDOW_SAMPLES].astype(np.float32)
        self._coming[:-WINDOW_SAMPLES] = self._coming[WINDOW_SAMPLES:]
        self._coming[-WINDOW_SAMPLES:] = 0
        return arrived


class SimpleGate:
    """Three windows of voice begin a speech, 600 ms without end it."""

    def __init__(self, show: Show) -> None:
        self._show, self._voiced, self._quiet = show, 0, 0
        self.speech = False

    async def hear(self, voiced: bool) -> None:
        ears, now = self._show.ears, self._show.now
        self._voiced = self._voiced + 1 if voiced else 0
        self._quiet = 0 if voiced else self._quiet + 1
        host = self._show.spoken_by(now)
        if not self.speech and self._voiced >= 3:
            self.speech = True
            await ears.started(SpeechStarted(over_speech=ears.speaking))
        elif self.speech and self._quiet == 6:
            await ears.paused(now)
        elif self.speech and self._quiet * WINDOW_SECONDS >= 0.6:
            self.speech = False
            self._show.speeches.append((now, await ears.understood(host.text if host else "")))
            await ears.over()
        if self.speech and host is not None and host.partials and self._voiced % 5 == 4:
            share = (now - START - host.at) / (len(host.sound) / RATE_HZ)
            words = host.text.split()
            await ears.words(" ".join(words[: int(len(words) * max(0.0, share - 0.05))]))
