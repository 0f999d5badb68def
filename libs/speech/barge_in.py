"""Somebody speaks while she does: lower, pause, decide. Pure: time is an argument.

Times are seconds on any one steady clock. Nothing here waits: who owns it calls `window` for each
piece of sound and carries out the orders that come back.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

from libs.contracts.interruption import SpeechHold
from libs.contracts.listening import InterruptionKind
from libs.speech.back_channels import is_back_channel

Rule = Literal["words", "talk_key", "never"]


@dataclass(frozen=True)
class Times:
    """All in seconds."""

    lower_after: float = 0.09
    """So much voice within `within` lowers her."""
    pause_after: float = 0.24
    within: float = 0.4
    decide_after: float = 0.4
    """From the pause on: then it is decided, whatever is known."""
    ends_after: float = 0.2
    """So much silence ends a short sound."""
    echo: float = 0.1
    """A sound that ends so soon after the pause may have been her."""
    breath: float = 0.06
    """At the deadline so much silence counts as an end as well."""
    settles: float = 0.2
    """From the pause on: then the room is quiet of her, and what is heard is somebody else."""
    talks_on: float = 0.5
    """Whoever talks is a voice for this share of the time from then to the deadline; noise over
    her is one only while she rings on."""
    release_after: float = 0.35
    """A voice that did not go on lowers her this much longer."""
    listened_rest: float = 0.5
    """So much silence ends a laugh."""
    hold: float = 1.2
    """How long a hold lasts at the stage without being renewed."""
    renew: float = 0.4
    orphan: float = 1.5
    """A cut whose speech never becomes one holds her this long."""
    stop_takes: float = 0.6
    """Once that speech is over, so long for her to be stopped for good."""
    careful_for: float = 15.0
    """After a pause for nothing that was understood more voice is needed for so long: `careful_by`
    for each. After `given_up` of them she is not paused for a voice without words any more."""
    given_up: int = 3
    careful_by: float = 0.08


@dataclass(frozen=True)
class Decision:
    kind: InterruptionKind
    text: str = ""
    after_seconds: float = 0.0


@dataclass(frozen=True)
class Orders:
    """What is to be done now; None: nothing of that sort."""

    hold: SpeechHold | None = None
    decision: Decision | None = None


class State(Enum):
    FREE = auto()
    LOWERED = auto()
    PAUSED = auto()
    """Not decided: never longer than `decide_after`."""
    LISTENED = auto()
    """Decided as a back-channel; lowered while it goes on."""
    TAKEN = auto()
    """Somebody has the floor: nothing of hers sounds until that speech is over."""


@dataclass
class BargeIn:
    """Promises: she is paused for at most `decide_after` before a decision; exactly one decision
    for each pause; a decision that cuts is made at most once for a speech; whatever comes in, a
    hold is always followed by another order or ends by itself (`Times.hold`).
    """

    rule: Rule = "words"
    times: Times = field(default_factory=Times)
    state: State = State.FREE
    text: str = ""
    """As far as this speech is understood."""
    speech: bool = False
    """The voice gate hears one."""
    key: bool = False
    _voiced: deque[tuple[float, float]] = field(default_factory=deque)
    _voice_at: float = float("-inf")
    _paused_at: float = 0.0
    _taken_at: float = 0.0
    _over_at: float | None = None
    _alarms: deque[float] = field(default_factory=lambda: deque(maxlen=8))
    _held: SpeechHold = SpeechHold.NONE
    _sent_at: float = float("-inf")

    # What comes in -----------------------------------------------------------------------------

    def window(
        self, now: float, seconds: float, voiced: bool, audible: bool, wordless: bool = False
    ) -> Orders:
        """`seconds` of sound that ended `now`. `voiced`: another's voice; `audible`: she is heard,
        or would be if she were not held."""
        while self._voiced and self._voiced[0][0] <= now - self.times.within:
            self._voiced.popleft()
        if voiced:
            self._voiced.append((now, seconds))
            self._voice_at = now
        if self.state is State.TAKEN:
            return self._taken(now, audible)
        if not audible:
            return self._nothing_to_hold(now)
        if self.key and self.rule != "never":
            return self._cut(InterruptionKind.PUSH_TO_TALK, now)
        if self.rule != "words":
            return Orders()
        return self._by_voice(now, seconds, wordless)

    def words(self, text: str, now: float, audible: bool) -> Orders:
        """What is understood so far. Real words decide at once, also after she went on."""
        self.text = text
        real = bool(text.strip()) and not is_back_channel(text)
        if not real or not audible or self.rule != "words" or self.state is State.TAKEN:
            return Orders()
        return self._cut(InterruptionKind.WORDS, now)

    def own_voice(self, now: float) -> Orders:
        """What was heard was she herself."""
        self.text = ""
        self._voiced.clear()
        if self.state in (State.FREE, State.TAKEN):
            return Orders()
        return self._go_on(InterruptionKind.FALSE_ALARM, now)

    def talk_key(self, held: bool, now: float, audible: bool) -> Orders:
        self.key = held
        if not held or not audible or self.rule == "never" or self.state is State.TAKEN:
            return Orders()
        return self._cut(InterruptionKind.PUSH_TO_TALK, now)

    def keyword(self, phrase: str, now: float, audible: bool) -> Orders:
        """An order to be silent: it counts under every rule."""
        self.text = phrase
        if not audible or self.state is State.TAKEN:
            return Orders()
        return self._cut(InterruptionKind.KEYWORD, now)

    def started(self) -> None:
        """The voice gate hears a speech."""
        self.speech, self.text, self._over_at = True, "", None

    def silent(self, now: float) -> Orders:
        """The voice gate hears silence."""
        return self._ended(now) if self.state is State.PAUSED else Orders()

    def over(self, now: float, audible: bool) -> Orders:
        """The speech is over, whatever became of it."""
        orders = Orders()
        if self.state is State.PAUSED:
            orders = self._ended(now)
        self.speech, self._over_at, self.text = False, now, ""
        self._voiced.clear()
        if self.state is State.TAKEN:
            released = self._taken(now, audible)
            orders = Orders(released.hold or orders.hold, orders.decision)
        elif self.state is not State.FREE:
            orders = self._free(now)
        return orders

    # What is made of it --------------------------------------------------------------------------

    def _by_voice(self, now: float, seconds: float, wordless: bool) -> Orders:
        voice = sum(length for _, length in self._voiced)
        alarms = sum(at > now - self.times.careful_for for at in self._alarms)
        enough = self.times.pause_after + alarms * self.times.careful_by
        if alarms >= self.times.given_up:  # a keyboard, a door: words will say so
            enough = math.inf
        silence = now - self._voice_at
        if self.state is State.PAUSED:
            return self._undecided(now, seconds, silence, wordless)
        if self.state is State.LISTENED:
            if silence >= self.times.listened_rest:
                return self._free(now)
            listening = wordless or is_back_channel(self.text)  # more words will say so
            if listening or voice < enough or silence > 0:
                return self._renew(now)
        if voice >= enough:
            self.state, self._paused_at = State.PAUSED, now
            return self._hold(SpeechHold.PAUSED, now)
        if self.state is State.LOWERED:
            over = silence >= self.times.release_after
            return self._free(now) if over else self._renew(now)
        if voice >= self.times.lower_after:
            self.state = State.LOWERED
            return self._hold(SpeechHold.LOWERED, now)
        return Orders()

    def _undecided(self, now: float, seconds: float, silence: float, wordless: bool) -> Orders:
        if silence >= self.times.ends_after:
            return self._ended(now)
        if (
            now + seconds - self._paused_at <= self.times.decide_after
        ):  # the next one is in time too
            return self._renew(now)
        if silence >= self.times.breath:
            return self._ended(now)
        if not self.text.strip() and not self._talks_on(now):
            return self._ended(now)
        if wordless or is_back_channel(self.text):
            decision = self._decision(InterruptionKind.BACK_CHANNEL, now)
            self._voiced.clear()
            self.state = State.LISTENED
            return Orders(self._hold(SpeechHold.LOWERED, now).hold, decision)
        return self._cut(InterruptionKind.WORDS, now)

    def _talks_on(self, now: float) -> bool:
        """Whether it is a voice also where her own can no longer be heard."""
        since = self._paused_at + self.times.settles
        voice = sum(seconds for at, seconds in self._voiced if at > since)
        return voice >= self.times.talks_on * (now - since)

    def _ended(self, now: float) -> Orders:
        """A sound that was over before anything else was known of it."""
        real = bool(self.text.strip()) and not is_back_channel(self.text)
        if real:
            return self._cut(InterruptionKind.WORDS, now)
        went_on = self._voice_at > self._paused_at + self.times.echo
        somebody = went_on or bool(self.text.strip())
        kind = InterruptionKind.BACK_CHANNEL if somebody else InterruptionKind.FALSE_ALARM
        return self._go_on(kind, now)

    def _taken(self, now: float, audible: bool) -> Orders:
        if self.speech or self.key:
            return self._renew(now)
        if self._over_at is not None and self._over_at >= self._taken_at:
            over = not audible or now - self._over_at >= self.times.stop_takes
        else:
            over = now - max(self._taken_at, self._voice_at) >= self.times.orphan
        return self._free(now) if over else self._renew(now)

    def _nothing_to_hold(self, now: float) -> Orders:
        if self.state is State.PAUSED:
            return self._go_on(InterruptionKind.FALSE_ALARM, now)
        if self.state in (State.LOWERED, State.LISTENED):
            return self._free(now)
        self._voiced.clear()
        return Orders()

    # Orders ------------------------------------------------------------------------------------

    def _cut(self, kind: InterruptionKind, now: float) -> Orders:
        decision = self._decision(kind, now)
        self.state, self._taken_at = State.TAKEN, now
        self._over_at = None if self.speech else self._over_at
        return Orders(self._hold(SpeechHold.PAUSED, now).hold, decision)

    def _go_on(self, kind: InterruptionKind, now: float) -> Orders:
        decision = self._decision(kind, now) if self.state is State.PAUSED else None
        if decision is not None and not self.text.strip():
            self._alarms.append(now)
        return Orders(self._free(now).hold, decision)

    def _free(self, now: float) -> Orders:
        self.state = State.FREE
        self._voiced.clear()
        return self._hold(SpeechHold.NONE, now)

    def _hold(self, hold: SpeechHold, now: float) -> Orders:
        self._held, self._sent_at = hold, now
        return Orders(hold)

    def _renew(self, now: float) -> Orders:
        due = now - self._sent_at >= self.times.renew
        return self._hold(self._held, now) if due else Orders()

    def _decision(self, kind: InterruptionKind, now: float) -> Decision:
        after = now - self._paused_at if self.state is State.PAUSED else 0.0
        return Decision(kind, self.text, max(0.0, after))
