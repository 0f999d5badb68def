"""Phrases: what is meant badly although each of its words is an ordinary one.

A phrase is a line of elements with spaces between them, read word by word:

    kill|hang yourself|urself    one of these words, then one of those
    {threat} you                 any word of the file's class `threat`
    ?just go                     the first may be missing
    send .. address              up to three words between them; `..6`: up to six
    suicid*                      words that begin so; `*phobe`: that end so
    shut_up                      two words that are one alternative
    you !re|are die              the next word is none of these
    ^system                      at the beginning of the text; `$` is its end

In the script `joined` (Japanese, Chinese, Korean, Thai) there are no words: elements follow each
other directly, and `..` stands for up to eight characters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from libs.safety.normalise import fold, native

Script = Literal["latin", "native", "joined"]

#: A gap without a number.
GAP_WORDS = 3
#: A longer gap would join what has nothing to do with each other.
MAXIMUM_GAP_WORDS = 8
JOINED_GAP_CHARACTERS = 8
#: Letters by which a word with a star is looked up.
PREFIX = 3

#: Neighbours may be parted by one; a gap does not reach over it.
_FULL_STOP = r"(?:\. )?"

_GAP = re.compile(r"\.\.(\d?)")
_WORD = re.compile(r"\*?[^\W_]['’\w]*\*?")
_CLASS = re.compile(r"\{([a-z_]+)\}")

Classes = Mapping[str, tuple[str, ...]]


class PhraseError(ValueError):
    """A phrase cannot be read; says which element and why."""


@dataclass(frozen=True)
class Phrase:
    """One phrase that was read. `anchors` are words of which a text has one if it has the phrase;
    `beginnings` the same for words with a star; `words` are all that stand in it."""

    rule: int
    pattern: str
    anchors: frozenset[str] = frozenset()
    beginnings: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled when it is needed first: most never are."""
        return re.compile(self.pattern)


@dataclass(frozen=True)
class _Element:
    alternatives: tuple[str, ...]

    @property
    def rarity(self) -> float:
        """How much it narrows the search: few long words do."""
        if not self.alternatives or any(a.startswith("*") for a in self.alternatives):
            return 0.0
        shortest = min(len(a.split(" ")[0].rstrip("*")) for a in self.alternatives)
        return shortest + 10 / len(self.alternatives)


def compile_phrase(rule: int, text: str, script: Script, classes: Classes) -> Phrase:
    """Raises `PhraseError`."""
    if script == "joined":
        return _compile_joined(rule, text, classes)
    read = _Reader(script, classes)
    for element in text.split():
        read.element(element)
    if not read.required:
        raise PhraseError(f"'{text}' has no word that must be there")
    anchor = max(read.required, key=lambda element: element.rarity)
    firsts = [alternative.split(" ")[0] for alternative in anchor.alternatives]
    return Phrase(
        rule,
        r"(?<= )" + "".join(read.pattern),
        frozenset(word for word in firsts if "*" not in word),
        frozenset(word[:PREFIX] for word in firsts if word.endswith("*")),
        frozenset(word for word in read.words if "*" not in word),
    )


class _Reader:
    """Collects the pattern of one phrase."""

    def __init__(self, script: Script, classes: Classes) -> None:
        self._script: Script = script
        self._classes = classes
        self.pattern: list[str] = []
        self._between = ""
        self.required: list[_Element] = []
        self.words: set[str] = set()

    def element(self, text: str) -> None:
        if text.startswith("^"):
            self.pattern.append(r"(?<=\A )")
            text = text[1:]
        if text == "$":
            self.pattern.append(r"(?:\. )*\Z")
            return
        if gap := _GAP.fullmatch(text):
            self._gap(int(gap.group(1) or GAP_WORDS))
            return
        sign, text = (text[0], text[1:]) if text[:1] in "?!" else ("", text)
        alternatives = self._alternatives(text)
        either = "|".join(map(_word_pattern, alternatives))
        if sign == "!":
            self.pattern.append(f"(?!{self._between}(?:{either}) )")
            return
        self.words.update(word for alternative in alternatives for word in alternative.split(" "))
        self.pattern.append(f"(?:{self._between}(?:{either}) )" + sign)
        self._between = _FULL_STOP
        if not sign:
            self.required.append(_Element(alternatives))

    def _gap(self, words: int) -> None:
        if words > MAXIMUM_GAP_WORDS:
            raise PhraseError(f"a gap is at most {MAXIMUM_GAP_WORDS} words")
        self.pattern.append(f"(?:[^ .]+ ){{0,{words}}}")
        self._between = ""

    def _alternatives(self, text: str) -> tuple[str, ...]:
        found: list[str] = []
        for part in text.split("|"):
            if part.startswith("{"):
                found += self._class(part)
            elif part.isalpha() or _WORD.fullmatch(part):
                found.append(self._written(part))
            else:
                raise PhraseError(f"'{part}' is neither a word nor a {{class}}")
        return tuple(dict.fromkeys(found))

    def _class(self, part: str) -> list[str]:
        named = _CLASS.fullmatch(part)
        if named is None or named.group(1) not in self._classes:
            raise PhraseError(f"there is no class '{part[1:-1]}'")
        return [self._written(word) for word in self._classes[named.group(1)]]

    def _written(self, word: str) -> str:
        return _written(word, self._script)


@lru_cache(maxsize=65_536)
def _written(word: str, script: Script) -> str:
    """A word as it stands in a text of this script that was made into words."""
    if not word.isascii():
        word = fold(word) if script == "latin" else native(word)
    return " ".join(word.lower().replace("'", "").replace("’", "").replace("_", " ").split())


@lru_cache(maxsize=65_536)
def _word_pattern(alternative: str) -> str:
    words = [
        re.escape(word.strip("*")).join(
            ("[^ ]*" if word.startswith("*") else "", "[^ ]*" if word.endswith("*") else "")
        )
        for word in alternative.split(" ")
    ]
    return " ".join(words)


def _compile_joined(rule: int, text: str, classes: Classes) -> Phrase:
    pattern: list[str] = []
    for element in text.split():
        if _GAP.fullmatch(element):
            pattern.append(f".{{0,{JOINED_GAP_CHARACTERS}}}")
            continue
        sign, element = (element[0], element[1:]) if element[:1] in "?!" else ("", element)
        parts: list[str] = []
        for part in element.split("|"):
            named = _CLASS.fullmatch(part)
            if named and named.group(1) not in classes:
                raise PhraseError(f"there is no class '{named.group(1)}'")
            parts += classes[named.group(1)] if named else [part]
        either = "|".join(re.escape(native(part)) for part in parts)
        pattern.append(f"(?!{either})" if sign == "!" else f"(?:{either}){sign}")
    return Phrase(rule, "".join(pattern))


class PhraseFinder:
    """Finds phrases in a text given as words. Only phrases one of whose anchors is there are tried,
    so that thousands of phrases cost little."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_word: dict[str, list[Phrase]] = {}
        self._by_beginning: dict[str, list[Phrase]] = {}
        self._always: list[Phrase] = []
        for phrase in phrases:
            if not phrase.anchors and not phrase.beginnings:
                self._always.append(phrase)
            for word in phrase.anchors:
                self._by_word.setdefault(word, []).append(phrase)
            for beginning in phrase.beginnings:
                self._by_beginning.setdefault(beginning, []).append(phrase)

    def find(self, words: str) -> Iterator[tuple[int, str]]:
        """Rule and words of each phrase found. `words`: small letters, one space around each word,
        full stops as words of their own."""
        tried: set[int] = set()
        for phrase in self._always:
            if match := phrase.regex.search(words):
                yield phrase.rule, match.group().strip()
        for word in dict.fromkeys(words.split()):
            for phrase in (
                *self._by_word.get(word, ()),
                *self._by_beginning.get(word[:PREFIX], ()),
            ):
                if id(phrase) in tried:
                    continue
                tried.add(id(phrase))
                if match := phrase.regex.search(words):
                    yield phrase.rule, match.group().strip()
