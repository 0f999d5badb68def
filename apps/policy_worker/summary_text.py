"""The text of a summary out of what a language model wrote."""

from collections.abc import Collection, Iterable

from apps.policy_worker.engines.errors import OtherLanguage, ReplyEmpty
from apps.policy_worker.reply_parser import (
    Part,
    ReplyParser,
    SpeechBegan,
    SpeechText,
    ThoughtEnded,
)
from libs.safety import clean_chat
from libs.speech.language import is_foreign
from libs.speech.sentences import SentenceCutter

#: Of what a model writes, so many times the wanted length is read, thoughts and tags included.
READ_FACTOR = 8


class SummaryText:
    """Takes what a model writes in pieces. Thoughts, tags and code are left out, sentences that
    come again too, and what does not fit any more."""

    def __init__(self, maximum_characters: int, languages: Collection[str]) -> None:
        self._maximum = maximum_characters
        self._languages = languages
        self._parser = ReplyParser()
        self._read = 0
        self._begin()

    def _begin(self) -> None:
        self._cutter = SentenceCutter(self._maximum, self._maximum)
        self._sentences: dict[str, None] = {}

    def feed(self, text: str) -> None:
        self._read += len(text)
        self._take(self._parser.feed(text))

    @property
    def full(self) -> bool:
        """Whether the rest is not wanted."""
        return (
            len(" ".join(self._sentences)) >= self._maximum
            or self._read > self._maximum * READ_FACTOR
        )

    def finish(self, whole: bool) -> str:
        """The summary: the sentences that fit. `whole`: the model came to its end, so that its last
        sentence is one. Raises `ReplyEmpty`, or `OtherLanguage` when a sentence is in none of the
        languages."""
        self._take(self._parser.finish())
        if whole:
            self._keep(self._cutter.finish())
        if any(is_foreign(sentence, self._languages) for sentence in self._sentences):
            raise OtherLanguage("in another language")
        kept: list[str] = []
        for sentence in self._sentences:
            if len(" ".join([*kept, sentence])) > self._maximum:
                break
            kept.append(sentence)
        if not kept:
            raise ReplyEmpty("no whole sentence that fits")
        return " ".join(kept)

    def _take(self, parts: Iterable[Part]) -> None:
        for part in parts:
            if isinstance(part, SpeechText):
                self._keep(self._cutter.feed(part.text))
            elif isinstance(part, SpeechBegan | ThoughtEnded):
                self._begin()  # what came before was no part of the summary

    def _keep(self, sentences: list[str]) -> None:
        for sentence in sentences:
            if clean := clean_chat(sentence, self._maximum):
                self._sentences.setdefault(clean)
