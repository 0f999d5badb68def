"""One folded text as the words that a reader would make of it."""

import re
from collections.abc import Iterator, Mapping

from libs.safety.vocabulary import Vocabulary

#: A shorter word is found in many longer ones.
SHORTEST_GLUED_TERM = 6
#: Two neighbours are one word if that has so many letters.
SHORTEST_PARTED = 4

_TOKEN = re.compile(r"[^\W_]+|[.!?;\n]+")
_LETTERS = re.compile(r"[a-z]+")
_APOSTROPHE = re.compile(r"['’`´ʼ]")
#: A run of letters, or signs in a word, without which there is nothing to be undone.
_DISGUISED = re.compile(
    r"(.)\1|[^\W_][^\w\s][^\W_]|[^\W\d_]_[^\W\d_]|\d[^\W\d_]|[^\W\d_]\d|[@$!|+]"
)
#: Letters that stand alone, with one to three signs between them. Two spaces part words.
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_](?:_|[^\w\n]){1,3}){2,}[^\W_](?![^\W_])")
_BETWEEN = re.compile(r"(?:_|[^\w\n])+")
_WORD_GAP = re.compile(r" {2,}| [/|,-] ")
_ELLIPSIS = re.compile(r"\.{2,}|…")
#: What a digit or sign alone is read as between leet words.
_ALONE = {"1": "i", "!": "i", "4": "a", "@": "a", "2": "to", "70": "to", "0": "o", "|": "i"}


class Reader:
    """Makes words of folded texts."""

    def __init__(self, vocabulary: Vocabulary, signs: Mapping[str, str]) -> None:
        """`signs`: characters that are read as words in the company of others."""
        self._vocabulary = vocabulary
        self._signs = {ord(sign): f" {word} " for sign, word in signs.items()}

    def readings(self, folded: str) -> Iterator[str]:
        """The text as words: as it stands, and without its disguises where it may have one. Each
        word has one space on both sides; a full stop is a word."""
        seen = {plain := self.words(folded)}
        yield plain
        for words in self._undisguised(folded, plain):
            if words not in seen:
                seen.add(words)
                yield words

    def plain(self, folded: str) -> set[str]:
        """The words that stand in the text openly, and short ones of which glued ones could be made
        by chance."""
        tokens = _LETTERS.findall(folded)
        short = {
            part
            for token in tokens
            for part in self._vocabulary.parts(token)
            if len(part) < SHORTEST_GLUED_TERM
        }
        return short.union(tokens)

    def words(self, folded: str) -> str:
        text = _ELLIPSIS.sub(" ", _APOSTROPHE.sub("", folded.translate(self._signs)))
        made = [" "]
        for token in _TOKEN.findall(text):
            if not token[0].isalnum():
                made.append(". ")
            else:
                made += [f"{word} " for word in self._vocabulary.words_of(token)]
        return "".join(made)

    def _undisguised(self, folded: str, plain: str) -> Iterator[str]:
        if _DISGUISED.search(folded):
            yield (cleared := self._cleared(folded))
            yield from self.rejoined(cleared)
        yield from self.rejoined(plain)
        if plain.count(". ") * 3 > plain.count(" ") > 4:
            yield plain.replace(". ", "")
        if (joined := _SPACED.sub(_together, folded)) != folded:
            yield self.words(joined)
            yield (cleared := self._cleared(joined))
            yield from self.rejoined(cleared)
        for other in self._in_disguise(folded):
            yield self.words(other)

    def _cleared(self, folded: str) -> str:
        """Each token as the known word that it is meant to be."""
        tokens = _ELLIPSIS.sub(" ", folded.translate(self._signs)).split()
        found = [self._vocabulary.read(_APOSTROPHE.sub("", token)) for token in tokens]
        leet = sum(
            any(c.isdigit() for c in token) and len(token) > 1 and words[0].isalpha()
            for token, words in zip(tokens, found, strict=True)
            if words
        )
        made = [" "]
        for token, words in zip(tokens, found, strict=True):
            alone = (_ALONE[token],) if leet and token in _ALONE else words
            made += [f"{word} " for word in alone]
            if token[-1] in ".!?" and len(token) > 1:
                made.append(". ")
        return "".join(made)

    def rejoined(self, words: str) -> Iterator[str]:
        """With neighbours put together that are the halves of a known word; nothing where there are
        none."""
        known, made, parted = self._vocabulary, list[str](), False
        for word in words.split():
            whole = made[-1] + word if made else ""
            if len(whole) >= SHORTEST_PARTED and whole in known and known.parted(made[-1], word):
                made[-1], parted = whole, True
            else:
                made.append(word)
        if parted:
            yield " " + "".join(f"{word} " for word in made)

    def _in_disguise(self, folded: str) -> Iterator[str]:
        """The text forwards if it is written backwards, and without the game of Pig Latin."""
        tokens = _LETTERS.findall(folded)
        strange = [t for t in tokens if len(t) > 2 and t not in self._vocabulary]
        if sum(t[::-1] in self._vocabulary for t in strange) * 2 > len(strange) > 0:
            yield folded[::-1]
        if sum(t.endswith("ay") for t in strange) * 2 > len(strange) > 0:
            yield " ".join(self._out_of_pig_latin(t) for t in tokens)

    def _out_of_pig_latin(self, token: str) -> str:
        """`illkay`: kill; `iway`, `iyay`: i."""
        if not token.endswith("ay") or len(token) < 4:
            return token
        stem = token[:-2]
        found = [stem[-taken:] + stem[:-taken] for taken in (1, 2, 3) if taken < len(stem)]
        found += [stem[:-1], stem] if stem[-1] in "wyh" else [stem]
        if stem[-1] in "wyh" and len(stem) < 3:
            return stem[:-1]
        return next((word for word in found if word in self._vocabulary), found[-1])


def _together(match: re.Match[str]) -> str:
    """Spelled letters as words: what two spaces part stays apart."""
    return " ".join(_BETWEEN.sub("", part) for part in _WORD_GAP.split(match.group()))
