"""Whether a sentence is in a language that is expected, told by its letters and small words.

No statistics of letters: a wrong guess would silence her. What is too short to tell, passes.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection

#: First code point of each run of letters, and the script it belongs to (Unicode, Blocks.txt).
_BLOCKS = (
    (0x0000, "latin"),
    (0x0370, "greek"),
    (0x0400, "cyrillic"),
    (0x0530, "other"),
    (0x0590, "hebrew"),
    (0x0600, "arabic"),
    (0x0900, "devanagari"),
    (0x0980, "other"),
    (0x0E00, "thai"),
    (0x0E80, "other"),
    (0x1100, "hangul"),
    (0x1200, "other"),
    (0x1E00, "latin"),
    (0x1F00, "greek"),
    (0x2000, "other"),
    (0x3040, "kana"),
    (0x3100, "other"),
    (0x3400, "han"),
    (0xA000, "other"),
    (0xAC00, "hangul"),
    (0xD7B0, "other"),
)
_STARTS = [start for start, _ in _BLOCKS]

_SCRIPTS = {
    "ar": {"arabic"},
    "be": {"cyrillic"},
    "bg": {"cyrillic"},
    "el": {"greek"},
    "fa": {"arabic"},
    "he": {"hebrew"},
    "hi": {"devanagari"},
    "ja": {"kana", "han"},
    "ko": {"hangul", "han"},
    "ru": {"cyrillic"},
    "sr": {"cyrillic", "latin"},
    "th": {"thai"},
    "uk": {"cyrillic"},
    "ur": {"arabic"},
    "zh": {"han"},
}

#: Small words that stand in almost every longer sentence of one language, and not in another's.
_SMALL_WORDS = {
    "de": "der das und ist nicht ein eine ich du wir ihr sie auch aber mit auf für von zu dem den"
    " heute sehr haben sind bin wenn noch schon immer mal",
    "en": "the and is are you that it of to this with my your we what have not they for just be"
    " but if at from there here like can will would i'm it's don't",
    "es": "el los las muy usted ustedes pero hoy con yo eres gracias una por está qué cómo esto"
    " también y del estoy tengo quiero todos ahora siempre",
    "fr": "le les des est et une pas je tu nous vous avec pour dans sur mais très aujourd'hui c'est"
    " qui être avoir merci toujours ça j'ai",
    "it": "il gli che di è una non sono con per ma molto oggi questo anche io noi siamo grazie"
    " della ciao tutti sempre ho",
    "pt": "não você vocês muito hoje está estão isso uma com meu minha vai mas então gente aqui"
    " também eu para ser sou obrigado obrigada agora tudo você é",
}
_SMALL = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

#: So many letters must be of a strange script before the sentence counts as foreign.
_FEWEST_LETTERS = 3
#: So many small words of another language, and none of an expected one.
_FEWEST_SMALL_WORDS = 3


def is_foreign(sentence: str, languages: Collection[str]) -> bool | None:
    """Whether a sentence is in none of these languages (`en`, `pt-BR`); None: it cannot be told."""
    spoken = frozenset(language[:2] for language in languages)
    if sentence.isascii():
        return _by_small_words(sentence, spoken)
    scripts = Counter(_script(character) for character in sentence if character.isalpha())
    expected = {"latin"}.union(*(_SCRIPTS.get(language, set()) for language in spoken))
    strange = sum(count for script, count in scripts.items() if script not in expected)
    if strange >= _FEWEST_LETTERS and strange * 2 > scripts.total():
        return True
    own_script = expected - {"latin"}
    if own_script and sum(scripts[script] for script in own_script) * 2 > scripts.total():
        return False
    return _by_small_words(sentence, spoken)


def _by_small_words(sentence: str, spoken: frozenset[str]) -> bool | None:
    words = [word.replace("’", "'") for word in _WORD.findall(sentence.lower())]
    own = [_SMALL[language] for language in spoken if language in _SMALL]
    if any(word in small for word in words for small in own):
        return False
    found = (
        sum(map(small.__contains__, words)) for name, small in _SMALL.items() if name not in spoken
    )
    return True if max(found, default=0) >= _FEWEST_SMALL_WORDS else None


def _script(character: str) -> str:
    return _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]
