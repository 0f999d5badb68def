"""Cuts a reply into sentences while it is still being written."""

import re

#: A voice needs a breath: longer sentences are cut at a comma or a space.
MAXIMUM_CHARACTERS = 220
#: The first piece may end at a comma once it has this many characters: sound begins sooner.
FIRST_PIECE_CHARACTERS = 25
#: And where no comma comes, at a space: nobody waits for the end of a sentence without one.
FIRST_PIECE_MAXIMUM = 120

_END = re.compile(r"([.!?…]+)[\"'”’»)\]*_]*$")
_CLAUSE_END = re.compile(r"[,;:—–][\"'”’»)\]*_]*$")
_ELLIPSIS = re.compile(r"\.{2,}|…")
_CJK_ENDS = frozenset("。！？｡")
_AFTER_CJK_END = frozenset("。！？｡」』）】”’\"'…")
_LIST_NUMBER = re.compile(r"\d{1,3}[.)]$")
_INITIAL = re.compile(r"(?:^|\s)[A-HJ-Z]\.$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:dr|dra|mr|mrs|ms|mx|prof|sr|sra|srta|jr|st|vs|e\.g|i\.e|cf|approx|z\.b|d\.h|p\.ex"
    r"|u\.a|ca|inc|ltd|fig|vol|nr)\.$",
    re.IGNORECASE,
)


class SentenceCutter:
    """Takes text in pieces of any size and gives whole sentences, in order.

    Promises: where it cuts does not depend on how the text was divided into pieces; the sentences
    joined by spaces are the text with its white space made even; none is longer than `maximum`; it
    never cuts inside an e-mail address, a URL, a number, an abbreviation or before the small letter
    after an ellipsis (unless the maximum forces it).
    """

    def __init__(
        self, maximum: int = MAXIMUM_CHARACTERS, first_piece: int = FIRST_PIECE_CHARACTERS
    ) -> None:
        self._maximum = maximum
        self._first_piece = first_piece
        self._text = ""
        self._begun = False
        self._after_ellipsis = False
        self._after_cjk_end = False

    def feed(self, text: str) -> list[str]:
        """The sentences that this piece of text completed."""
        done: list[str] = []
        for character in text:
            self._take(character, done)
        return done

    def finish(self) -> list[str]:
        """What is left, as the last sentence."""
        done: list[str] = []
        self._cut(len(self._text), done)
        self._after_ellipsis = self._after_cjk_end = False
        return done

    def _take(self, character: str, done: list[str]) -> None:
        if character in "\r\n\u2028\u2029":
            self._cut(len(self._text), done)
            return
        if self._after_cjk_end and character not in _AFTER_CJK_END:
            self._cut(len(self._text), done)
        if character.isspace():
            self._take_space(done)
            return
        if self._after_ellipsis:
            self._after_ellipsis = False
            if not character.islower():
                self._cut(len(self._text), done)
        self._text += character
        self._after_cjk_end = character in _CJK_ENDS or (
            self._after_cjk_end and character in _AFTER_CJK_END
        )
        if len(self._text) > self._longest:
            self._cut(self._best_place(), done)

    def _take_space(self, done: list[str]) -> None:
        if not self._text or self._text.endswith(" "):
            return
        if self._ends_sentence() or self._ends_first_piece():
            self._cut(len(self._text), done)
        else:
            self._text += " "

    def _ends_sentence(self) -> bool:
        match = _END.search(self._text)
        if match is None:
            return False
        if _ELLIPSIS.search(match.group(1)):
            self._after_ellipsis = True
            return False
        return not (
            _ABBREVIATION.search(self._text)
            or _INITIAL.search(self._text)
            or _LIST_NUMBER.fullmatch(self._text)
        )

    def _ends_first_piece(self) -> bool:
        return (
            not self._begun
            and len(self._text) >= self._first_piece
            and _CLAUSE_END.search(self._text) is not None
        )

    @property
    def _longest(self) -> int:
        """Of the first piece less, so that sound begins sooner."""
        return self._maximum if self._begun else min(self._maximum, FIRST_PIECE_MAXIMUM)

    def _best_place(self) -> int:
        """The last clause end in the last two thirds, else the last space, else the maximum."""
        window = self._text[: self._longest]
        places = [match.end() for match in re.finditer(r"[,;:—–] |[、，；]", window)]
        late = [place for place in places if place > self._longest // 3]
        if late:
            return late[-1]
        space = window.rfind(" ")
        return space if space > 0 else self._longest

    def _cut(self, place: int, done: list[str]) -> None:
        sentence, self._text = self._text[:place].strip(), self._text[place:].lstrip()
        self._after_ellipsis = self._after_cjk_end = False
        if sentence:
            self._begun = True
            done.append(sentence)
