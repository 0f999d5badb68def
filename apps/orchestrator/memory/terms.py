"""Words of a text as they are looked up: folded, without those that say nothing."""

import re
import unicodedata
from functools import lru_cache

#: Words that are in every sentence and find nothing (English, Portuguese, Spanish, German, French).
EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a about again all also am an and any are as at be been but by can could did do does for from get
    got had has have he her hers him his how i if in into is it its just like me more my no not now
    of on or our out over please she should so some than that the their them then there these they
    this to too up us very was we were what when where which who why will with would yes you your
    yours im ive dont didnt doesnt isnt thats whats kitsu here anyone anybody someone somebody
    everyone everybody something anything ever never really know remember tell said
    o os um uma uns umas e ou mas de do da dos das em no na nos nas por para com sem que qual quem
    alguem aqui algum alguma sabe lembra
    como quando onde eu tu ele ela nos voces voce eles elas meu minha seu sua nao sim mais muito
    el la los las un una unos unas y pero del al en con sin se su sus mi mis tu tus es son fue
    lo le les me te nos si ya muy mas
    der die das ein eine einer eines und oder aber von im ist sind war ich du er sie es wir ihr
    mein dein sein nicht auch nur noch schon mit auf zu dem den
    le les des une et ou mais du au aux dans avec sans est sont je il elle nous vous ils elles mon
    ma mes ton ta ce cette qui ne pas plus
    """,
    )
)

#: Runs of these scripts have no spaces: they are looked up by pairs of letters.
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]+")
_POSSESSIVE = re.compile(r"(?<=\w)['’`]s\b")
_APOSTROPHES = re.compile(r"['’`]")

#: Words of one text that are looked up; a long line is not a better question.
MAXIMUM_TERMS = 200
#: Texts and words whose folding is kept at hand.
KEPT_TEXTS = 4_096
KEPT_WORDS = 16_384


def terms_of(text: str) -> list[str]:
    """The words of a text, in order: case and accents folded, endings cut, empty words left out."""
    return list(_terms(text))


def words_of(text: str) -> list[str]:
    """All words, folded, without possessive endings; whole runs where words are not spaced."""
    return _WORD.findall(folded(text))


@lru_cache(KEPT_TEXTS)
def _terms(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in words_of(text):
        if _UNSPACED_RUN.fullmatch(word):
            found += [word[n : n + 2] for n in range(max(1, len(word) - 1))]
        elif word not in EMPTY_WORDS and (len(word) > 1 or word.isdigit()):
            found.append(stem(word[:40]))
        if len(found) >= MAXIMUM_TERMS:
            break
    return tuple(found[:MAXIMUM_TERMS])


def folded(text: str) -> str:
    text = _APOSTROPHES.sub("", _POSSESSIVE.sub("", text))
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFKD", text).casefold()
    without_accents = "".join(c for c in composed if not unicodedata.combining(c))
    return unicodedata.normalize("NFKC", without_accents)


@lru_cache(KEPT_WORDS)
def stem(word: str) -> str:
    """Plurals, the commonest endings of English, and the vowel that tells `gato` from `gata` and
    `coleciono` from `coleciona`; enough for looking up, no grammar."""
    for ending, least in (("ies", 5), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if len(word) >= least and word.endswith(ending) and not word.endswith("ss"):
            cut = word.removesuffix(ending)
            return cut + "y" if ending == "ies" else _shortened(cut)
    return _shortened(word)


def _shortened(word: str) -> str:
    if (len(word) >= 4 and word[-1] == "e") or (len(word) >= 5 and word[-1] in "ao"):
        word = word[:-1]
    doubled = len(word) > 3 and word[-1] == word[-2] and word[-1].isalpha()
    return word[:-1] if doubled else word  # `runn` (of running) is `run`
