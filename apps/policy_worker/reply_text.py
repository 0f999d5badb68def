"""From the raw text of an engine to judged sentences with mood and actions."""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from apps.policy_worker.actions import Action, ActionRefused, Allowed, SetMood, read_action
from apps.policy_worker.editor import Cut, Editor
from apps.policy_worker.reply_parser import (
    MoodChange,
    Part,
    RawAction,
    ReplyParser,
    SpeechBegan,
    SpeechEnded,
    SpeechText,
    ThoughtEnded,
)
from libs.contracts.speaking import Mood
from libs.safety import Judged, StreamGate
from libs.speech.sentences import SentenceCutter

#: A reply with more sentences is a model that does not stop.
MAXIMUM_SENTENCES = 12
#: About a minute of speech.
MAXIMUM_CHARACTERS = 900
#: So many sentences that are not said, for one reason, are a model that has lost its way.
MAXIMUM_CUTS = 3
#: So many pieces in a row that end in mid-sentence are a sentence without end.
MAXIMUM_OPEN_PIECES = 2
#: But not in a reply that is still this short.
MAXIMUM_RUN = 250
#: So much white space before the first word, and there is none to come.
MAXIMUM_BLANKS = 60
#: Behind the speech comes a mood and some actions; who writes on, is not read on.
MAXIMUM_AFTER_SPEECH = 250
#: How many actions one reply may bring; more is a model that plays with the buttons.
MAXIMUM_ACTIONS = 6


@dataclass(frozen=True)
class Line:
    """A sentence that was judged, and what she does with it if it may be said."""

    judged: Judged
    mood: Mood
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Unsaid:
    """A sentence that the persona does not say."""

    rule: str
    category: str
    text: str
    """As it was written; for the operator's eyes."""


@dataclass
class _Waiting:
    """A sentence that the gate has not given back yet."""

    text: str
    mood: Mood
    actions: tuple[Action, ...]


@dataclass
class Trouble:
    """What was wrong with a reply."""

    counters: Counter[str] = field(default_factory=Counter)


class ReplyText:
    """One attempt at a reply.

    Promises: only judged sentences come out, in order; none twice in one reply, nor what she does
    with it; an action comes with the sentence it stands before, or the last one; when `ended` is
    set (a reason code) the rest of the reply is not wanted.
    """

    def __init__(
        self,
        gate: StreamGate,
        editor: Editor,
        allowed: Allowed,
        mood: Mood,
        already_said: Iterable[str] = (),
        verbatim: bool = False,
    ) -> None:
        self._gate = gate
        self._editor = editor
        self._allowed = allowed
        self._verbatim = verbatim
        self._parser = ReplyParser()
        self._cutter = SentenceCutter()
        said = list(already_said)
        self._count = len(said)
        self._characters = sum(map(len, said))
        self._tagged = False
        self._waiting: deque[_Waiting] = deque()
        self._next_actions: list[Action] = []
        self._action_count = 0
        self._cuts: Counter[Cut] = Counter()
        self.mood = mood
        self.ended = ""
        self.speech = ""
        """What the last `feed` added to the speech, as it was written."""
        self._text_came = False
        self._blanks = 0
        self._after_speech = 0
        self._open_pieces = 0
        self.trouble = Trouble()

    @property
    def begun(self) -> bool:
        """Whether there was anything to say yet."""
        return self._text_came and not self._editor.musing

    @property
    def speech_closed(self) -> bool:
        """Whether all that was to be said has come."""
        return self._tagged and not self._parser.speech_open

    @property
    def over(self) -> bool:
        """Whether nothing of use can follow in a spoken reply."""
        return self._after_speech > MAXIMUM_AFTER_SPEECH or self._blanks > MAXIMUM_BLANKS

    @property
    def thinking(self) -> bool:
        return self._parser.thinking or self._editor.musing

    @property
    def last_actions(self) -> tuple[Action, ...]:
        """Actions that stood behind the last sentence; it may have been sent already."""
        return tuple(self._next_actions)

    @property
    def only_reason(self) -> Cut | None:
        """Why nothing of it was to be said, when that is one thing."""
        reasons = [cut for cut in self._cuts if cut is not Cut.UNSPEAKABLE]
        return reasons[0] if len(reasons) == 1 else None

    def feed(self, raw: str) -> Iterator[Line | Unsaid]:
        """Each line is given before the next sentence is looked at: it can leave at once."""
        self.speech = ""
        for part in self._parser.feed(raw):
            yield from self._take(part)
        self._after_speech = self._after_speech + len(raw) if self.speech_closed else 0

    def finish(self, truncated: bool = False) -> Iterator[Line | Unsaid]:
        """The end of a reply. Of a `truncated` one the last sentence is not said if it has no end
        and others were said."""
        self.speech = ""
        truncated = truncated and self._parser.speech_open
        for part in self._parser.finish():
            yield from self._take(part)
        yield from self._sentences(self._rest(truncated))
        if truncated:
            self.ended = self.ended or "too_long"
        if not self.ended or truncated:
            yield from self._released(self._gate.finish())

    def _take(self, part: Part) -> Iterator[Line | Unsaid]:
        match part:
            case SpeechText(text):
                self.speech += text
                self._text_came = self._text_came or not text.isspace()
                self._blanks = 0 if self._text_came else self._blanks + len(text)
                yield from self._sentences(self._cutter.feed(text))
            case SpeechBegan():
                yield from self._sentences(self._cutter.finish())
                self._editor.speech_began()
                self._tagged = True
            case SpeechEnded():
                yield from self._sentences(self._cutter.finish())
                if not self.ended:
                    yield from self._released(self._gate.finish())
            case ThoughtEnded() if not self._tagged:
                self._cutter = SentenceCutter()
                self._text_came = False
                self._editor.thought_ended()
            case MoodChange(name):
                self._set_mood(name)
            case RawAction(raw):
                self._act(raw)

    def _rest(self, truncated: bool) -> list[str]:
        rest = self._cutter.finish()
        half = truncated and self._count > 0 and not _ENDED.search("".join(rest))
        return [] if half else rest

    # Mood and actions -------------------------------------------------------------------------

    def _set_mood(self, name: str) -> None:
        mood = self._allowed.mood_of(name)
        if mood is None:
            self.trouble.counters["moods_unknown"] += 1
        else:
            self.mood = mood

    def _act(self, raw: str) -> None:
        try:
            action = read_action(raw, self._allowed)
        except ActionRefused as refusal:
            self.trouble.counters["actions_dropped"] += 1
            self.trouble.counters[f"actions_{refusal.code}"] += 1
            return
        if action is None:
            return
        if isinstance(action, SetMood):
            self.mood = action.mood
        elif self._action_count < MAXIMUM_ACTIONS:
            self._action_count += 1
            self._next_actions.append(action)

    # Sentences --------------------------------------------------------------------------------

    def _sentences(self, sentences: list[str]) -> Iterator[Line | Unsaid]:
        for sentence in sentences:
            yield from self._sentence(sentence)

    def _sentence(self, sentence: str) -> Iterator[Line | Unsaid]:
        if self.ended:
            return
        edited = self._editor.of(sentence, self._tagged)
        if edited.cut is not None:
            self._cut(edited.cut)
            if edited.cut in _REFUSED:
                self._next_actions = []
                rule = _REFUSED[edited.cut].format(edited.topic)
                yield Unsaid(rule, edited.cut.value, sentence)
            elif edited.cut is Cut.REPEATED:  # what she does with it is done already
                self._action_count -= len(self._next_actions)
                self._next_actions = []
            return
        self._count += 1
        self._characters += len(edited.text)
        self._open_pieces = 0 if _CLOSED.search(sentence) else self._open_pieces + 1
        actions, self._next_actions = tuple(self._next_actions), []
        self._waiting.append(_Waiting(edited.text, self.mood, actions))
        yield from self._released(self._gate.feed(edited.text))
        self._look_for_the_end()

    def _look_for_the_end(self) -> None:
        if self._gate.ended:
            self.ended = "blocked_too_often"
        elif self._verbatim:
            return
        elif self._count >= MAXIMUM_SENTENCES or self._characters >= MAXIMUM_CHARACTERS:
            self.ended = "too_long"
        elif self._open_pieces >= MAXIMUM_OPEN_PIECES and self._characters > MAXIMUM_RUN:
            self.ended = "runs_on"

    def _cut(self, cut: Cut) -> None:
        self._cuts[cut] += 1
        if cut is Cut.UNSPEAKABLE:
            return
        self.trouble.counters[f"sentences_{cut}"] += 1
        if self._cuts[cut] >= MAXIMUM_CUTS and cut is not Cut.MUSING:
            self.ended = _ENDS.get(cut, cut.value)

    def _released(self, judged: Iterable[Judged]) -> Iterator[Line]:
        """What the gate gives back, in order: one of the waiting sentences, or some joined."""
        for one in judged:
            first, text, actions = None, "", list[Action]()
            while self._waiting and text != one.text:
                joined = f"{text} {self._waiting[0].text}".strip()
                if text and not one.text.startswith(joined):
                    break
                waiting = self._waiting.popleft()
                first, text = first or waiting, joined
                actions += waiting.actions
            yield Line(one, first.mood if first else self.mood, tuple(actions))


#: A piece that ends at a mark of any kind.
_CLOSED = re.compile(r"[.!?…。！？,;:—–、，；~♪][\"'”’»)\]*_]*$")
_ENDED = re.compile(r"[.!?…。！？][\"'”’»)\]*_]*$")
#: The rules of sentences that must not be said; what she does with them is not done either.
_REFUSED = {Cut.TABOO: "taboo.{}", Cut.INSTRUCTIONS: "leaked_instructions.sentence"}
_ENDS = {Cut.REPEATED: "repeats_itself", Cut.SAID_LAST_TIME: "repeats_itself"}
