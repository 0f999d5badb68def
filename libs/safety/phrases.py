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
from functools import cache, lru_cache
from typing import Literal, NamedTuple

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


class WordClasses:
    """Words that stand for each other in the phrases of one file, by the name of their class."""

    def __init__(self, words: Mapping[str, tuple[str, ...]]) -> None:
        self._words = words

    def __contains__(self, name: str) -> bool:
        return name in self._words

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._words[name]


class PhraseError(ValueError):
    """A phrase cannot be read; says which element and why."""


class Alternatives(NamedTuple):
    """What may stand in one place of a phrase."""

    either: tuple[str, ...] = ()
    rarity: float = 0.0
    """How much they narrow the search: few long words do."""
    needed: tuple[str, ...] = ()
    """A text with one of them has one of these words (of the script `joined`: pieces). Empty: that
    cannot be told."""
    words: tuple[str, ...] = ()
    """All whole words in them."""


class Element(NamedTuple):
    """One place in a phrase. `sign`: "" must be there, "?" may be missing, "!" must not follow,
    ".." a gap of up to `gap` words, "^" the beginning and "$" the end of the text."""

    sign: str
    alternatives: Alternatives = Alternatives()
    gap: int = 0


class Phrase:
    """One phrase that was read.

    A text that has it has one word of `anchors` (of the script `joined`: one letter), or one that
    begins as one of `beginnings` does, and something of each of `needs`: a word, or in the script
    `joined` a piece of the text. It keeps its line, not what was read in it: there are thousands
    in every process that judges.
    """

    __slots__ = ("_classes", "_regex", "_text", "anchors", "beginnings", "needs", "rule", "script")

    def __init__(
        self,
        rule: int,
        text: str,
        script: Script,
        classes: WordClasses,
        anchor: Alternatives,
        needs: tuple[tuple[str, ...], ...],
    ) -> None:
        self.rule = rule
        self.script: Script = script
        self.anchors: tuple[str, ...] = ()
        self.beginnings: tuple[str, ...] = ()
        if script == "joined":
            self.anchors = tuple({piece[:1] for piece in anchor.either})
        else:
            firsts = [a.partition(" ")[0] for a in anchor.either]
            self.anchors = tuple({word for word in firsts if "*" not in word})
            self.beginnings = tuple({word[:PREFIX] for word in firsts if word.endswith("*")})
        self.needs = needs
        self._text = text
        self._classes = classes
        self._regex: re.Pattern[str] | None = None

    @property
    def is_compiled(self) -> bool:
        return self._regex is not None

    @property
    def regex(self) -> re.Pattern[str]:
        """Compiled when it is needed first: most never are."""
        if self._regex is None:
            elements = _elements(self._text, self.script, self._classes)
            joined = self.script == "joined"
            self._regex = re.compile(_joined_pattern(elements) if joined else _pattern(elements))
        return self._regex


def compile_phrase(
    rule: int, text: str, script: Script, classes: WordClasses, known: set[str] | None = None
) -> Phrase:
    """Raises `PhraseError`. `known` gets the words that stand in it."""
    elements = tuple(_elements(text, script, classes))
    required = [element.alternatives for element in elements if element.sign == ""]
    if not required:
        raise PhraseError(f"'{text}' has no word that must be there")
    if known is not None and script != "joined":
        for element in elements:
            if element.sign != "!":
                known.update(element.alternatives.words)
    anchor = max(required, key=_rarity_of)
    needs = (other.needed for other in required if other is not anchor)
    return Phrase(rule, text, script, classes, anchor, tuple(filter(None, needs)))


_words_read: dict[str, str] = {}
#: Equal words become one object.
_same = _words_read.setdefault


def forget_spellings(of_all_files: bool = True) -> None:
    """Frees what made reading many phrases quick, and their equal words one object."""
    if of_all_files:
        _words_read.clear()
    for kept in (_alternatives, _class_words, _written, _word_pattern):
        kept.cache_clear()


def _elements(text: str, script: Script, classes: WordClasses) -> Iterator[Element]:
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
            yield Element("..", gap=words)
        else:
            sign = part[0] if part.startswith(("?", "!")) else ""
            yield Element(sign, _alternatives(part[len(sign) :], script, classes))


@cache
def _alternatives(text: str, script: Script, classes: WordClasses) -> Alternatives:
    """Raises `PhraseError`."""
    either = tuple(_plain_words(text) or _read(text, script, classes))
    joined = "".join(either)
    firsts, words, starred = either, either, "*" in joined
    if starred or " " in joined:
        firsts = tuple({a.partition(" ")[0] for a in either})
        words = tuple({word for a in either if "*" not in a for word in a.split(" ")})
    rarity = 0.0
    if _EVERYDAY.isdisjoint(either) and not (starred and any(a[:1] == "*" for a in either)):
        rarity = min([len(first.rstrip("*")) for first in firsts]) + 10 / len(either)
    if script == "joined":
        return Alternatives(either, rarity, either)
    return Alternatives(either, rarity, () if starred else firsts, words)


def _plain_words(text: str) -> list[str]:
    """Alternatives that are written as they are said, as most are; else nothing."""
    if text.isascii() and text.islower() and text.replace("|", "").isalpha():
        words = text.split("|")
        return [] if "" in words else [_same(word, word) for word in words]
    return []


def _rarity_of(alternatives: Alternatives) -> float:
    return alternatives.rarity


def _read(text: str, script: Script, classes: WordClasses) -> Iterator[str]:
    for part in text.split("|"):
        if part.isalpha():
            yield _written(part, script)
        elif part.startswith("{"):
            yield from _named(part, script, classes)
        elif _WORD.fullmatch(part) or (part and script == "joined"):
            yield _written(part, script)
        else:
            raise PhraseError(f"'{part}' is neither a word nor a {{class}}")


def _named(part: str, script: Script, classes: WordClasses) -> tuple[str, ...]:
    named = _CLASS.fullmatch(part)
    name = named.group(1) if named is not None else ""
    if name.startswith(_ENCODED):
        return (_written(codecs.decode(name.removeprefix(_ENCODED), "rot13"), script),)
    if name not in classes:
        raise PhraseError(f"there is no class '{part[1:-1]}'")
    return _class_words(name, script, classes)


@cache
def _class_words(name: str, script: Script, classes: WordClasses) -> tuple[str, ...]:
    return tuple([_written(word, script) for word in classes[name]])


@cache
def _written(word: str, script: Script) -> str:
    """A word as it stands in a text of this script that was made into words."""
    if not word.isascii() or script == "joined":
        word = fold(word) if script == "latin" else native(word)
    if script != "joined":
        word = word.lower()
        if not word.isalpha():
            word = " ".join(word.replace("'", "").replace("’", "").replace("_", " ").split())
    return _same(word, word)


def _pattern(elements: Iterable[Element]) -> str:
    made, between = [r"(?<= )"], ""
    for element in elements:
        either = "|".join(map(_word_pattern, element.alternatives.either))
        match element.sign:
            case "^":
                made.append(r"(?<=\A )")
            case "$":
                made.append(r"(?:\. )*\Z")
            case "..":
                made.append(f"(?:[^ .]+ ){{0,{element.gap}}}")
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
        either = "|".join(map(re.escape, element.alternatives.either))
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
