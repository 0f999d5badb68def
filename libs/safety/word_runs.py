"""Runs of words ("final boss") in a text, written plainly or in disguise."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from libs.safety.normalise import fold, leet_readings, letters_only, native, squeeze

_TOKEN = re.compile(r"(?:[^\W_]|[@$!|+(*#'])+")
_MASK = re.compile(r"[*#]")
#: A piece of a split word is at most this long, and no everyday word.
_LONGEST_SCRAP = 4
#: Into so many pieces one word may be split.
_MAXIMUM_SCRAPS = 4
#: Single letters in a row that are read together.
_FEWEST_SPACED = 3
#: In these scripts words are written without spaces, or grow endings: found inside others too.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")

#: A word with each run of one letter once, and how often each letter must stand.
Form = tuple[str, tuple[int, ...]]


class WordRuns:
    """Finds runs of words in folded text. Each has a code, which is what a find gives.

    Promises: a run is found as words, not inside others; stretched, spaced, masked or split
    letters, digits for letters and look-alikes do not hide it. `common` are short everyday words
    that are never a piece of a split one.
    """

    def __init__(self, runs: Iterable[tuple[str, str]], common: frozenset[str]) -> None:
        """`runs`: text and code."""
        self._common = common
        self._inside: list[tuple[str, str]] = []
        self._by_first: dict[str, list[tuple[tuple[Form, ...], str]]] = {}
        self._glued: dict[str, list[tuple[Form, str]]] = {}
        self._lengths: set[int] = set()
        for text, code in runs:
            self._add(text, code)
        self.find = lru_cache(maxsize=2_000)(self._find)

    def _add(self, text: str, code: str) -> None:
        if is_unspaced(text):
            self._inside.append((" ".join(native(text).split()), code))
            return
        forms = tuple(squeeze(word) for word in words_of(text))
        if forms:
            glued = squeeze("".join(words_of(text)))
            self._by_first.setdefault(forms[0][0], []).append((forms, code))
            self._glued.setdefault(glued[0], []).append((glued, code))
            self._lengths.add(sum(glued[1]))

    def __bool__(self) -> bool:
        return bool(self._inside or self._by_first)

    def _find(self, text: str) -> str:
        """The code of a run that is in the text, or nothing."""
        for part, code in self._inside:
            if part in native(text):
                return code
        if not self._by_first:
            return ""
        tokens = _TOKEN.findall(fold(text))
        return next((code for code in self._in_tokens(tokens) if code), "")

    def _in_tokens(self, tokens: list[str]) -> Iterator[str]:
        forms = [_forms(token) for token in tokens]
        for at in range(len(forms)):
            yield self._run_at(forms, at)
            yield self._split_at(tokens, at)
        for token in tokens:
            if _MASK.search(token):
                yield self._masked(token.strip("!'"))
        yield from self._spaced(tokens)

    def _run_at(self, forms: list[tuple[Form, ...]], at: int) -> str:
        for form in forms[at]:
            for run, code in self._by_first.get(form[0], ()):
                rest = forms[at : at + len(run)]
                if len(rest) == len(run) and all(map(_is_one_of, run, rest)):
                    return code
            for glued, code in self._glued.get(form[0], ()):
                if _stretched(form, glued):
                    return code
        return ""

    def _split_at(self, tokens: list[str], at: int) -> str:
        """Put together from two or more neighbours of which one is a scrap."""
        joined, scrap = "", False
        for count, token in enumerate(tokens[at : at + _MAXIMUM_SCRAPS], start=1):
            part = letters_only(token) if token.isascii() else token
            joined += part
            scrap = scrap or (len(part) <= _LONGEST_SCRAP and part not in self._common)
            if count > 1 and scrap:
                form = squeeze(joined)
                for glued, code in self._glued.get(form[0], ()):
                    if _stretched(form, glued):
                        return code
        return ""

    def _masked(self, token: str) -> str:
        """sp*iler: each sign may stand for any letter; at least half of them are letters."""
        hidden = len(_MASK.findall(token))
        if len(token) not in self._lengths or hidden * 2 > len(token):
            return ""
        shape = re.compile("".join("." if _MASK.match(sign) else re.escape(sign) for sign in token))
        for listed in self._glued.values():
            for (form, runs), code in listed:
                word = "".join(letter * count for letter, count in zip(form, runs, strict=True))
                if shape.fullmatch(word):
                    return code
        return ""

    def _spaced(self, tokens: list[str]) -> Iterator[str]:
        """s p o i l e r"""
        letters = ""
        for token in [*tokens, ""]:
            if len(token) == 1:
                letters += token
                continue
            if len(letters) >= _FEWEST_SPACED:
                for reading in (letters, *leet_readings(letters)):
                    yield self._inside_letters(reading)
            letters = ""

    def _inside_letters(self, letters: str) -> str:
        form, runs = squeeze(letters)
        for listed in self._glued.values():
            for (part, needed), code in listed:
                at = form.find(part)
                if len(part) > 1 and at >= 0:
                    found = part, runs[at : at + len(part)]
                    if _stretched(found, (part, needed)):
                        return code
        return ""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared: folded, signs off."""
    words = (token.strip("!'") for token in _TOKEN.findall(fold(text)))
    return tuple(_plain(word) for word in words if _plain(word))


def is_unspaced(text: str) -> bool:
    """Whether it is written in a script that has no spaces between words."""
    return not text.isascii() and any(
        unicodedata.name(letter, "").startswith(_UNSPACED) for letter in text
    )


def _plain(word: str) -> str:
    """Letters and digits."""
    return "".join(sign for sign in word if sign.isalnum())


@lru_cache(maxsize=20_000)
def _forms(token: str) -> tuple[Form, ...]:
    """The ways in which one word can be read."""
    readings = (_plain(token), *leet_readings(token))
    return tuple(squeeze(reading) for reading in dict.fromkeys(readings) if reading)


def _is_one_of(wanted: Form, readings: tuple[Form, ...]) -> bool:
    return any(_stretched(reading, wanted) for reading in readings)


def _stretched(form: Form, wanted: Form) -> bool:
    """The same letters, none of them less often."""
    return form[0] == wanted[0] and all(
        have >= need for have, need in zip(form[1], wanted[1], strict=True)
    )
