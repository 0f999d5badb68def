"""What a text says that is written in a code: base64, hex, bits, Morse, ROT13, spelling alphabets.

Only what reads as text afterwards counts; whether it is bad is for others to say.
"""

import base64
import binascii
import codecs
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from libs.safety.look_alikes import turned

#: Of decoded bytes so many must be letters, digits or spaces; chance gives a third.
READABLE = 0.85
#: Fewer letters of a spelling alphabet in a row are words of their own.
SPELLED_LETTERS = 3
#: So many words with capitals only may spell something with them.
SPELLED_WORDS = 4

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{10,}={0,2}(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}[ ,:;-]{0,2}){3,}(?![0-9A-Za-z])")
_BITS = re.compile(r"(?<!\d)(?:[01]{7,8}[ ,]?){3,}(?!\d)")
_NUMBERS = re.compile(r"(?<!\d)(?:\d{2,3}[ ,;-]{1,2}){3,}\d{2,3}(?!\d)")
_PLACES = re.compile(r"(?<!\d)(?:\d{1,2}[ ,;.-]{1,2}){3,}\d{1,2}(?!\d)")
_MORSE = re.compile(r"(?<!\S)[.·•*\-–—_−]{1,5}(?:[ /|]+[.·•*\-–—_−]{1,5}){2,}(?!\S)")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|&(?:#\d+|#x[0-9A-Fa-f]+|[a-z]{2,6});|\\u[0-9A-Fa-f]{4}")
_UNICODE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_NOT_READABLE = re.compile(r"[^\w\s.,!?'-]")
#: Single characters with a space after each: "f r e e . c o m".
_SPELLED_OUT = re.compile(r"(?<!\S)(?:\S ){5,}\S(?!\S)")
_WORD = re.compile(r"[a-z]+")
_INITIAL_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")

_MORSE_SIGNS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- "
    "-..- -.-- --.."
)
_MORSE_LETTERS = dict(zip(_MORSE_SIGNS.split(), "abcdefghijklmnopqrstuvwxyz", strict=True))
_NATO = (
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike "
    "november oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
)
#: Names of letters as they are written to be read aloud. The second part only counts beside one of
#: the first: they are words too.
_NAMES = (
    "bee:b cee:c dee:d eff:f gee:g aitch:h haitch:h jay:j kay:k ell:l emm:m enn:n ess:s tee:t "
    "vee:v dubya:w zee:z zed:z ex:x ay:a ee:e eye:i yew:u pee:p cue:q queue:q arr:r ef:f el:l "
    "em:m en:n es:s"
)
_ALSO_NAMES = "sea:c see:c you:u are:r why:y oh:o ah:a be:b tea:t jay:j use:u eh:a"

_SPELLED = {word: word[0] for word in _NATO.split()} | dict(p.split(":") for p in _NAMES.split())
_MAYBE_SPELLED = dict(pair.split(":") for pair in _ALSO_NAMES.split())

#: Signs that together are drawn like one letter.
_DRAWN = (
    ("|-|", "h"),
    ("|\\/|", "m"),
    ("/\\/\\", "m"),
    ("|\\|", "n"),
    ("/\\/", "n"),
    ("\\/\\/", "w"),
    ("|_|", "u"),
    ("(_)", "u"),
    ("\\_/", "u"),
    ("|=", "f"),
    ("|<", "k"),
    ("|{", "k"),
    ("()", "o"),
    ("[]", "o"),
    ("|)", "d"),
    ("|]", "d"),
    ("|>", "p"),
    ("|3", "b"),
    ("|2", "r"),
    ("|_", "l"),
    ("][", "i"),
    ("\\/", "v"),
    ("/\\", "a"),
    ("/-\\", "a"),
    ("}{", "h"),
    ("><", "x"),
    ("`/", "y"),
    ("'/", "y"),
)
_DRAWN_SIGN = re.compile(r"[|\\/()\[\]{}<>][-|\\/()\[\]{}<>_=23]")


#: What a text says of itself when its initials are the message.
_INITIALS = re.compile(
    r"initial|acrosti|capitals|first letters?|letters? of each|iniciais|iniciales|anfangsbuchstab"
    r"|primeiras? letras?|primeras? letras?|premieres? lettres?|acrostic|inizial|prime lettere"
)


def decoded(text: str, folded: str) -> Iterator[str]:
    """Each text that is hidden in this one. `folded`: the same in small Latin letters."""
    yield from _from_bytes(text)
    yield from _from_letters(folded)
    yield from _from_initials(text, folded)
    if _ESCAPED.search(text):
        unescaped = _UNICODE.sub(lambda m: chr(int(m.group(1), 16)), html.unescape(unquote(text)))
        if unescaped != text:
            yield unescaped
    if (closed := _SPELLED_OUT.sub(_closed, text)) != text:
        yield closed
    if "\\n" in text or "\\t" in text:
        yield text.replace("\\n", " ").replace("\\t", " ")
    if _DRAWN_SIGN.search(text):
        drawn = text.lower()
        for signs, letter in _DRAWN:
            drawn = drawn.replace(signs, letter)
        yield drawn
    if upside := turned(text):
        yield upside


def _closed(match: re.Match[str]) -> str:
    return match.group().replace(" ", "")


def rot13(folded: str) -> str:
    return codecs.decode(folded, "rot13")


def _from_bytes(text: str) -> Iterator[str]:
    readings: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
        (_BASE64, _base64),
        (_HEX, _hex),
        (_BITS, _bits),
        (_NUMBERS, _numbers),
    )
    for pattern, read in readings:
        for match in pattern.finditer(text):
            try:
                found = read(match.group()).decode("utf-8")
            except (ValueError, binascii.Error):
                continue
            strange = len(_NOT_READABLE.findall(found))
            if len(found) > 2 and strange <= (1 - READABLE) * len(found):
                yield found


def _base64(found: str) -> bytes:
    signs = found.rstrip("=").replace("-", "+").replace("_", "/")
    if signs.isalpha() and (signs.islower() or signs.isupper()):
        raise ValueError("a word")
    return base64.b64decode(signs + "=" * (-len(signs) % 4), validate=True)


def _hex(found: str) -> bytes:
    return bytes.fromhex(re.sub(r"0x|\\x|%|[ ,:;-]", "", found))


def _bits(found: str) -> bytes:
    return bytes(int(part, 2) for part in re.findall(r"[01]{7,8}", found))


def _numbers(found: str) -> bytes:
    return bytes(int(part) for part in re.findall(r"\d+", found) if int(part) < 256)


def _from_letters(folded: str) -> Iterator[str]:
    for match in _MORSE.finditer(folded):
        signs = re.sub(r"[·•*]", ".", re.sub(r"[–—_−]", "-", match.group()))
        letters = [_MORSE_LETTERS.get(part, " ") for part in re.split(r"[ |]|(?=/)", signs)]
        yield "".join(letters)
    for match in _PLACES.finditer(folded):
        places = [int(place) for place in re.findall(r"\d+", match.group())]
        if all(1 <= place <= 26 for place in places):
            yield "".join(chr(96 + place) for place in places)
    yield from _spelled(_WORD.findall(folded.replace("-", "")))


def _from_initials(text: str, folded: str) -> Iterator[str]:
    """The first letters of the words, where the text speaks of them, or where all words of a short
    text have capital ones and would not need them."""
    words = _INITIAL_WORD.findall(text)
    if _INITIALS.search(folded):
        yield "".join(word[0] for word in words).lower()
        yield "".join(word[0] for word in words if word[0].isupper()).lower()
    elif len(words) >= SPELLED_WORDS and all(word[0].isupper() for word in words):
        yield "".join(word[0] for word in words).lower()


def _spelled(words: list[str]) -> Iterator[str]:
    """Runs of letters' names: "eff you see kay", "foxtrot uniform charlie kilo"."""
    letters: list[str] = []
    certain = 0
    for word in [*words, ""]:
        letter = _SPELLED.get(word) or _MAYBE_SPELLED.get(word) or (word if len(word) == 1 else "")
        if letter:
            letters.append(letter)
            certain += word in _SPELLED
            continue
        if len(letters) >= SPELLED_LETTERS and certain:
            yield "".join(letters)
        letters, certain = [], 0
