"""Whether what was understood is a turn for her."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.asr_worker.engines.base import Transcript
from apps.asr_worker.microphone import Microphone
from libs.contracts.listening import DismissReason, ListeningMode
from libs.speech.addressing import Attention, addressed

#: Of a transcript more is not passed on.
LONGEST_TEXT = 2_000
#: An order may have so many words around it ("hey, stop talking please") and is still only that.
WORDS_AROUND_AN_ORDER = 2

Invented = Callable[[str, float, float | None, float | None, float | None], bool]


@dataclass(frozen=True)
class Words:
    """All that was understood of one speech. `invented`: something was, and none of it is real."""

    text: str = ""
    engine: str = ""
    language: str | None = None
    confidence: float | None = None
    invented: bool = False


@dataclass(frozen=True)
class Circumstances:
    """How it was said. `keyword`: an order that was heard in it and carried out."""

    started_at: float
    by_key: bool
    keyword: str = ""


class Understanding:
    """Only who was meant, and whether it was said at all; not what is worth an answer."""

    def __init__(
        self,
        microphone: Microphone,
        attention: Attention,
        invented: Invented,
        her_names: Callable[[], Iterable[str]],
    ) -> None:
        self._microphone = microphone
        self._attention = attention
        self._invented = invented
        self._her_names = her_names

    def words_of(self, transcripts: list[Transcript], voiced_seconds: float) -> Words:
        """The pieces of one speech in one, without those that the recogniser made up."""
        spoken = [one for one in transcripts if has_words(one.text)]
        real = [one for one in spoken if not self._is_invented(one, voiced_seconds)]
        if not real:
            return Words(_joined(spoken), invented=bool(spoken))
        sure = [one.confidence for one in real if one.confidence is not None]
        last = real[-1]
        return Words(
            _joined(real), last.engine, last.language, min(sure) if sure else None, invented=False
        )

    def may_be_for_her(self, at: float) -> bool:
        """Whether a voice may be meant for her before any word of it is known."""
        return self._mode() is not ListeningMode.WAKE_NAME or self._attention.holds(at)

    def why_no_words(self, words: Words) -> DismissReason | None:
        if words.invented:
            return DismissReason.INVENTED
        return None if words.text else DismissReason.NO_WORDS

    def why_not_for_her(self, words: Words, how: Circumstances) -> DismissReason | None:
        if how.keyword and is_only_order(words.text, how.keyword):
            return DismissReason.KEYWORD
        attention = self._attention.holds(how.started_at)
        mode = self._mode()
        if addressed(mode, words.text, self._her_names(), how.by_key, attention):
            return None
        return DismissReason.NOT_ADDRESSED

    def _mode(self) -> ListeningMode:
        return self._microphone.mode

    def _is_invented(self, one: Transcript, voiced_seconds: float) -> bool:
        return self._invented(
            one.text,
            voiced_seconds,
            one.no_speech_probability,
            one.mean_log_probability,
            one.compression_ratio,
        )


def has_words(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def is_only_order(text: str, phrase: str) -> bool:
    """Whether there is little besides the order; it may be misspelt, for another ear heard it."""
    return len(text.split()) <= len(phrase.split()) + WORDS_AROUND_AN_ORDER


def _joined(transcripts: list[Transcript]) -> str:
    """White space made even, control characters out."""
    text = " ".join(one.text for one in transcripts)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:LONGEST_TEXT]
