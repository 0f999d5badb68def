"""Whether a chat line is a command. Pure; when in doubt it is none, and is not carried out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from libs.safety import clean_chat
from libs.safety.normalise import fold

#: What `ChatCommandIssued` takes.
LONGEST_ARGUMENTS = 500

#: What people put behind a command in a hurry.
_TRAILING = "!?.,;:…"
_NAME = re.compile(r"[a-z0-9_]{1,32}")
#: `!2` is a vote in a poll, not a command.
_VOTE = re.compile(r"[1-9][)\].!]?")
_NOT_A_LETTER = re.compile(r"[\W_]+")


class LineKind(StrEnum):
    LINE = "line"
    """An ordinary line."""
    COMMAND = "command"
    UNKNOWN = "unknown"
    """Meant for another bot."""
    DOUBTFUL = "doubtful"
    """Made to look like a command, or a command where none may stand: nobody reads it."""


@dataclass(frozen=True)
class Reading:
    kind: LineKind
    command: str = ""
    arguments: str = ""


_LINE = Reading(LineKind.LINE)
_UNKNOWN = Reading(LineKind.UNKNOWN)
_DOUBTFUL = Reading(LineKind.DOUBTFUL)


class CommandReader:
    """Reads lines by one prefix and the commands' names.

    Promises: only a line that begins, as everybody sees it, with the prefix and at once the name in
    plain ASCII letters is a command; never one that answers somebody; look-alikes (full width,
    other scripts, a doubled prefix, a space behind it) are told apart from ordinary lines, so that
    they reach neither the show's controls nor a model.
    """

    def __init__(self, prefix: str, names: Mapping[str, str]) -> None:
        """`names`: the command by each name and alias."""
        self._prefix = prefix
        self._names = dict(names)
        self._folded_prefix = fold(prefix)

    def read(self, text: str, is_reply: bool = False) -> Reading:
        """`text` may be raw: what nobody can see in it does not count."""
        text = clean_chat(text)
        if not text.startswith(self._prefix):
            return _DOUBTFUL if self._looks_like_one(text) else _LINE
        rest = text[len(self._prefix) :]
        if _VOTE.fullmatch(rest):
            return _LINE
        word, _, arguments = rest.partition(" ")
        name = word.rstrip(_TRAILING).lower() if word.isascii() else ""
        command = self._names.get(name) if _NAME.fullmatch(name) else None
        joined = command is None and name == "forgetme"
        if joined:
            command, arguments = "forget", f"me {arguments}".strip()
        if command is None:
            return self._of_no_command(text, word)
        return _DOUBTFUL if is_reply else self._with_arguments(command, arguments)

    def _with_arguments(self, command: str, arguments: str) -> Reading:
        arguments = arguments.strip()[:LONGEST_ARGUMENTS]
        if command == "forget":
            if arguments.casefold().rstrip(_TRAILING) != "me":
                return _DOUBTFUL  # nobody can have another one forgotten
            arguments = "me"
        return Reading(LineKind.COMMAND, command, arguments)

    def _of_no_command(self, text: str, word: str) -> Reading:
        """It begins with the prefix: a look-alike, another bot's command, or just a sign."""
        if self._looks_like_one(text):
            return _DOUBTFUL
        return _UNKNOWN if word[:1].isalnum() else _LINE

    def _looks_like_one(self, text: str) -> bool:
        """Whether a reader would take its beginning for the prefix and a command's name."""
        if text[:1].isalnum():
            return False
        beginning = fold(text[:64])
        signs = _NOT_A_LETTER.match(beginning)
        if signs is None or self._folded_prefix not in signs.group():
            return False
        words = _NOT_A_LETTER.split(beginning[signs.end() :], maxsplit=2)
        return words[0] in self._names or words[0] == "forgetme"
