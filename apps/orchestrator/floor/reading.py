"""What a line says of itself: its words, whether it asks, whom it is for, what looks like spam."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from apps.orchestrator.floor.rules import FloorRules
from libs.safety.invisible import without_invisible

#: No more of a line is looked at.
LOOKED_AT = 500
#: So many words of a line are compared.
COMPARED_WORDS = 40
#: Lines with as many words or fewer are greetings and cheers, where they do not ask.
GREETING_WORDS = 3

_WORD = re.compile(r"@?\w+(?:['’-]\w+)*")
_LINK = re.compile(
    r"https?://|www\.|\b[\w-]+\.(?:com|net|org|gg|tv|ru|xyz|ly|shop|link|live|cc|biz|info)(?:/|\b)"
)
_RUN = re.compile(r"(\S)\1{9,}")
_SYMBOL = re.compile(r"[^\w\s]")
_STRETCHED = re.compile(r"(\w)\1{2,}")
#: Scripts that write without spaces (https://www.unicode.org/reports/tr24/): kana, Han, Hangul.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_PICTURES = re.compile("[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")
_CAPS_LETTERS, _CAPS_SHARE = 12, 0.8
_FEW_WORDS, _MANY_WORDS = 0.35, 6
_LETTERLESS, _LETTERLESS_FROM = 0.3, 20

_NOBODY: frozenset[str] = frozenset()

#: Words that do not change what a line is about.
_EMPTY = frozenset(
    {"a", "an", "the", "is", "are", "am", "to", "of", "so", "pls", "please", "and", "oh", "hey"}
    | {"um", "u", "r", "you", "your", "do", "does", "did", "can", "could", "would", "will"}
    | {"what", "whats", "what's", "which", "how", "this", "that", "it", "ever"}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """`key`: what it is about; empty only for a line without words. `numbers` are part of it."""

    folded: str
    words: tuple[str, ...]
    key: frozenset[str]
    numbers: frozenset[str]
    asks: bool
    named: frozenset[str]
    """Whom it is written to (@name), without the @."""
    for_her: bool
    spam: tuple[tuple[str, float], ...]

    @property
    def is_greeting(self) -> bool:
        return not self.asks and len(self.words) <= GREETING_WORDS


def fold(text: str) -> str:
    """Letters as they are compared: no invisible ones, no widths, no case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", without_invisible(text)).casefold()


def read(text: str, her_names: frozenset[str], rules: FloorRules) -> Reading:
    """`her_names` are folded."""
    text = text[:LOOKED_AT]
    folded = fold(text)
    found = _WORD.findall(folded)
    named = frozenset([word[1:] for word in found if word[0] == "@"]) if "@" in folded else _NOBODY
    words = tuple([word.lstrip("@") for word in found] if named else found)
    for_her = not her_names.isdisjoint(words)
    about = frozenset(words[:COMPARED_WORDS])
    if _STRETCHED.search(folded):
        about = frozenset([_STRETCHED.sub(r"\1", word) for word in about])
    about -= her_names
    key = (about - _EMPTY) or about or frozenset(words) or frozenset({folded.strip()[:64]})
    if not folded.isascii() and _UNSPACED.search(folded):
        key = _pairs(folded, her_names)
    return Reading(
        folded=folded,
        words=words,
        key=key,
        numbers=frozenset([word for word in key if word.isdigit()]),
        asks=bool(words) and _asks(folded, words, her_names, rules),
        named=named,
        for_her=for_her,
        spam=_signs(text, folded, words, rules),
    )


def alike(one: Reading, other: Reading) -> float:
    """How much two lines are about the same, 0..1. Different numbers are never the same."""
    if one.key.isdisjoint(other.key) or one.numbers != other.numbers:
        return 0.0
    if one.key == other.key:
        return 1.0
    shared = len(one.key & other.key)
    return shared / (len(one.key) + len(other.key) - shared)


def are_the_same(one: Reading, other: Reading) -> bool:
    """Short lines must have the very same words; of longer ones, most. A question is not the same
    as what answers it."""
    if one.asks != other.asks or one.key.isdisjoint(other.key):
        return False
    likeness = alike(one, other)
    return likeness == 1.0 or (likeness >= 0.7 and min(len(one.key), len(other.key)) >= 3)


def _pairs(folded: str, her_names: frozenset[str]) -> frozenset[str]:
    """Pairs of neighbouring characters, where there are no spaces between words."""
    for name in her_names:
        folded = folded.replace(name, "")
    letters = [letter for letter in folded if letter.isalnum()][: 2 * COMPARED_WORDS]
    pairs = {a + b for a, b in pairwise(letters)}
    return frozenset(pairs or letters or {folded.strip()[:64]})


def _asks(
    folded: str, words: tuple[str, ...], her_names: frozenset[str], rules: FloorRules
) -> bool:
    if "?" in folded or any(sign in folded for sign in rules.question_signs):
        return True
    first = next((word for word in words if word not in her_names), "")
    return first in rules.question_word_set and len(words) > 1


def _signs(
    text: str, folded: str, words: tuple[str, ...], rules: FloorRules
) -> tuple[tuple[str, float], ...]:
    """What looks like spam in this line alone."""
    spam = rules.spam
    found: list[tuple[str, float]] = []
    if "." in folded or "://" in folded:
        found += [("link", spam.link)] if _LINK.search(folded) else []
    if not text.isascii() and len(_PICTURES.findall(text)) >= spam.emoji_from:
        found.append(("emoji", spam.emoji))
    if _RUN.search(folded) or _has_hardly_a_letter(folded):
        found.append(("flood", spam.flood))
    if len(text) >= _CAPS_LETTERS and text != folded and _is_shouted(text):
        found.append(("caps", spam.caps))
    if len(words) >= _MANY_WORDS and len(set(words)) <= _FEW_WORDS * len(words):
        found.append(("words", spam.words))
    return tuple(found)


def _is_shouted(text: str) -> bool:
    """Scripts without capitals never are."""
    if sum(map(str.isupper, text)) < _CAPS_LETTERS * _CAPS_SHARE:
        return False
    letters = [letter for letter in text if letter.isalpha()]
    shouted = sum(map(str.isupper, letters))
    return len(letters) >= _CAPS_LETTERS and shouted >= _CAPS_SHARE * len(letters)


def _has_hardly_a_letter(folded: str) -> bool:
    if len(folded) < _LETTERLESS_FROM:
        return False
    return len(_SYMBOL.findall(folded)) > (1 - _LETTERLESS) * len(folded)
