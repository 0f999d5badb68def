"""What the scripted engine understands of a line: its kind, whom it is from, what it is about."""

import re
from dataclasses import dataclass
from functools import lru_cache

from libs.contracts.conversation import TurnCommitted
from libs.contracts.safety import GateAction
from libs.safety import Gate
from libs.settings.personas import ScriptedLines

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
#: Addresses and the like: nothing in them is a word to talk about.
_NO_WORDS = re.compile(r"\S*(?:[/@\\<>{}]|\w[.:]\w)\S*")
_NAME = re.compile(r"[\w-]+")

#: Longest name and longest word that are repeated aloud.
_LONGEST_NAME = 24
_LONGEST_WORD = 16
_MAXIMUM_TOPIC_WORDS = 3

_HELLO = re.compile(
    r"^\W*(?:hi+|hello+|hey+|hiya|good (?:morning|evening|afternoon)|oi+e?|ol[áa]|opa"
    r"|bom dia|boa (?:tarde|noite)|e a[íi])\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thanks?|thank you|thx|ty|obrigad[oa]|valeu)\b", re.IGNORECASE)
_LAUGH = re.compile(
    r"\b(?:lol|lmao|rofl|(?:ha){2,}h?|(?:he){2,}|k{3,}|(?:rs){2,})\b|[😂🤣😆]", re.IGNORECASE
)
_QUESTION = re.compile(
    r"\?|^\W*(?:what|why|how|when|where|who|which|can|could|do|does|did|are|is|will|would|should"
    r"|o que|por ?que|como|quando|onde|quem|qual|voc[êe])\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Heard:
    """`topic` and `earlier` are words that may be said aloud, or None."""

    kind: str
    name: str
    topic: str | None
    earlier: str | None


def listen(turn: TurnCommitted, gate: Gate, lines: ScriptedLines) -> Heard:
    text = turn.input.text
    empty = lines.empty_word_set | {turn.persona.name.lower()}
    topic = topic_of(text, gate, empty)
    earlier_texts = [line.text for line in turn.history if line.speaker == "viewer"]
    topics = (topic_of(earlier, gate, empty) for earlier in reversed(earlier_texts))
    earlier = next((t for t in topics if t is not None and t != topic), None)
    name = _name(turn.input.author.name, gate) or lines.nameless
    return Heard(_kind(text), name, topic, earlier)


@lru_cache(maxsize=1_000)
def topic_of(text: str, gate: Gate, empty: frozenset[str]) -> str | None:
    """The last longest run of words with a meaning; None when none may be said."""
    runs: list[list[str]] = [[]]
    for word in _WORD.findall(_NO_WORDS.sub(" . ", text[:300])):
        if 2 < len(word) <= _LONGEST_WORD and not _is_empty(word, empty):
            runs[-1].append(word.lower())
        elif runs[-1]:
            runs.append([])
    found = sorted((run for run in runs if run), key=lambda run: min(len(run), 2))
    for run in reversed(found):
        topic = " ".join(run[-_MAXIMUM_TOPIC_WORDS:])
        if gate.check(topic, "chat_out").action is GateAction.ALLOW:
            return topic
    return None


def _is_empty(word: str, empty: frozenset[str]) -> bool:
    return word.lower() in empty or _LAUGH.fullmatch(word) is not None


def _kind(text: str) -> str:
    if _HELLO.search(text):
        return "hello"
    if _THANKS.search(text):
        return "thanks"
    if _LAUGH.search(text):
        return "laugh"
    return "question" if _QUESTION.search(text) else "remark"


@lru_cache(maxsize=1_000)
def _name(name: str, gate: Gate) -> str | None:
    """The name as it is said: its words, without numbers at the end and decoration."""
    words = [word.strip("_-") for word in _NAME.findall(name.replace("_", " "))]
    said = re.sub(r"\d{3,}$", "", " ".join(word for word in words if word.lower() != "xx")).strip()
    if not said or len(said) > _LONGEST_NAME or not any(c.isalpha() for c in said):
        return None
    passes = all(gate.check(t, "chat_out").action is GateAction.ALLOW for t in (name, said))
    return said if passes else None
