"""Phrases: what is meant badly although each of its words is an ordinary one.

A phrase is a line of elements with spaces between them, read word by word:

    kill|hang yourself|urself    one of these words, then one of those
    {threat} you                 any word of the file's class `threat`
    ?just go                     the first may be missing
    send .. address              up to three words between them; `..6`: up to six
    suicid*                      words that begin so; `*phobe`: that end so
    shut_up                      two words that are one alternative
    {r_phefr}                    one word in ROT13, so that the file can be read by anyone
    you !re|are die              the next word is none of these
    ^system                      at the beginning of the text; `$` is its end

In the script `joined` (Japanese, Chinese, Korean, Thai) there are no words: elements follow each
other directly, and `..` stands for up to eight characters.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
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

_EVERYDAY_WORDS = (
    "the a an and or but i you he she it we they me my your his her our is are was were be been do "
    "does did have has had not no yes to of in on at for from with by as so if this that what who "
    "how why when where can will would could should all just now here there out up one like get go "
    "let make de la le les des un une et est que qui en je tu il elle nous vous pas o os as um uma "
    "e da com por para se el los las y es lo mi su con una di che non sono per der die das und ist "
    "nicht ein eine ich du er sie wir den dem mit zu auf im w na z nie jest bir ve bu ne"
)
#: Words that stand in every other sentence: what has one of them narrows nothing.
_EVERYDAY = frozenset(_EVERYDAY_WORDS.split())
#: The name of a class that is a word itself, in ROT13.
_ENCODED = "r_"

Classes = Mapping[str, tuple[str, ...]]


class PhraseError(ValueError):
    """A phrase cannot be read; says which element and why."""


@dataclass(frozen=True)
class Element:
    """One place in a phrase. `sign`: "" must be there, "?" may be missing, "!" must not follow,
    ".." a gap of up to `words`, "^" the beginning and "$" the end of the text."""

    sign: str
    alternatives: tuple[str, ...] = ()
    words: int = 0

    @property
    def rarity(self) -> float:
        """How much it narrows the search: few long words do."""
        if any(a.startswith("*") or a in _EVERYDAY for a in self.alternatives):
            return 0.0
        shortest = min(len(a.partition(" ")[0].rstrip("*")) for a in self.alternatives)
        return shortest + 10 / len(self.alternatives)


class Phrase:
    """One phrase that was read. `anchors` are words of which a text has one if it has the phrase;
    `beginnings` the same for words with a star.

    It keeps its line, not what was read in it: there are thousands in every process that judges.
    """

    __slots__ = ("_classes", "_regex", "_script", "_text", "anchors", "beginnings", "rule")

    def __init__(
        self, rule: int, text: str, script: Script, classes: Classes, anchor: Element | None
    ) -> None:
        firsts = [a.partition(" ")[0] for a in anchor.alternatives] if anchor is not None else []
        self.rule = rule
        self.anchors = tuple({word for word in firsts if "*" not in word})
        self.beginnings = tuple({word[:PREFIX] for word in firsts if word.endswith("*")})
        self._text = text
        self._script: Script = script
        self._classes = classes
        self._regex: re.Pattern[str] | None = None

    @property
    def regex(self) -> re.Pattern[str]:
        """Compiled when it is needed first: most never are."""
        if self._regex is None:
            elements = _elements(self._text, self._script, self._classes)
            joined = self._script == "joined"
            self._regex = re.compile(_joined_pattern(elements) if joined else _pattern(elements))
        return self._regex


def compile_phrase(
    rule: int, text: str, script: Script, classes: Classes, known: set[str] | None = None
) -> Phrase:
    """Raises `PhraseError`. `known` gets the words that stand in it."""
    elements = tuple(_elements(text, script, classes))
    required = [element for element in elements if element.sign == ""]
    if not required:
        raise PhraseError(f"'{text}' has no word that must be there")
    if script == "joined":
        return Phrase(rule, text, script, classes, None)
    if known is not None:
        known.update(_words_in(elements))
    anchor = max(required, key=lambda element: element.rarity)
    return Phrase(rule, text, script, classes, anchor)


def forget_spellings() -> None:
    """Frees what made reading many phrases quick."""
    for kept in (_class_words, _written, _word_pattern):
        kept.cache_clear()


def _words_in(elements: Iterable[Element]) -> Iterator[str]:
    for element in elements:
        if element.sign in ("", "?"):
            for alternative in element.alternatives:
                if "*" not in alternative:
                    yield from alternative.split(" ")


def _elements(text: str, script: Script, classes: Classes) -> Iterator[Element]:
    for part in text.split():
        if part.startswith("^"):
            yield Element("^")
            part = part[1:]
        if part == "$":
            yield Element("$")
        elif gap := _GAP.fullmatch(part):
            words = int(gap.group(1) or GAP_WORDS)
            if words > MAXIMUM_GAP_WORDS:
                raise PhraseError(f"a gap is at most {MAXIMUM_GAP_WORDS} words")
            yield Element("..", words=words)
        else:
            sign = part[0] if part[0] in "?!" else ""
            yield Element(sign, _alternatives(part[len(sign) :], script, classes))


@lru_cache(maxsize=4_096)
def _class_words(words: tuple[str, ...], script: Script) -> tuple[str, ...]:
    return tuple(_written(word, script) for word in words)


def _alternatives(text: str, script: Script, classes: Classes) -> tuple[str, ...]:
    found: list[str] = []
    for part in text.split("|"):
        if part.startswith("{"):
            named = _CLASS.fullmatch(part)
            if named is not None and named.group(1).startswith(_ENCODED):
                word = codecs.decode(named.group(1).removeprefix(_ENCODED), "rot13")
                found.append(_written(word, script))
                continue
            if named is None or named.group(1) not in classes:
                raise PhraseError(f"there is no class '{part[1:-1]}'")
            found += _class_words(classes[named.group(1)], script)
        elif part.isalpha() or _WORD.fullmatch(part) or (part and script == "joined"):
            found.append(_written(part, script))
        else:
            raise PhraseError(f"'{part}' is neither a word nor a {{class}}")
    return tuple(found)


@lru_cache(maxsize=4_096)
def _written(word: str, script: Script) -> str:
    """A word as it stands in a text of this script that was made into words."""
    if script == "joined":
        return native(word)
    if not word.isascii():
        word = fold(word) if script == "latin" else native(word)
    return " ".join(word.lower().replace("'", "").replace("’", "").replace("_", " ").split())


def _pattern(elements: Iterable[Element]) -> str:
    made, between = [r"(?<= )"], ""
    for element in elements:
        either = "|".join(map(_word_pattern, element.alternatives))
        match element.sign:
            case "^":
                made.append(r"(?<=\A )")
            case "$":
                made.append(r"(?:\. )*\Z")
            case "..":
                made.append(f"(?:[^ .]+ ){{0,{element.words}}}")
                between = ""
            case "!":
                made.append(f"(?!{between}(?:{either}) )")
            case sign:
                made.append(f"(?:{between}(?:{either}) ){sign}")
                between = _FULL_STOP
    return "".join(made)


def _joined_pattern(elements: Iterable[Element]) -> str:
    made: list[str] = []
    for element in elements:
        either = "|".join(map(re.escape, element.alternatives))
        match element.sign:
            case "..":
                made.append(f".{{0,{JOINED_GAP_CHARACTERS}}}")
            case "!":
                made.append(f"(?!{either})")
            case sign:
                made.append(f"(?:{either}){'?' * (sign == '?')}" if either else "")
    return "".join(made)


@lru_cache(maxsize=4_096)
def _word_pattern(alternative: str) -> str:
    words = [
        re.escape(word.strip("*")).join(
            ("[^ ]*" if word.startswith("*") else "", "[^ ]*" if word.endswith("*") else "")
        )
        for word in alternative.split(" ")
    ]
    return " ".join(words)


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

    def find(self, words: str, over: int | None = None) -> Iterator[tuple[int, str]]:
        """Rule and words of each phrase found. `words`: small letters, one space around each word,
        full stops as words of their own. `over`: only what stands on both sides of this place."""
        tried: set[int] = set()
        for phrase in self._always:
            match = phrase.regex.search(words)
            if match and (over is None or match.start() < over < match.end()):
                yield phrase.rule, match.group().strip()
        for word in dict.fromkeys(words.split()):
            for phrase in (
                *self._by_word.get(word, ()),
                *self._by_beginning.get(word[:PREFIX], ()),
            ):
                if id(phrase) in tried:
                    continue
                tried.add(id(phrase))
                match = phrase.regex.search(words)
                if match and (over is None or match.start() < over < match.end()):
                    yield phrase.rule, match.group().strip()
