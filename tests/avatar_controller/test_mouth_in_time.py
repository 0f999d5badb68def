"""The mouth against the sound that the stage really plays: both in virtual time."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from apps.avatar_controller.engines.base import SHUT
from apps.avatar_controller.mouth_player import MouthPlayer
from apps.stage.mouth_teller import MouthTeller
from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.speaking import (
    AudioChunk,
    MouthChunk,
    MouthCue,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    SentenceSynthesized,
    Viseme,
)
from libs.speech.playback_clock import PlaybackClock
from tests.stage.scripted_voice import ScriptedVoice, tone
from tests.stage.virtual_stage import SHOW_ZERO, VirtualStage, closing_journals

RATE_HZ = 16_000
BUS_SECONDS = 0.01
FRAME_SECONDS = 1 / 60
#: When the bursts of the sound begin, and how long they are; between them it is silent.
BURSTS = (0.3, 0.9, 1.3, 2.0, 2.45, 3.2)
BURST_SECONDS = 0.22
OPEN = 0.3


@pytest.fixture(autouse=True)
def journals_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with closing_journals(monkeypatch):
        yield


def bursts(shapes: bool = True) -> list[tuple[AudioChunk | SentenceSynthesized, bytes]]:
    """One sentence of 4 s."""
    sound = np.zeros(4 * RATE_HZ, "<i2")
    burst = np.frombuffer(tone(BURST_SECONDS, RATE_HZ), "<i2")
    cues = []
    for at in BURSTS:
        sound[round(at * RATE_HZ) :][: len(burst)] = burst
        cues += [
            MouthCue(at_seconds=at, viseme=Viseme.AA),
            MouthCue(at_seconds=at + BURST_SECONDS, viseme=Viseme.SIL),
        ]
    voice = ScriptedVoice("u1")
    events = voice.sentence("bursts", 4.0)
    made: list[tuple[AudioChunk | SentenceSynthesized, bytes]] = []
    for event, pcm in events:
        if isinstance(event, AudioChunk):
            begin = event.offset_samples
            end = begin + len(pcm) // 2
            pcm = sound[begin:end].tobytes()
            within = [c for c in cues if begin <= c.at_seconds * RATE_HZ < end]
            event = event.model_copy(update={"mouth": tuple(within) if shapes else ()})
        made.append((event, pcm))
    return [*made, (voice.finished(), b"")]  # type: ignore[list-item]


@dataclass
class Scene:
    """A stage that plays, and a mouth that hears of it over the bus."""

    stage: VirtualStage
    offset_seconds: float = 0.0
    lost: tuple[type[Event], ...] = ()
    bus_is_there: bool = True
    clock: PlaybackClock = field(default_factory=PlaybackClock)
    heard: list[tuple[float, float]] = field(default_factory=list)
    """At a moment: the position that the stage's output really had."""
    shown: list[tuple[float, float]] = field(default_factory=list)
    """At a moment: how far the mouth was open."""

    def __post_init__(self) -> None:
        self.mouth = MouthPlayer(self.clock, self.offset_seconds, lambda: self.bus_is_there)
        self._coming: list[tuple[float, Event]] = []
        self._known = 0

    @property
    def now(self) -> float:
        return SHOW_ZERO + self.stage.now

    def say(self, event: Event) -> None:
        """Over the bus, from whoever."""
        self._coming.append((self.now + BUS_SECONDS, event))

    def hold(self, hold: SpeechHold) -> None:
        self.stage.player.hold("voice", hold, 10.0)
        self.say(HoldSpeaking(hold=hold, at_most_seconds=10.0, emitted_at=self.now))

    def stop(self) -> None:
        self.stage.player.interrupt(lambda utterance: True, "stopped")
        self.say(StopSpeaking(epoch=1, emitted_at=self.now))

    def loses(self, *kinds: type[Event]) -> None:
        """From now on the avatars hear nothing of that."""
        self.lost = kinds

    def loses_nothing(self) -> None:
        self.loses()

    def pass_time(self, seconds: float, frames: bool = True) -> None:
        """`frames`: whether the avatars' process runs."""
        end = self.stage.now + seconds
        frame_due = self.stage.now
        while self.stage.now < end:
            self.stage.now += 0.002
            if round(self.stage.now / 0.002) % 10 == 0:
                self.stage.player.look()
            self._carry()
            self.heard.append((self.now, self.stage.player.position / RATE_HZ))
            if frames and self.stage.now >= frame_due:
                frame_due += FRAME_SECONDS
                self.shown.append((self.now, self.mouth.at(self.now).open))
            if frames:
                self._read()

    def _carry(self) -> None:
        for event in self.stage.told[self._known :]:
            if not isinstance(event, self.lost):
                stamped = isinstance(event, PlaybackProgressed | MouthChunk | PlaybackFinished)
                new = event.model_copy(update={"emitted_at": self.now}) if stamped else event
                self.say(new)
        self._known = len(self.stage.told)

    def _read(self) -> None:
        for due, event in [one for one in self._coming if one[0] <= self.now]:
            self._coming.remove((due, event))
            if isinstance(event, MouthChunk):
                self.mouth.take(event)
            else:
                self.clock.take(event)

    def opened(self) -> list[float]:
        return _rising([at for at, _ in self.shown], [o > OPEN for _, o in self.shown])

    def sounded(self) -> list[float]:
        """When a burst was heard to begin."""
        inside = [
            any(at <= position < at + BURST_SECONDS for at in BURSTS) for _, position in self.heard
        ]
        return _rising([at for at, _ in self.heard], inside)

    def errors(self) -> list[float]:
        """The mouth against the sound, of each burst; every burst opened it once."""
        opened, sounded = self.opened(), self.sounded()
        assert len(opened) == len(sounded), (opened, sounded)
        return [one - other for one, other in zip(opened, sounded, strict=True)]


def _rising(times: list[float], values: list[bool]) -> list[float]:
    before = [False, *values]
    return [at for at, was, now in zip(times, before, values, strict=False) if now and not was]


def scene(tmp_path: Path, **fields: object) -> Scene:
    told: list[Event] = []
    stage = VirtualStage(tmp_path / "j.jsonl", told=told, watcher=MouthTeller(told.append))
    return Scene(stage, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("shapes", [True, False], ids=["shapes", "loudness alone"])
def test_the_mouth_opens_within_40_ms_of_the_sound(tmp_path: Path, shapes: bool) -> None:
    show = scene(tmp_path)
    show.stage.hear(*bursts(shapes))
    show.pass_time(5.0)
    errors = show.errors()
    assert len(errors) == len(BURSTS)
    assert max(map(abs, errors)) <= 0.04


@pytest.mark.parametrize("offset_ms", [-150, -40, 60, 150])
def test_the_offset_moves_it_by_as_much(tmp_path: Path, offset_ms: int) -> None:
    show = scene(tmp_path, offset_seconds=offset_ms / 1_000)
    show.stage.hear(*bursts())
    show.pass_time(5.0)
    errors = show.errors()
    assert len(errors) == len(BURSTS)
    assert all(abs(error - offset_ms / 1_000) <= 0.04 for error in errors)


def test_paused_it_is_shut_at_once_and_goes_on_in_time(tmp_path: Path) -> None:
    show = scene(tmp_path)
    show.stage.hear(*bursts())
    show.pass_time(1.0)  # in the second burst
    assert show.shown[-1][1] > OPEN
    show.hold(SpeechHold.PAUSED)
    paused_at = show.now
    show.pass_time(1.3)
    show.hold(SpeechHold.NONE)
    show.pass_time(4.5)
    shut = [o for at, o in show.shown if paused_at + 0.03 < at < paused_at + 1.3]
    assert set(shut) == {0.0}
    opened, sounded = show.opened(), show.sounded()
    assert len(opened) == len(BURSTS) + 1  # the second burst was gone on with
    again = [at for at in opened if not paused_at < at < paused_at + 1.4]
    assert len(again) == len(sounded)
    assert max(abs(a - b) for a, b in zip(again, sounded, strict=True)) <= 0.04


def test_a_stop_shuts_it_within_two_frames_although_no_end_was_heard_of(tmp_path: Path) -> None:
    show = scene(tmp_path, lost=(PlaybackFinished,))
    show.stage.hear(*bursts())
    show.pass_time(1.0)
    assert show.shown[-1][1] > OPEN
    show.stop()
    stopped_at = show.now
    show.pass_time(2.0)
    after = [o for at, o in show.shown if at > stopped_at + BUS_SECONDS + 2 * FRAME_SECONDS]
    assert set(after) == {0.0}


def test_an_output_that_ran_dry_is_followed_by_the_next_word_of_the_stage(tmp_path: Path) -> None:
    show = scene(tmp_path)
    events = bursts()
    show.stage.hear(*events[:12])
    show.pass_time(2.2)  # a second of which is waiting
    show.stage.hear(*events[12:])
    show.pass_time(0.3)  # the stage says where it is
    before = len(show.opened())
    heard_before = len(show.sounded())
    show.pass_time(4.0)
    errors = [
        one - other
        for one, other in zip(show.opened()[before:], show.sounded()[heard_before:], strict=True)
    ]
    assert len(errors) >= 3
    assert max(map(abs, errors)) <= 0.04


def test_without_levels_it_moves_by_syllables_and_knows_what_comes_later(tmp_path: Path) -> None:
    """The module was started again in the middle of an utterance."""
    show = scene(tmp_path)
    show.stage.hear(*bursts())
    show.pass_time(0.5)
    show.clock = PlaybackClock()
    show.mouth = MouthPlayer(show.clock)
    show.shown.clear()
    show.pass_time(2.0)
    assert 6 <= len(_rising([at for at, _ in show.shown], [o > OPEN for _, o in show.shown])) <= 10
    show.pass_time(3.0)
    assert show.shown[-1][1] == SHUT.open


def test_without_a_word_of_the_stage_it_is_shut_in_the_end(tmp_path: Path) -> None:
    show = scene(tmp_path, lost=(PlaybackFinished, PlaybackProgressed))
    show.stage.hear(*bursts())
    show.pass_time(9.0)
    assert show.shown[-1][1] == 0.0


WORDS_OF_THE_STAGE = (PlaybackStarted, PlaybackProgressed, PlaybackFinished)


def talking(tmp_path: Path) -> Scene:
    """She has said "ah" for a second, and goes on for nine."""
    show = scene(tmp_path)
    for event, pcm in ScriptedVoice("u1").sentence("ah", 10.0):
        if isinstance(event, AudioChunk):
            begins = (MouthCue(at_seconds=0.0, viseme=Viseme.AA),)
            event = event.model_copy(update={"mouth": () if event.offset_samples else begins})
        show.stage.hear((event, pcm))
    show.pass_time(1.0)
    assert show.shown[-1][1] > WIDE
    return show


WIDE = 0.8


def least_open(show: Scene, since: float) -> float:
    return min(opened for at, opened in show.shown if at > since)


def test_when_the_stage_is_gone_the_mouth_fades_shut_within_about_a_second(tmp_path: Path) -> None:
    show = talking(tmp_path)
    show.loses(*WORDS_OF_THE_STAGE)
    gone_at = show.now
    show.pass_time(0.4)
    assert least_open(show, gone_at) > WIDE, "the next word may come"
    show.pass_time(0.8)
    assert show.shown[-1][1] < 0.05
    openings = [opened for at, opened in show.shown if at > gone_at]
    assert max(abs(b - a) for a, b in itertools.pairwise(openings)) < 0.2, "it fades"
    show.pass_time(1.0)
    assert show.shown[-1][1] < 0.001
    assert show.mouth.loudness == 0.0


def test_it_goes_on_by_itself_when_the_stage_is_heard_of_again(tmp_path: Path) -> None:
    show = talking(tmp_path)
    show.loses(*WORDS_OF_THE_STAGE)
    show.pass_time(1.6)
    show.loses_nothing()
    show.pass_time(0.5)
    assert show.shown[-1][1] > WIDE
    heard = show.clock.heard(show.now)
    assert heard is not None
    assert heard.position_at(show.now) == pytest.approx(show.heard[-1][1], abs=0.03)


def test_that_a_word_of_the_stage_comes_late_or_is_lost_is_not_seen(tmp_path: Path) -> None:
    show = talking(tmp_path)
    since = show.now
    for _ in range(6):
        show.loses(*WORDS_OF_THE_STAGE)
        show.pass_time(0.38)
        show.loses_nothing()
        show.pass_time(0.3)
    assert least_open(show, since) > WIDE


def test_while_the_bus_is_away_nothing_is_held_against_the_stage(tmp_path: Path) -> None:
    show = talking(tmp_path)
    since = show.now
    show.bus_is_there = False
    show.loses(*WORDS_OF_THE_STAGE)
    show.pass_time(2.0)
    show.bus_is_there = True
    show.pass_time(0.4)
    show.loses_nothing()
    show.pass_time(0.4)
    assert least_open(show, since) > WIDE


@pytest.mark.parametrize("seconds", [0.8, 2.0, 2.6])
def test_a_process_that_did_not_run_first_reads_what_the_stage_said(
    tmp_path: Path, seconds: float
) -> None:
    show = talking(tmp_path)
    since = show.now
    show.pass_time(seconds, frames=False)
    show.pass_time(0.5)
    assert least_open(show, since) > WIDE
