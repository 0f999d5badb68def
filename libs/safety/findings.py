"""What the rules find in one text."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from libs.safety.decoding import decoded, rot13
from libs.safety.normalise import fold, native
from libs.safety.phrase_finder import PhraseFinder
from libs.safety.readings import Reader
from libs.safety.rules import Rules
from libs.safety.vocabulary import Vocabulary
from libs.safety.words import WordFinder

Place = Literal["speech", "input", "chat_out", "operator"]

#: So much on each side of a sentence's beginning is looked at together.
JOINT_CHARACTERS = 90
#: Words on each side of a sentence's beginning that are looked at together.
JOINT_WORDS = 4
#: A word of so many letters gives away that a text is in ROT13 or written backwards.
SHORTEST_CODED = 4

_LONG_DIGITS = re.compile(r"\d{20,}")
_WORDS = re.compile(r"[^\W_]+")
_ROT13 = re.compile(r"rot ?-?13|caesar (?:cipher|code)|shift (?:every|each) letter")
#: Words that are parted by capital letters only.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LETTERS = re.compile(r"[a-z]+")
#: What an address or a number has; other patterns are for one sentence.
_TELLING = re.compile(r"[@\d/]|\b(?:dot|at|punkt|ponto|punto|point)\b")
#: Thai, kana, Han, Hangul.
_UNSPACED_SCRIPT = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NOT_JOINED = re.compile(r"[\W_]+")


class Finding(NamedTuple):
    """A rule that spoke, how badly, and on which words (in the form in which they were found)."""

    rule: str
    category: str
    tier: str
    words: str = ""


class Finder:
    """Looks at a text in all its readings. It tells what is there; what counts in which mode is the
    gate's to say."""

    def __init__(self, rules: Rules) -> None:
        self.words = WordFinder(rules)
        self._patterns = [(pattern, pattern.compiled()) for pattern in rules.patterns]
        self._meanings = rules.meanings
        by_script = {
            script: [p for p in rules.phrases if p.script == script]
            for script in ("latin", "native", "joined")
        }
        self._latin = PhraseFinder(by_script["latin"])
        self._native = PhraseFinder(by_script["native"])
        self._joined = PhraseFinder(by_script["joined"])
        terms = {term.text for term in rules.terms if term.tier != "mild"}
        known = rules.phrase_words | terms | rules.common_words | rules.harmless | rules.near_words
        self._vocabulary = Vocabulary(known, rules.often_mistyped)
        self._reader = Reader(self._vocabulary, rules.signs)
        telling = {*rules.often_mistyped, *(t.text for t in rules.terms if t.tier != "mild")}
        self._coded = {rot13(word) for word in telling if len(word) >= SHORTEST_CODED}
        self._backwards = {w[::-1] for w in rules.often_mistyped if len(w) >= SHORTEST_CODED}

    def prepare(self) -> None:
        """Makes now what is otherwise made when it is needed first."""
        self._vocabulary.prepare()

    def find(self, text: str, place: Place, before: str = "") -> Iterator[Finding]:
        """All findings for a text without invisible characters."""
        folded = fold(text)
        yield from self._in_folded(text, folded, place)
        if before:
            yield from self._across(before, text, folded, place)
        if _CAMEL.search(text):
            yield from self._phrases(_CAMEL.sub(" ", text), fold(_CAMEL.sub(" ", text)), place)
        for hidden in self._hidden(text, folded):
            for found in self._in_folded(hidden, fold(hidden), place):
                yield found._replace(rule=f"{found.category}.decoded")

    def _in_folded(self, text: str, folded: str, place: Place) -> Iterator[Finding]:
        for hit in self.words.find(folded, native(text)):
            yield Finding(f"{hit.category}.{hit.how}", hit.category, hit.tier, hit.word)
        yield from self._phrases(text, folded, place)
        shortened = _LONG_DIGITS.sub(lambda digits: digits.group()[:20], folded)
        for pattern, regex in self._patterns:
            if place in pattern.places and (match := regex.search(shortened)):
                rule = f"{pattern.category}.{pattern.code}"
                yield Finding(rule, pattern.category, pattern.tier, match.group().strip())

    def _phrases(self, text: str, folded: str, place: Place) -> Iterator[Finding]:
        plain = self._reader.plain(folded)
        for words in self._reader.readings(folded):
            yield from self._as_findings(self._latin.find(words), place)
            for hit in self.words.find_plain(word for word in words.split() if word not in plain):
                yield Finding(f"{hit.category}.disguised", hit.category, hit.tier, hit.word)
        if text.isascii():
            return
        own = native(text)
        for words in self._reader.readings(own):
            yield from self._as_findings(self._native.find(words), place)
        if _UNSPACED_SCRIPT.search(own):
            yield from self._as_findings(self._joined.find(_NOT_JOINED.sub("", own)), place)

    def _as_findings(self, found: Iterator[tuple[int, str]], place: Place) -> Iterator[Finding]:
        for number, words in found:
            meaning = self._meanings[number]
            if place in meaning.places:
                rule = f"{meaning.category}.{meaning.code}"
                yield Finding(rule, meaning.category, meaning.tier, words)

    def _across(self, before: str, text: str, folded: str, place: Place) -> Iterator[Finding]:
        """What only both together say. The one before has passed: what is found in both, and not in
        the text alone, begins there."""
        said = fold(before[-JOINT_CHARACTERS:]).rstrip(" .!?…,;:-")
        tail = _LETTERS.findall(said)[-JOINT_WORDS:]
        head = _LETTERS.findall(folded[:JOINT_CHARACTERS])[:JOINT_WORDS]
        for hit in self.words.find_across(tail + head):
            yield Finding(f"{hit.category}.across", hit.category, hit.tier, hit.word)
        for ends, begins in (
            (tail, head),
            (_WORDS.findall(native(before)), _WORDS.findall(native(text))),
        ):
            if ends and begins:
                for hit in self.words.find_at_seam(ends[-1], begins[0]):
                    yield Finding(f"{hit.category}.across", hit.category, hit.tier, hit.word)
        together = f"{said} {folded[:JOINT_CHARACTERS]}"
        seam = len(self._reader.words(said)) - 1
        whole = self._reader.words(together)
        for words, over in ((whole, seam), *((w, None) for w in self._reader.rejoined(whole))):
            for found in self._as_findings(self._latin.find(words, over), place):
                yield found._replace(rule=f"{found.category}.across")
        if not text.isascii():
            own = f"{native(before[-JOINT_CHARACTERS:])} {native(text[:JOINT_CHARACTERS])}"
            yield from self._across_native(own, place)
        yield from self._patterns_across(said, together, place)

    def _patterns_across(self, said: str, together: str, place: Place) -> Iterator[Finding]:
        if not _TELLING.search(together):
            return
        for pattern, regex in self._patterns:
            match = regex.search(together) if place in pattern.places else None
            if match is not None and match.start() < len(said) < match.end():
                rule = f"{pattern.category}.across"
                yield Finding(rule, pattern.category, pattern.tier, match.group().strip())

    def _across_native(self, together: str, place: Place) -> Iterator[Finding]:
        found = [*self._as_findings(self._native.find(self._reader.words(together)), place)]
        if _UNSPACED_SCRIPT.search(together):
            closed = _NOT_JOINED.sub("", together)
            found += self._as_findings(self._joined.find(closed), place)
        yield from (one._replace(rule=f"{one.category}.across") for one in found)

    def _hidden(self, text: str, folded: str) -> Iterator[str]:
        yield from decoded(text, folded)
        tokens = _LETTERS.findall(folded)
        if _ROT13.search(folded) or any(token in self._coded for token in tokens):
            yield rot13(folded)
        if any(token in self._backwards for token in tokens):
            yield folded[::-1]
