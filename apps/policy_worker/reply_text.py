"""From the raw text of an engine to judged sentences with a mood: everything but sending them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from apps.policy_worker.progress import mood_of
from apps.policy_worker.reply_parser import (
    Action,
    MoodChange,
    Part,
    ReplyParser,
    SpeechBegan,
    SpeechText,
)
from libs.contracts.speaking import Mood
from libs.safety import Judged, StreamGate
from libs.speech.sentences import SentenceCutter
from libs.speech.spoken_text import SpokenText

#: A reply with more sentences is a model that does not stop.
MAXIMUM_SENTENCES = 12
#: So many repetitions of what was said already are a model in a loop.
MAXIMUM_REPETITIONS = 3

_LETTER = re.compile(r"\W+")
_MOOD_ACTION = re.compile(r"mood\s*[:=( ]\s*['\"]?([a-z]+)")


@dataclass(frozen=True)
class Line:
    judged: Judged
    mood: Mood


class ReplyText:
    """One attempt at a reply.

    Promises: only judged sentences come out, in order; none twice in one reply; when `ended` is
    set (a reason code) the rest of the reply is not wanted. A `verbatim` text may be long and
    repeat itself.
    """

    def __init__(
        self,
        gate: StreamGate,
        mood: Mood,
        already_said: tuple[str, ...] = (),
        verbatim: bool = False,
    ) -> None:
        self._verbatim = verbatim
        self._parser = ReplyParser()
        self._cutter = SentenceCutter()
        self._spoken = SpokenText()
        self._gate = gate
        self._said = {_key(text) for text in already_said}
        self._count = len(already_said)
        self._repetitions = 0
        self.mood = mood
        self.ended = ""
        self.speech = ""
        """What the last `feed` added to the speech, as it was written."""
        self.dropped: Counter[str] = Counter()

    def feed(self, raw: str) -> Iterator[Line]:
        """Each line is given before the next sentence is looked at: it can leave at once."""
        self.speech = ""
        for part in self._parser.feed(raw):
            yield from self._take(part)

    def finish(self) -> Iterator[Line]:
        """The end of a whole reply."""
        self.speech = ""
        for part in self._parser.finish():
            yield from self._take(part)
        yield from self._sentences(self._cutter.finish())
        if not self.ended:
            yield from [Line(judged, self.mood) for judged in self._gate.finish()]

    def _take(self, part: Part) -> Iterator[Line]:
        match part:
            case SpeechText(text):
                self.speech += text
                yield from self._sentences(self._cutter.feed(text))
            case SpeechBegan():
                yield from self._sentences(self._cutter.finish())
                self._spoken = SpokenText()
            case MoodChange(mood):
                self._set_mood(mood)
            case Action(raw):
                self._act(raw)

    def _set_mood(self, name: str) -> None:
        mood = mood_of(name)
        if mood is None:
            self.dropped["moods_unknown"] += 1
        else:
            self.mood = mood

    def _act(self, raw: str) -> None:
        """The only action so far is a mood; all else is counted and dropped."""
        match = _MOOD_ACTION.match(raw.lower())
        if match:
            self._set_mood(match.group(1))
        elif raw.lower() not in ("none", "-"):
            self.dropped["actions_dropped"] += 1

    def _sentences(self, sentences: list[str]) -> Iterator[Line]:
        for sentence in sentences:
            yield from self._sentence(sentence)

    def _sentence(self, sentence: str) -> list[Line]:
        spoken = self._spoken.of(sentence)
        if self.ended or not spoken:
            return []
        if _key(spoken) in self._said and not self._verbatim:
            self.dropped["sentences_repeated"] += 1
            self._repetitions += 1
            if self._repetitions >= MAXIMUM_REPETITIONS:
                self.ended = "repeats_itself"
            return []
        self._said.add(_key(spoken))
        self._count += 1
        lines = [Line(judged, self.mood) for judged in self._gate.feed(spoken)]
        if self._gate.ended:
            self.ended = "blocked_too_often"
        elif self._count >= MAXIMUM_SENTENCES and not self._verbatim:
            self.ended = "too_long"
        return lines


def _key(text: str) -> str:
    return _LETTER.sub(" ", text.casefold()).strip()
