"""Who is meant: the talk key, and her name in what was said."""

import re
import unicodedata
from collections.abc import Iterable

from libs.contracts.listening import ListeningMode

#: The last syllable is often said while the key goes up already.
KEY_GRACE_SECONDS = 0.3
#: So long after she has spoken to him, he needs not say her name.
ATTENTION_SECONDS = 20.0

#: Of a text that is longer, this much of its beginning and of its end is looked at.
LOOKED_AT_WORDS = 60
LONGEST_WORD = 40
#: A name may come out as so many words ("kit sue").
WORDS_OF_A_NAME = 3
#: A shorter name must be there letter for letter.
FUZZY_FROM_LETTERS = 4

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*", re.UNICODE)
_CYRILLIC = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
        "и": "i", "й": "i", "і": "i", "ї": "i", "є": "e", "к": "k", "л": "l", "м": "m", "н": "n",
        "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "ts",
        "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "u", "я": "a",
    }
)  # fmt: skip
#: Spellings of one sound, tried in this order.
_SPELLINGS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("qu", "k"), ("q", "k"), ("ck", "k"), ("ph", "f"), ("c(?=[eiy])", "s"), ("c(?!h)", "k"),
        ("tz|zz", "ts"), ("oo|ou|ue|ew|eu|ui", "u"), ("ee|ea|ie|ey|y", "i"), ("ai|ay|ei", "e"),
        ("oa|ow", "o"), ("h(?![aeiou])", ""), ("x", "ks"), (r"(.)\1+", r"\1"),
    )
)  # fmt: skip
_VOWELS = frozenset("aeiou")
#: Pairs that a recogniser confuses.
_ALIKE = frozenset(
    frozenset(pair) for pair in ("td", "sz", "kg", "pb", "fv", "mn", "iy", "vw", "jy", "lr")
)


class TalkKey:
    """Promises: a press ends by itself when it is not renewed; what is said until shortly after it
    ended counts."""

    def __init__(self) -> None:
        self._held = False
        self._began_at = self._until = 0.0
        self._ended_at = float("-inf")

    def hold(self, held: bool, at_most_seconds: float, now: float) -> None:
        """The order of a page or key; a hold is renewed while it lasts."""
        if held and at_most_seconds > 0:
            self._began_at = self._began_at if self.held(now) else now
            self._held, self._until = True, now + at_most_seconds
        elif self.held(now):
            self._held, self._ended_at = False, now

    def held(self, now: float) -> bool:
        if self._held and now >= self._until:
            self._held, self._ended_at = False, self._until
        return self._held and now >= self._began_at

    def counts(self, now: float) -> bool:
        """Whether what is heard at this time is said into the key."""
        return self.held(now) or now < self._ended_at + KEY_GRACE_SECONDS


class Attention:
    """Whether he may leave her name out."""

    def __init__(self) -> None:
        self._until = float("-inf")

    def she_spoke_to_him(self, now: float) -> None:
        self._until = max(self._until, now + ATTENTION_SECONDS)

    def holds(self, at: float) -> bool:
        return at < self._until


def addressed(
    mode: ListeningMode, text: str, her_names: Iterable[str], by_key: bool, attention: bool
) -> bool:
    """Whether this speech was meant for her. `by_key`: it was said into the talk key."""
    if mode is ListeningMode.OPEN or by_key:
        return True
    if mode is ListeningMode.PUSH_TO_TALK:
        return False
    return attention or names_her(text, her_names)


def names_her(text: str, her_names: Iterable[str]) -> bool:
    """Whether one of her names is in it, also in a spelling that a recogniser might give it."""
    words = _words(text)
    heard = {
        sound_of("".join(words[at : at + length]))
        for length in range(1, WORDS_OF_A_NAME + 1)
        for at in range(len(words) - length + 1)
    }
    return any(_is_among(name, heard, text) for name in her_names)


def sound_of(word: str) -> str:
    """A rough spelling by sound, in small Latin letters: `Quitsu` and `kit sue` become `kitsu`."""
    word = word.casefold().translate(_CYRILLIC)
    letters = unicodedata.normalize("NFKD", word)
    sound = "".join(letter for letter in letters if "a" <= letter <= "z")
    for pattern, spelling in _SPELLINGS:
        sound = pattern.sub(spelling, sound)
    return sound


def _words(text: str) -> list[str]:
    """Without possessive endings; the beginning and the end of a long text."""
    if len(text) > 2 * LOOKED_AT_WORDS * LONGEST_WORD:
        half = LOOKED_AT_WORDS * LONGEST_WORD
        text = f"{text[:half]} {text[-half:]}"
    found = [re.split("['’]s$", word)[0] for word in _WORD.findall(text)]
    found = [word for word in found if len(word) <= LONGEST_WORD]
    if len(found) > 2 * LOOKED_AT_WORDS:
        found = found[:LOOKED_AT_WORDS] + found[-LOOKED_AT_WORDS:]
    return found


def _is_among(name: str, heard: set[str], text: str) -> bool:
    sound = sound_of("".join(_words(name)))
    if not sound:  # letters without a Latin spelling: as it is written
        bare = "".join(name.split()).casefold()
        return bool(bare) and bare in "".join(text.split()).casefold()
    if len(sound) < FUZZY_FROM_LETTERS:
        return sound in heard
    most = 0.5 if len(sound) <= 5 else 1.0 if len(sound) <= 8 else 1.5
    return any(
        abs(len(one) - len(sound)) <= most and _distance(one, sound, most) <= most for one in heard
    )


def _distance(one: str, other: str, most: float) -> float:
    """Edits between two sounds; a vowel for a vowel, or a sound like it, is half an edit."""
    above = [float(column) for column in range(len(other) + 1)]
    for row, letter in enumerate(one, 1):
        line = [float(row)]
        for column, wanted in enumerate(other, 1):
            swap = above[column - 1] + _swap(letter, wanted)
            line.append(min(swap, above[column] + 1, line[-1] + 1))
        if min(line) > most:
            return most + 1
        above = line
    return above[-1]


def _swap(letter: str, wanted: str) -> float:
    if letter == wanted:
        return 0.0
    alike = {letter, wanted} <= _VOWELS or frozenset((letter, wanted)) in _ALIKE
    return 0.5 if alike else 1.0
