"""Who may order a panic by saying or writing so, and in which words. Nobody can end one so."""

import re
import unicodedata

from libs.contracts.people import Role

#: Written in chat, alone or followed by a reason.
CHAT_COMMAND = "!panic"
#: From anybody else the command is an ordinary line.
CHAT_ROLES = frozenset({Role.OPERATOR, Role.BROADCASTER, Role.MODERATOR})

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


def ordered_in_chat(role: Role, text: str) -> str | None:
    """The reason (perhaps empty) when this line orders a panic; None when it is an ordinary one."""
    command, _, reason = text.strip().partition(" ")
    if role not in CHAT_ROLES or command.casefold() != CHAT_COMMAND:
        return None
    return reason.strip()


def _words(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
