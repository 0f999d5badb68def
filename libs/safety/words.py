"""Listed words in a text, plain or in disguise."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from libs.safety.lexicon import Lexicon, Term
from libs.safety.near_words import NearWords
from libs.safety.normalise import LEET_READINGS, leet_readings, letters_only
from libs.safety.rules import Rules

_TOKEN = re.compile(r"[a-z0-9@$!|+(*#'_-]+")
_SPLIT = re.compile(r"[-_'*#|+(!]+")
_SPACED = re.compile(r"(?<!\w)(?:[a-z0-9@$!][^\w\n@$!]{1,3}){2,}[a-z0-9@$!](?!\w)")
_MASK = re.compile(r"[*#0-9@$!]")
#: A word with one sign in it.
_HOLED = re.compile(r"(?<![a-z])[a-z]{1,12}[%?&.#~^,:;=+/\\-][a-z]{1,12}(?![a-z])")
_GAPPED = re.compile(
    r"(?<![a-z])([a-z]{1,3})(?:\.{2,4}|\*{2,5}|-{2,4}|_{2,4}|%{1,3}|~{1,3}|\?{2,3})([a-z]{1,4})(?![a-z])"
)
_CENSORED = re.compile(r"[a-z]{1,2}\*{2,}[a-z]{0,3}")

#: Cyrillic, Greek, Arabic, Hebrew, Devanagari: words are parted by spaces.
_SPACED_SCRIPT = re.compile(r"[\u0370-\u06ff\u0900-\u097f]")
#: What Russian puts before its verbs and curses.
_PREFIXES = (
    "за|на|по|от|про|вы|у|об|при|до|недо|о|пере|раз|рас|с|из|ис|в|под|ни|не|долбо|разъ|съ|объ|отъ"
    "|вз"
)

#: Scraps longer than this are words of their own.
_LONGEST_SCRAP = 9
#: One of the pieces is at most this long, and no everyday word.
_LONGEST_SHORT = 4
#: Shorter words stand at too many seams by chance.
_SHORTEST_AT_SEAM = 4
#: A last word longer than this is not held back for what follows it.
_LONGEST_HELD = 5
#: At "i s h i t" the first letters may be words of their own: so many are left out in turn.
_SPACED_STARTS = 3


@dataclass(frozen=True)
class WordHit:
    """`how` the word was written: word, split, leet, masked, spaced, joined, native; `word` as it
    was found, without its disguise."""

    category: str
    tier: str
    how: str
    word: str = ""


class WordFinder:
    """Finds listed words in folded text. Tokens that were seen before are not looked at again."""

    def __init__(self, rules: Rules) -> None:
        self._lexicon = Lexicon(rules.terms, rules.harmless)
        self._mean_no_harm = rules.harmless | rules.near_words | rules.common_words
        self._near = NearWords(rules.terms, self._mean_no_harm)
        self._common = rules.common_words
        self._native = {term.text: term for term in rules.native}
        self._native_any = re.compile(_native_pattern(self._native))
        self._phrases = re.compile("|".join(rules.harmless_phrases) or r"(?!)")
        self._in_token = lru_cache(maxsize=20_000)(self._find_in_token)

    def find(self, folded: str, native: str) -> Iterator[WordHit]:
        """All hits in a text, given in its folded and its native form."""
        folded = self._phrases.sub(" ", folded)
        tokens = _TOKEN.findall(folded)
        for token in tokens:
            yield from self._in_token(token)
        for match in _HOLED.finditer(folded):
            if term := self._near.find_holed(match.group()):
                yield WordHit(term.category, term.tier, "masked", match.group())
        for match in _GAPPED.finditer(folded):
            if term := self._near.find_gapped(*match.groups()):
                yield WordHit(term.category, term.tier, "masked", match.group())
        yield from self._spaced(folded)
        yield from self._joined([letters_only(token) for token in tokens])
        if not native.isascii():
            for match in self._native_any.finditer(native):
                term = self._native[match.group(1) or match.group(2)]
                yield WordHit(term.category, term.tier, "native", term.text)

    def find_plain(self, words: Iterable[str]) -> Iterator[WordHit]:
        """Only words as they stand."""
        for word in words:
            if len(word) > 2 and word.isalpha():
                yield from self._hits(word, "word")

    def find_across(self, words: list[str]) -> Iterator[WordHit]:
        """Only what is put together from several of these words."""
        yield from self._spaced(" ".join(words))
        yield from self._joined(words)

    def find_at_seam(self, last: str, first: str) -> Iterator[WordHit]:
        """A term that is the end of one text and the beginning of the next: any one, for there is
        one seam only. Two words of their own are none."""
        whole = last + first
        if len(last) < 2 or {last, first} <= self._common:
            return
        if not whole.isascii():
            seam = self._native_any.match(whole)
            if seam is not None and seam.end() > len(last):
                term = self._native[seam.group(1) or seam.group(2)]
                yield WordHit(term.category, term.tier, "seam", whole)
            return
        for term in self._lexicon.find(whole):
            length = len(term.text)
            if length >= _SHORTEST_AT_SEAM and length > len(last) and whole.startswith(term.text):
                yield WordHit(term.category, term.tier, "seam", whole)

    def ends_in_scrap(self, folded: str) -> bool:
        """Whether the last word (or the last single letters) could go on to be a listed word."""
        words = re.findall(r"[a-z]+", folded[-24:])
        if not words:
            return False
        last = words[-1]
        if len(last) == 1:
            single = [*takewhile(lambda word: len(word) == 1, reversed(words))]
            return len(single) > 1 and self._lexicon.begins_a_term("".join(reversed(single)))
        if last in self._common or len(last) > _LONGEST_HELD:
            return False
        return self._lexicon.begins_a_term(last) and not self._lexicon.find(last)

    def _spaced(self, folded: str) -> Iterator[WordHit]:
        for match in _SPACED.finditer(folded):
            yield from self._in_spaced(match.group())

    def _joined(self, words: list[str]) -> Iterator[WordHit]:
        """Terms put together from two to four neighbouring words that are scraps."""
        words = [word for word in words if word]
        for size in (2, 3, 4):
            for at in range(len(words) - size + 1):
                parts = tuple(words[at : at + size])
                if self._may_be_scraps(parts) and (term := self._lexicon.find_joined(parts)):
                    yield WordHit(term.category, term.tier, "joined", " ".join(parts))

    def _may_be_scraps(self, parts: tuple[str, ...]) -> bool:
        scrap = False
        for part in parts:
            length = len(part)
            if length > _LONGEST_SCRAP:
                return False
            if length <= _LONGEST_SHORT and part not in self._common:
                scrap = True
        return scrap

    def _find_in_token(self, token: str) -> tuple[WordHit, ...]:
        if token.isalpha():
            return self._in_word(token) if len(token) > 2 else ()
        found = [*self._in_parts(token)]
        if not found:
            for reading in leet_readings(token):
                found += self._hits(reading, "leet")
        if not found and _MASK.search(token):
            found += self._masked(token.strip("-_'+(|!"))
        return tuple(found)

    def _in_word(self, word: str) -> tuple[WordHit, ...]:
        if found := self._hits(word, "word"):
            return found
        term, how = self._near.find(word), "near"
        if term is None and word not in self._mean_no_harm:
            term, how = self._lexicon.find_backwards(word), "backwards"
        return (WordHit(term.category, term.tier, how, word),) if term is not None else ()

    def _in_parts(self, token: str) -> Iterator[WordHit]:
        parts = [part for part in _SPLIT.split(token) if part.isalpha()]
        for part in parts:
            if len(part) > 2:
                yield from self._hits(part, "word")
        if any(letter.isdigit() for letter in token):
            return
        joined = letters_only(token)
        if len(parts) < 2 or max(map(len, parts)) < 4:
            yield from self._hits(joined, "split")

    def _in_spaced(self, text: str) -> Iterator[WordHit]:
        signs = re.sub(r"[^a-z0-9@$!]", "", text)
        for table in LEET_READINGS:
            joined = letters_only(signs.translate(table))
            for start in range(max(1, min(_SPACED_STARTS, len(joined) - 2))):
                hits = self._hits(joined[start:], "spaced")
                if hits:
                    yield from hits
                    return

    def _masked(self, token: str) -> Iterator[WordHit]:
        term: Term | None = self._lexicon.find_masked(token)
        if term is not None:
            yield WordHit(term.category, term.tier, "masked", token)
        elif _CENSORED.fullmatch(token):
            yield WordHit("profanity", "strong", "masked", token)

    def _hits(self, word: str, how: str) -> tuple[WordHit, ...]:
        return tuple(WordHit(t.category, t.tier, how, word) for t in self._lexicon.find(word))


def _native_pattern(words: Iterable[str]) -> str:
    """Words of scripts with spaces count at the beginning of a word or behind one of its prefixes;
    those of scripts without spaces count anywhere."""
    longest_first = sorted(words, key=len, reverse=True)
    spaced = [re.escape(word) for word in longest_first if _SPACED_SCRIPT.match(word)]
    unspaced = [re.escape(word) for word in longest_first if not _SPACED_SCRIPT.match(word)]
    return (
        rf"(?<!\w)(?:{_PREFIXES})?({'|'.join(spaced) or '(?!)'})|({'|'.join(unspaced) or '(?!)'})"
    )
