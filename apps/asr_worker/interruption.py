"""Somebody speaks over her: from windows of sound and words to holds and decisions."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from apps.asr_worker.partners import Window
from apps.asr_worker.playback import LastWords, Playback
from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    InterruptionKind,
    SpeechStarted,
)
from libs.speech.back_channels import is_back_channel
from libs.speech.bands import WINDOW_SAMPLES, WINDOW_SECONDS, BandLevels, Floats
from libs.speech.barge_in import BargeIn, Decision, Orders, Rule, State
from libs.speech.own_voice import LOOK_AHEAD_SECONDS, Judgement, OwnVoice
from libs.speech.own_words import are_hers
from libs.speech.wordless import wordless
from libs.telemetry import clock

#: From this probability on a window is a voice.
VOICE_PROBABILITY = 0.5
#: Somebody who speaks this soon after she stopped still answers to what she said.
AFTERWARDS_SECONDS = 1.0
#: `speaking` stays true this long after her last sample.
STILL_SPEAKING_SECONDS = 0.5
#: What is known of her playback only now is put right this far back.
CORRECTED_WINDOWS = 20
#: Windows of a voice that are looked at for laughter and for likeness to her.
RECENT_WINDOWS = 24
#: From this share of own windows on, a speech sounded like her.
OWN_SHARE = 0.4


class Interruption:
    """See `libs.speech.barge_in` for the rules.

    Promises: nothing that is her own voice holds or cuts her; each pause is decided, published as
    `InterruptionDecided`, and followed by the hold's end; what is asked here never waits for
    anything but `publish`. Times are those of the sound, so that late sound is judged alike.
    """

    def __init__(
        self,
        playback: Playback,
        publish: Callable[[Event], Awaitable[None]],
        show: str = "main",
        rule: Rule = "words",
        own_voice_gate: bool = True,
        now: Callable[[], float] = clock.now,
    ) -> None:
        self.own_voice = OwnVoice()
        self.barge_in = BargeIn(rule)
        self.last_judgement = Judgement(False, 0, 0.0, None)
        self._playback = playback
        self._publish = publish
        self._show = show
        self._gate = own_voice_gate
        self._clock = now
        self._now = 0.0
        self._audible_at = float("-inf")
        self._seen_revision = playback.revision
        self._bands = BandLevels()
        self._recent: deque[Floats] = deque(maxlen=RECENT_WINDOWS)
        self._quiet_windows = 0
        self._owned: deque[bool] = deque(maxlen=RECENT_WINDOWS * 4)
        self._speech: SpeechStarted | None = None
        self._near_her = False
        self._answers = False
        self._sending: set[asyncio.Task[None]] = set()
        self._waiting: deque[Event] = deque()
        self._sent_one = asyncio.Lock()

    # What the ears tell ------------------------------------------------------------------------

    async def window(self, window: Window) -> bool:
        """Each window in order. True: it is her own voice, to be taken for silence."""
        self._now = max(self._now, window.at + WINDOW_SECONDS)
        own = self._is_own(window)
        voiced = window.probability >= VOICE_PROBABILITY
        if voiced:
            self._owned.append(own)
        self._remember(window, voiced and not own)
        audible = self._audible()
        orders = self.barge_in.window(
            self._now, WINDOW_SECONDS, voiced and not own, audible, self._wordless()
        )
        await self._carry_out(orders)
        return own

    async def started(self, speech: SpeechStarted) -> None:
        self._speech = speech
        audible = self._audible()
        last = self._playback.last
        recent = last is not None and self._now - last.at <= AFTERWARDS_SECONDS
        self._near_her = audible or speech.over_speech or recent
        self._answers = not audible and last is not None and _asked(last)
        self.barge_in.started()

    async def words(self, text: str) -> None:
        """What is understood so far."""
        if self._hers(text):
            await self._carry_out(self.barge_in.own_voice(self._now))
            return
        await self._carry_out(self.barge_in.words(text, self._now, self._audible()))

    async def paused(self, at: float) -> None:
        """The voice gate hears silence since then."""
        self._now = max(self._now, at)
        await self._carry_out(self.barge_in.silent(self._now))

    async def resumed(self, at: float) -> None:
        """And a voice again: what it means is told by its windows."""
        self._now = max(self._now, at)

    async def understood(self, text: str) -> DismissReason | None:
        """The final text: why it is no turn, or None. Real words cut her off also this late."""
        if self._hers(text):
            await self._carry_out(self.barge_in.own_voice(self._now))
            return DismissReason.OWN_VOICE
        if self.barge_in.state is State.TAKEN or not self._near_her:
            return None
        if is_back_channel(text):
            return None if self._answers else DismissReason.BACK_CHANNEL
        await self._carry_out(self.barge_in.words(text, self._now, self._audible()))
        return None

    async def over(self) -> None:
        """The speech is over, whatever became of it."""
        await self._carry_out(self.barge_in.over(self._now, self._audible()))
        self._speech, self._near_her, self._answers = None, False, False
        self._owned.clear()

    async def keyword(self, phrase: str) -> None:
        """An order to be silent was heard: she is cut off at once."""
        await self._carry_out(self.barge_in.keyword(phrase, self._now, self._audible()))

    def talk_key(self, held: bool) -> None:
        """At once, also while no sound comes."""
        if held == self.barge_in.key:
            return
        orders = self.barge_in.talk_key(held, self._now, self._audible())
        self._queue(orders)
        if self._waiting:
            task = asyncio.get_running_loop().create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    @property
    def speaking(self) -> bool:
        """Something of hers is audible now, or was until half a second ago."""
        last = self._playback.last
        ended = last.at if last is not None else float("-inf")
        quiet_since = max(self._audible_at, ended)
        return self._audible() or self._now - quiet_since <= STILL_SPEAKING_SECONDS

    # Her own voice -----------------------------------------------------------------------------

    def _is_own(self, window: Window) -> bool:
        if not self._gate:
            return False
        if self._playback.revision != self._seen_revision:
            self._correct(window.at)
        hers = self._playback.reference(window.at + LOOK_AHEAD_SECONDS, WINDOW_SAMPLES)
        self.last_judgement = self.own_voice.hear(window.samples, hers)
        return self.last_judgement.own

    def _correct(self, at: float) -> None:
        self._seen_revision = self._playback.revision
        newest = at + LOOK_AHEAD_SECONDS
        start = newest - CORRECTED_WINDOWS * WINDOW_SECONDS
        hers = self._playback.reference(start, CORRECTED_WINDOWS * WINDOW_SAMPLES)
        if hers is not None:
            self.own_voice.correct(hers)

    def _hers(self, text: str) -> bool:
        if not self._gate or not (self._near_her or self._audible()):
            return False
        share = sum(self._owned) / len(self._owned) if self._owned else 0.0
        return are_hers(text, self._playback.said(self._now), share >= OWN_SHARE)

    def _audible(self) -> bool:
        audible = self._playback.audible(self._now)
        if audible:
            self._audible_at = self._now
        return audible

    # Sounds without words ----------------------------------------------------------------------

    def _remember(self, window: Window, voiced: bool) -> None:
        levels = self.own_voice.levels.copy() if self._gate else self._bands.of(window.samples)
        self._quiet_windows = 0 if voiced else self._quiet_windows + 1
        if self._quiet_windows * WINDOW_SECONDS > self.barge_in.times.listened_rest:
            self._recent.clear()
        if voiced or self._recent:
            self._recent.append(levels)

    def _wordless(self) -> bool:
        undecided = self.barge_in.state in (State.PAUSED, State.LISTENED)
        return undecided and wordless(tuple(self._recent))

    # Orders ------------------------------------------------------------------------------------

    async def _carry_out(self, orders: Orders) -> None:
        self._queue(orders)
        await self._send()

    def _queue(self, orders: Orders) -> None:
        if orders.hold is not None:
            lasting = 0.0 if orders.hold is SpeechHold.NONE else self.barge_in.times.hold
            now = self._clock()
            hold = HoldSpeaking(
                show=self._show,
                turn_id=self._playback.turn_id,
                utterance_id=self._playback.utterance_id,
                epoch=self._playback.epoch,
                hold=orders.hold,
                at_most_seconds=lasting,
                emitted_at=now,
                expires_at=now + lasting if lasting else None,
            )
            self._playback.take(hold)
            self._waiting.append(hold)
        if orders.decision is not None:
            self._waiting.append(self._decided(orders.decision))

    def _decided(self, decision: Decision) -> InterruptionDecided:
        if decision.kind is InterruptionKind.FALSE_ALARM:
            self.own_voice.false_alarm()
        return InterruptionDecided(
            show=self._show,
            turn_id=self._playback.turn_id,
            utterance_id=self._playback.utterance_id,
            epoch=self._playback.epoch,
            cause_id=self._speech.event_id if self._speech is not None else None,
            kind=decision.kind,
            text=decision.text[:2_000],
            decided_after_seconds=round(decision.after_seconds, 3),
            emitted_at=self._clock(),
        )

    async def _send(self) -> None:
        """In the order in which they were decided, whoever sends."""
        async with self._sent_one:
            while self._waiting:
                await self._publish(self._waiting.popleft())


def _asked(last: LastWords) -> bool:
    """Whether she ended with a question that was heard to its end."""
    return last.completed and last.text.rstrip(" \"'»”’)]*").endswith(("?", "？", "؟"))
