"""What a viewer's line tells of the viewer: rules over the words, no model, no hearsay.

Only the first person counts. Who says what somebody else said, promised or is (also the host, also
Kitsu) tells nothing about them that may be believed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Longest fact; the rest of a rambling line is not kept.
MAXIMUM_CHARACTERS = 140
#: A line that tells more than this is a flood.
MAXIMUM_CLAIMS = 3


@dataclass(frozen=True)
class Claim:
    """`topic` is what it is about; `importance` is 0..1."""

    topic: str
    text: str
    importance: float


_SENTENCE = re.compile(r"[^.!?;\n]+[.!?;\n]?")
_HEARSAY = re.compile(
    r"\b(?:said|says|told|promised|claims?|swore|disse|falou|prometeu|dijo|prometio|sagte|"
    r"versprach|a dit|promis)\b|\byou (?:are|were|must|should|will|have to)\b",
    re.IGNORECASE,
)
#: Asked back at the end of a statement.
_AND_YOU = re.compile(r",?\s*(?:and you|e voc[eê]|e tu|y t[uú]|und du|et toi)\s*\?", re.IGNORECASE)
_ASKED = re.compile(
    r"^\W*(?:hey |ok |kitsu[, ]*|please |pls )*(?:remember|lembra|lembre|recuerda|merk dir|"
    r"souviens-toi)\b(?:\s+(?:that|que|dass|de que))?[:,]?\s*",
    re.IGNORECASE,
)

#: Pattern, topic ("{}": the words of its first group), importance.
_RULES: tuple[tuple[re.Pattern[str], str, float], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), topic, importance)
    for pattern, topic, importance in (
        # English
        (r"\b(?:my name is|my name's|call me) (?!a |an |the )\S+", "name", 0.9),
        (r"\bmy pronouns are \S+", "pronouns", 0.9),
        (r"\bmy birthday is \S+", "birthday", 0.8),
        (r"\bmy favou?rite ((?:\w+ ){0,2}\w+) (?:is|are) \S+", "favourite {}", 0.7),
        (
            r"\bmy (cat|dog|pet|bird|brother|sister|mom|mum|dad|wife|husband|partner|son|daughter|"
            r"job|car|horse|hamster|rabbit|band|team|main|school|hobby|dream)"
            r"(?:'s name)? (?:is|are|was|has|just|got)\b \S+",
            "{}",
            0.7,
        ),
        (r"\bi(?:'m| am) from \S+", "from", 0.8),
        (r"\bi live in \S+", "lives in", 0.7),
        (r"\bi (?:work|study) (?:as|at|in|for)? ?\S+", "work", 0.6),
        (r"\bi(?:'m| am) (?:a|an) \S+", "is", 0.5),
        (r"\bi(?:'m| am) (?:allergic|afraid|scared) (?:to|of) \S+", "careful", 0.8),
        (r"\bi (?:really |absolutely )?(?:love|adore|hate|like|prefer|collect) (\w+)", "{}", 0.5),
        (r"\bi (?:play|main|stream) (\w+)", "plays {}", 0.5),
        (r"\bi have (?:a|an|two|three|four) (\w+)", "has {}", 0.5),
        # Portuguese
        (r"\b(?:meu nome [eé]|me chamo|pode me chamar de) \S+", "name", 0.9),
        (r"\b(?:eu )?(?:sou de|moro em) \S+", "from", 0.8),
        (r"\bmeu anivers[aá]rio [eé] \S+", "birthday", 0.8),
        (r"\bmeu (\w+) favorito [eé] \S+", "favourite {}", 0.7),
        (r"\bminha (\w+) favorita [eé] \S+", "favourite {}", 0.7),
        (
            r"\b(?:meu|minha) (gato|gata|cachorr[oa]|irm[aã]o?|filh[oa]) (?:se chama|[eé]) \S+",
            "{}",
            0.7,
        ),
        (r"\beu (?:amo|adoro|odeio|gosto de|prefiro) (\w+)", "{}", 0.5),
        # Spanish, German, French
        (r"\b(?:me llamo|mi nombre es) \S+", "name", 0.9),
        (r"\b(?:yo )?(?:soy de|vivo en) \S+", "from", 0.8),
        (r"\b(?:mi) (\w+) favorit[oa] es \S+", "favourite {}", 0.7),
        (r"\b(?:me encanta|me gusta|odio) (\w+)", "{}", 0.5),
        (r"\b(?:ich hei(?:ß|ss)e|mein name ist) \S+", "name", 0.9),
        (r"\bich (?:komme aus|wohne in) \S+", "from", 0.8),
        (r"\bmein\w* lieblings(\w+) ist \S+", "favourite {}", 0.7),
        (r"\bich (?:liebe|hasse|mag) (\w+)", "{}", 0.5),
        (r"\bje m'appelle \S+", "name", 0.9),
        (r"\b(?:je viens de|j'habite) \S+", "from", 0.8),
        (r"\bj'(?:adore|aime) (?:les? |la )?(\w+)", "{}", 0.5),
    )
)  # fmt: skip

_ASKED_IMPORTANCE = 0.9
_FIRST_PERSON = re.compile(
    r"^(?:i|i'm|i've|my|eu|meu|minha|yo|mi|ich|mein\w*|je|j'|mon|ma)\b", re.IGNORECASE
)


def claims_of(text: str) -> list[Claim]:
    """What the author of a line tells of themselves; questions tell nothing."""
    found: dict[str, Claim] = {}
    for sentence in _SENTENCE.findall(_AND_YOU.sub(".", text[:1_000])):
        if sentence.rstrip().endswith("?") or _HEARSAY.search(sentence):
            continue
        for claim in _claims(sentence.strip(" .!;\n")):
            found.setdefault(claim.topic, claim)
    return list(found.values())[:MAXIMUM_CLAIMS]


def wished(text: str) -> str | None:
    """What a line asks to be remembered ("remember that …"), if it does."""
    match = _ASKED.match(text)
    rest = text[match.end() :].strip() if match else ""
    return rest[:MAXIMUM_CHARACTERS] or None


def _claims(sentence: str) -> Iterator[Claim]:
    asked = wished(sentence)
    body = asked or sentence
    told = False
    for pattern, topic, importance in _RULES:
        match = pattern.search(body)
        if match is None:
            continue
        about = topic.format(*(group.casefold() for group in match.groups()))
        importance = max(importance, _ASKED_IMPORTANCE if asked else 0)
        told = True
        yield Claim(about, _from(body, match.start()), importance)
    if asked and not told and _FIRST_PERSON.match(asked):
        yield Claim("asked", asked[:MAXIMUM_CHARACTERS], _ASKED_IMPORTANCE)


def _from(sentence: str, start: int) -> str:
    """The clause that begins there."""
    clause = re.split(r",? (?:but|and you|mas|pero|aber|mais) ", sentence[start:], maxsplit=1)[0]
    return clause[:MAXIMUM_CHARACTERS].strip()
