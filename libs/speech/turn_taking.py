"""How much silence ends a turn. Rules without a clock: what is known of a pause is an argument.

People answer each other after about 200 ms (Levinson & Torreira 2015), because the words tell them
that the other is done. A pause to think is often longer than a second. So the words decide where
they are known, and the silence alone where they are not.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, Protocol

from libs.speech.unfinished_words import ABBREVIATIONS, FILLERS, OPEN_PHRASES, open_words

Verdict = Literal["complete", "unfinished"]

#: From here on the words may be asked for: few pauses inside a sentence are shorter.
SPECULATE_AFTER_SECONDS = 0.22
#: What a turn model calls complete ends after so much silence.
MODEL_COMPLETE_SECONDS = 0.2
#: Words that end like a sentence need less silence than words that may go on; never less than this.
SHORTEST_SECONDS = 0.3
SENTENCE_SHARE = 0.6
QUESTION_SHARE = 0.5
#: After a comma, or where a list or number goes on, it is this far from usual to longest.
COMMA_SHARE = 0.6
#: Only the end of a text tells: more of a hostile one is not looked at.
LOOKED_AT_CHARACTERS = 400

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_CLOSING = "\"'”’»)]} \t\n"
_ELLIPSIS = re.compile(r"(\.{2,}|…)$")


@dataclass(frozen=True)
class Pause:
    """What is known while it is silent. `text` None: no words are known. `words_pending`: they are
    being made out right now; no turn can begin without them anyhow."""

    text: str | None = None
    language: str = ""
    words_pending: bool = False
    verdict: Verdict | None = None


class EndOfTurn(Protocol):
    """A strategy."""

    @property
    def name(self) -> str: ...

    def silence_seconds(self, pause: Pause) -> float:
        """How much silence ends the turn, going by what is known now."""
        ...


@dataclass(frozen=True)
class FixedSilence:
    """The silence alone."""

    usual_seconds: float
    name: str = "fixed"

    def silence_seconds(self, pause: Pause) -> float:
        return self.usual_seconds


@dataclass(frozen=True)
class TextAware:
    """The words decide; without words it is the usual silence.

    While words are pending it waits for them, at most to the longest: the turn could not begin
    without them, so nothing is lost, and they may say that more is to come.
    """

    usual_seconds: float
    longest_seconds: float
    name: str = "text"

    def silence_seconds(self, pause: Pause) -> float:
        longest = max(self.usual_seconds, self.longest_seconds)
        if pause.text is None:
            return longest if pause.words_pending else self.usual_seconds
        match ending_of(pause.text, pause.language):
            case "question":
                return self._shorter(QUESTION_SHARE)
            case "sentence":
                return self._shorter(SENTENCE_SHARE)
            case "comma":
                return self.usual_seconds + (longest - self.usual_seconds) * COMMA_SHARE
            case "unfinished":
                return longest
            case _:
                return self.usual_seconds

    def _shorter(self, share: float) -> float:
        return min(self.usual_seconds, max(SHORTEST_SECONDS, self.usual_seconds * share))


@dataclass(frozen=True)
class TurnModel:
    """A model that listens to how it was said; without its verdict, `otherwise` decides."""

    longest_seconds: float
    otherwise: EndOfTurn
    name: str = "smart"

    def silence_seconds(self, pause: Pause) -> float:
        if pause.verdict == "complete":
            return MODEL_COMPLETE_SECONDS
        if pause.verdict == "unfinished":
            return self.longest_seconds
        return self.otherwise.silence_seconds(pause)


Ending = Literal["sentence", "question", "comma", "unfinished", "open"]


def ending_of(text: str, language: str = "") -> Ending:
    """How the words end. `open`: nothing tells. The last word counts for more than a full stop,
    for recognisers put one behind everything."""
    text = unicodedata.normalize("NFC", text[-LOOKED_AT_CHARACTERS:]).strip()
    if not text:
        return "open"
    bare = text.rstrip(_CLOSING)
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(bare)]
    if _ELLIPSIS.search(bare) or bare.endswith(("-", "–", "—", ":", "، ")) or _is_open(text):
        return "unfinished"
    if bare.endswith(("?", "？", "؟")):
        return "question"
    if words and _goes_on(words, bare, open_words(language)):
        return "unfinished"
    if bare.endswith((".", "!", "。", "！", "｡")):
        return "sentence"
    if bare.endswith((",", ";", "、", "，", "،")):
        return "comma"
    return "open"


def _goes_on(words: list[str], bare: str, more_to_come: frozenset[str]) -> bool:
    if words[-1] in FILLERS or words[-1] in more_to_come:
        return True
    if bare.endswith(".") and words[-1] in ABBREVIATIONS:
        return True
    return any(" ".join(words[-length:]) in OPEN_PHRASES for length in (2, 3))


def _is_open(text: str) -> bool:
    """A bracket or quotation that was not closed."""
    return text.count("(") > text.count(")") or text.count("«") > text.count("»")
