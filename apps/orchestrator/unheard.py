"""What nobody heard of an utterance that was cut. Pure rules."""

import re

from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome

#: More of it is not kept: it says what she was about to say, not all of it.
UNHEARD_CHARACTERS = 1_000

_WORD = re.compile(r"\S+")
_ENDS = " ,.;:!?…。、—–-"
_SIGNS = re.compile(r"[\W_]+")


def unheard_of(event: PlaybackFinished) -> str:
    """The rest of an utterance that did not come to its end; "" of one that did."""
    if event.outcome is PlaybackOutcome.COMPLETED:
        return ""
    return rest_of(event.full_text, event.heard_text)[:UNHEARD_CHARACTERS]


def rest_of(full: str, heard: str) -> str:
    """What comes in `full` after `heard`, its beginning; spaces and signs need not be the same."""
    if full.startswith(heard):
        return _from_a_word(full[len(heard) :])
    heard_words, end = _words(heard), 0
    for number, (word, at) in enumerate(_places(full)):
        if number >= len(heard_words) or word != heard_words[number]:
            break
        end = at
    return _from_a_word(full[end:])


def _from_a_word(text: str) -> str:
    """Without the signs that belong to what was heard."""
    return text.strip().lstrip(_ENDS)


def _words(text: str) -> list[str]:
    return [word for word, _ in _places(text)]


def _places(text: str) -> list[tuple[str, int]]:
    """The words without case and signs, and where each of them ends."""
    found = ((_SIGNS.sub("", one.group()).casefold(), one.end()) for one in _WORD.finditer(text))
    return [(word, end) for word, end in found if word]
