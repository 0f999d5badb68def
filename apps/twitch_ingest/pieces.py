"""A text in pieces that a platform takes as single lines. Pure."""

import unicodedata
from collections.abc import Iterator

#: Below the 500 of Twitch: what is counted there is not told everywhere.
LONGEST_PIECE = 450
#: What begins so is an order to the platform or to another bot, whoever writes it.
ORDERS = ("/", ".", "!")
#: Stands before a piece that would begin so.
GUARD = "» "

_JOINS = frozenset("\u200d\ufe0e\ufe0f")
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def pieces(text: str, longest: int = LONGEST_PIECE, prefix: str = "!") -> list[str]:
    """The text in pieces of at most `longest` UTF-16 units each, cut between words where it can be;
    none of them begins like a command. White space is single spaces."""
    orders = (*ORDERS, prefix)
    room = max(1, longest - len(GUARD))
    found: list[str] = []
    line, used = "", 0
    for word in _words(text, room):
        size = _units(word)
        if line and used + 1 + size > room:
            found.append(line)
            line, used = "", 0
        line, used = (f"{line} {word}", used + 1 + size) if line else (word, size)
    if line:
        found.append(line)
    return [f"{GUARD}{piece}" if piece.startswith(orders) else piece for piece in found]


def _words(text: str, longest: int) -> Iterator[str]:
    """Words; one that is too long in parts, never inside of what is seen as one sign."""
    for word in text.split():
        if _units(word) <= longest:
            yield word
            continue
        part, used = "", 0
        for sign in _signs(word):
            size = _units(sign)
            if part and used + size > longest:
                yield part
                part, used = "", 0
            part, used = part + sign, used + size
        yield part


def _signs(word: str) -> Iterator[str]:
    """Letters with their marks, and emoji with what is joined to them; at most eight together, for
    a text may consist of nothing else."""
    sign = ""
    for character in word:
        if sign and not (_belongs(sign, character) and len(sign) < 8):
            yield sign
            sign = ""
        sign += character
    yield sign


def _belongs(sign: str, character: str) -> bool:
    joined = character in _JOINS or sign[-1] == "\u200d" or ord(character) in _SKIN_TONES
    return joined or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
