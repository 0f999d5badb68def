"""What may be said, and in which language: hints for the recogniser."""

from apps.asr_worker.engines.base import Hints
from libs.contracts.listening import WordsExpected

#: More names would crowd out what was really said.
MAXIMUM_WORDS = 60
WORD_CHARACTERS = 40


class ExpectedWords:
    """`language_setting` (ASR_LANGUAGE) is stronger than the persona's; `auto` is found out."""

    def __init__(self, language_setting: str) -> None:
        self._setting = language_setting
        self.her_names: tuple[str, ...] = ()
        self._hints = Hints(language="" if language_setting == "auto" else language_setting)

    def take(self, expected: WordsExpected) -> None:
        """Names come from viewers too: what is no word is left out."""
        self.her_names = tuple(filter(None, map(_plain, expected.her_names)))
        words = dict.fromkeys((*self.her_names, *map(_plain, expected.words)))
        language = self._setting or expected.language
        self._hints = Hints(
            language="" if language == "auto" else language,
            words=tuple(word for word in words if word)[:MAXIMUM_WORDS],
        )

    @property
    def hints(self) -> Hints:
        return self._hints


def _plain(word: str) -> str:
    """Letters, digits and single spaces; empty: it is none."""
    kept = "".join(sign if sign.isalnum() or sign in " '’-_." else " " for sign in word)
    return " ".join(kept.split())[:WORD_CHARACTERS]
