"""In which words the host orders a panic by saying so. Nobody can end one so."""

import re
import unicodedata

#: Shorter phrases come up in ordinary talk.
SHORTEST_LETTERS = 4

#: A word; or one sign of a script that puts no spaces between words.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")


class PanicWords:
    """The host's spoken panic phrases: compared word by word, without case and punctuation.

    `listed` has commas between the phrases; empty: there are none. Raises `ValueError` for a phrase
    that is too short.
    """

    def __init__(self, listed: str) -> None:
        self._phrases: dict[str, str] = {}
        for phrase in filter(None, (part.strip() for part in listed.split(","))):
            spoken = _words(phrase)
            if len(spoken.replace(" ", "")) < SHORTEST_LETTERS:
                raise ValueError(f"each phrase must have {SHORTEST_LETTERS} letters at least")
            self._phrases[phrase] = spoken

    def heard_in(self, text: str) -> str | None:
        """The phrase that was said, as it is written in the settings."""
        said = f" {_words(text)} "
        return next((p for p, words in self._phrases.items() if f" {words} " in said), None)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
