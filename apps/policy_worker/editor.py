"""Which sentences of a reply she says: not twice, not in a strange language, not to herself."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from libs.safety import clean_chat
from libs.settings.personas import Persona
from libs.speech.language import is_foreign
from libs.speech.repetition import SaidBefore, words_of
from libs.speech.spoken_text import SpokenText


class Cut(StrEnum):
    """Why a sentence is not said. The values are names of counters."""

    UNSPEAKABLE = "unspeakable"
    """Only for eyes: emoji, code, stage directions."""
    REPEATED = "repeated"
    SAID_LAST_TIME = "said_last_time"
    OTHER_LANGUAGE = "other_language"
    TABOO = "taboo"
    INSTRUCTIONS = "leaked_instructions"
    """A piece of what she was told about herself."""
    ANNOUNCEMENT = "announcement"
    """"Here is the reply:": to whom it may concern, not to viewers."""
    MUSING = "musing"
    """A thought that the model did not mark as one."""


@dataclass(frozen=True)
class Edited:
    """What is left of a sentence to be said; empty with the reason why nothing is."""

    text: str
    cut: Cut | None = None
    topic: str = ""
    """The subject that is taboo."""


#: A shorter run of words of her instructions says nothing of them.
FEWEST_SECRET_WORDS = 5


_SPEAKER = re.compile(r"^\W{0,3}([\w .'-]{1,40}?)\s*(?:\*\*)?:(?:\*\*)?\s*(?=\S)")
_ASSISTANTS = frozenset(
    {"assistant", "ai", "bot", "model", "answer", "reply", "response", "speech"}
)
_ANNOUNCEMENT = re.compile(
    r"(?:here(?:'s| is| are| you go)|the (?:reply|response|answer)|my (?:reply|response|answer)"
    r"|aqui (?:está|vai)|segue|a resposta|minha resposta)\b.{0,80}:\s*$",
    re.IGNORECASE,
)
_MUSING = re.compile(
    r"\W*(?:(?:okay|ok|alright|all right|hmm+|well|so|first|now|right)\b[,.!]?\s*){0,3}"
    r"(?:(?:the|this) (?:user|viewer|streamer|chatter|prompt)\b"
    r".{0,40}?\b(?:is|was|wants?|asks?|asked|said|says|wrote|seems|just|has|might)\b"
    r"|(?:i|we) (?:need|have|should|must|ought) to (?:respond|answer|reply|keep|stay|follow|use"
    r"|output|write|provide|give|make sure|consider|figure|craft|come up)\b"
    r"|let me (?:think|plan|figure out|break|craft|consider|write|draft|start by)\b"
    r"|o (?:usuário|espectador) (?:quer|perguntou|disse|está|escreveu)\b)",
    re.IGNORECASE,
)


class Editor:
    """Looks at the sentences of one attempt at a reply, in order.

    No whole sentence of `secret`, her instructions, is said. `said` are the sentences of this reply
    that were sent already, `last_lines` what she said in the turns before. With `verbatim` nothing
    is cut but what cannot be spoken.
    """

    def __init__(
        self,
        persona: Persona,
        secret: str = "",
        said: Iterable[str] = (),
        last_lines: Iterable[str] = (),
        verbatim: bool = False,
    ) -> None:
        self._verbatim = verbatim
        self._languages: Collection[str] = (persona.language, *persona.also_speaks)
        self._names = {persona.name.lower(), *_ASSISTANTS}
        self._taboo = [(topic, _words_pattern(words)) for topic, words in persona.taboo.items()]
        self._secret = _words_in_line(secret)
        self._said = SaidBefore(said)
        self._before = SaidBefore(last_lines)
        self._spoken = SpokenText()
        self._foreign = False
        self._reading_out = False
        self.musing = False
        """Whether untagged text is taken for a thought."""
        self._first = True

    def speech_began(self) -> None:
        """A speech tag was opened: from here on it is meant to be said."""
        self._spoken = SpokenText()
        self.musing = False
        self._first = True

    def thought_ended(self) -> None:
        self.musing = False

    def of(self, sentence: str, tagged: bool) -> Edited:
        """`tagged`: it stands in a speech tag."""
        if self._verbatim:
            spoken = self._spoken.of(sentence)
            return Edited(spoken, None if spoken else Cut.UNSPEAKABLE)
        if not tagged and (cut := self._to_whom(sentence)) is not None:
            return Edited("", cut)
        spoken = self._spoken.of(self._without_speaker(sentence))
        if not spoken:
            return Edited("", Cut.UNSPEAKABLE)
        cut, topic = self._reason(spoken)
        if cut is not None:
            return Edited("", cut, topic)
        self._said.add(spoken)
        self._first = False
        return Edited(spoken)

    def _to_whom(self, sentence: str) -> Cut | None:
        if self.musing or (self._first and _MUSING.match(sentence)):
            self.musing = True
            return Cut.MUSING
        return Cut.ANNOUNCEMENT if _ANNOUNCEMENT.search(sentence) else None

    def _without_speaker(self, sentence: str) -> str:
        """Without the name of who speaks, as in a play."""
        found = _SPEAKER.match(sentence) if self._first else None
        if found and found.group(1).strip().lower() in self._names:
            return sentence[found.end() :]
        return sentence

    def _reason(self, spoken: str) -> tuple[Cut | None, str]:
        if self._is_foreign(spoken):
            return Cut.OTHER_LANGUAGE, ""
        if self._said.exactly(spoken):
            return Cut.REPEATED, ""
        if self._before.nearly(spoken):
            return Cut.SAID_LAST_TIME, ""
        if self._is_secret(spoken):
            return Cut.INSTRUCTIONS, ""
        plain = clean_chat(spoken)
        for topic, pattern in self._taboo:
            if pattern.search(plain):
                return Cut.TABOO, topic
        return None, ""

    def _is_secret(self, spoken: str) -> bool:
        """Once she reads it out, shorter scraps of it count too."""
        words = words_of(spoken)
        enough = len(words) >= (2 if self._reading_out else FEWEST_SECRET_WORDS)
        self._reading_out = enough and f" {' '.join(words)} " in self._secret
        return self._reading_out

    def _is_foreign(self, spoken: str) -> bool:
        """A sentence that is too short to tell goes with the one before it."""
        found = is_foreign(spoken, self._languages)
        self._foreign = self._foreign if found is None else found
        return self._foreign


@lru_cache(maxsize=500)
def _words_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(r"\s+".join(map(re.escape, word.split())) for word in words)
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)" if listed else r"(?!)", re.IGNORECASE)


@lru_cache(maxsize=50)
def _words_in_line(text: str) -> str:
    return f" {' '.join(words_of(text))} "
