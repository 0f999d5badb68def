"""Whether what was understood is what she herself was saying."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
#: Of longer texts the end is enough.
_MOST_WORDS, _MOST_SAID = 40, 160
#: From this share of its words found in the same order in hers, a text is hers.
_SAME_SHARE = 0.75
#: Fewer words may be an echo or a host who repeats them.
FEWEST_WORDS = 4


def words_in(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in _WORD.findall(text[:4_000])]


def same_words(heard: str, said: Sequence[str]) -> float:
    """The share (0..1) of the words of `heard` that stand in the same order, near each other, in
    what she said lately."""
    theirs = words_in(heard)[-_MOST_WORDS:]
    hers = [word for text in said for word in words_in(text)][-_MOST_SAID:]
    if not theirs or not hers:
        return 0.0
    blocks = SequenceMatcher(None, theirs, hers, autojunk=False).get_matching_blocks()
    found = [block for block in blocks if block.size]
    if not found:
        return 0.0
    reach = found[-1].b + found[-1].size - found[0].b
    if reach > 2 * len(theirs) + 2:
        found = [max(found, key=lambda block: block.size)]
    return sum(block.size for block in found) / len(theirs)


def are_hers(heard: str, said: Sequence[str], sounded_like_her: bool = False) -> bool:
    """Whether a text is hers. A short one only where it also sounded like her."""
    count = len(words_in(heard))
    if not count or (count < FEWEST_WORDS and not sounded_like_her):
        return False
    return same_words(heard, said) >= (_SAME_SHARE if count >= FEWEST_WORDS else 1.0)
