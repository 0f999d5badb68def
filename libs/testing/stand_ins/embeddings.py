"""What the embedding models behind the stand-ins say: vectors that behave like meanings, made
without a model.

A text is a bag of its words, of their pieces of three letters, and of what they belong to in the
small table below; each of these points in a fixed direction. So texts about the same things are
near, whatever else is in them, and the same text has the same vector on every machine. It shows
that a chain works and what it costs, not how well a real model understands.
"""

import math
import re
import zlib
from collections import Counter
from functools import lru_cache

DIMENSION = 384
#: How much a word's own spelling counts beside what it belongs to.
_SPELLING, _PIECE, _THING = 1.0, 0.25, 2.0

#: Words that a model would find near each other.
_THINGS = (
    "cat kitten kitty furry purr purrs meow bed sofa gato gatinho sofá bicho",
    "dog puppy bark leash walk hund perro cachorro",
    "bird parrot budgie feathers sings noise kitchen",
    "pet animal animals pets bicho",
    "city town hometown country airport accent map live lives moved from moro mora mudei cidade"
    " aeroporto onde",
    "job work works profession boss shift nurse baker welder pilot trabalho trabalho emprego"
    " profissão sono office",
    "game games play playing celeste hades tetris jogo jogar",
    "food eat dinner hungry allergic allergy hospital adoro comida alergia",
    "music song band guitar cello instrument stage banda palco instrumento toco",
    "fear afraid scared scares run screaming medo pavor correndo",
    "hate dislike detest stand room odeio detesto",
    "birthday born party cake aniversário nasci festa",
    "name called nickname call chamar apelido nome",
    "family sister brother mother father irmã irmão",
    "car van drive vehicle road",
    "dream wish someday million open sonho",
    "collect hobby shelf weekend coleciono passatempo",
    "language speak learn idioma falo",
    "colour color paint cor",
)
_WORD = re.compile(r"[^\W_]+")


def _belongings() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for number, words in enumerate(_THINGS):
        for word in words.split():
            found[word] = (*found.get(word, ()), f"thing {number}")
    return found


_BELONGS = _belongings()


def vector_of(text: str, dimension: int = DIMENSION) -> list[float]:
    """Of length one; all zeros for a text without letters and digits."""
    values = [0.0] * dimension
    for word, count in Counter(_WORD.findall(text.casefold())).items():
        for place, weight in _directions(word, dimension):
            values[place] += weight * math.sqrt(count)
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [round(value / length, 7) for value in values]


@lru_cache(16_384)
def _directions(word: str, dimension: int) -> tuple[tuple[int, float], ...]:
    pieces = [word[n : n + 3] for n in range(len(word) - 2)]
    marks = [(word, _SPELLING), *((piece, _PIECE) for piece in pieces)]
    marks += [(thing, _THING) for thing in _BELONGS.get(word, ())]
    found: list[tuple[int, float]] = []
    for mark, weight in marks:
        # Four places each: two marks that share one are still told apart.
        for turn in range(4):
            number = zlib.crc32(f"{turn} {mark}".encode())
            found.append((number % dimension, weight / 2 * (1 if number >> 31 else -1)))
    return tuple(found)
