"""What a viewer's line tells of the viewer: rules over the words, no model, no hearsay.

Only the first person counts. Who says what somebody else said, promised or is (also the host, also
Kitsu) tells nothing about them that may be believed. Better to learn too little: what is asked,
supposed, quoted or ordered is left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apps.orchestrator.memory.concepts import concepts_of, topic_word
from apps.orchestrator.memory.fact_language import (
    AFTER,
    AND_YOU,
    ASKED,
    ASKING,
    BEFORE,
    CLAUSE_END,
    FIRST_PERSON,
    LEADING,
    NO_THING,
    NOT_THEIR_OWN,
    NOT_TOLD,
    OBJECT_ENDS,
    QUOTED,
    SENTENCE_END,
    SUPPOSED,
    WORD,
)
from apps.orchestrator.memory.fact_patterns import RULES, Rule
from apps.orchestrator.memory.terms import EMPTY_WORDS, folded

#: Longest fact; the rest of a rambling line is not kept.
MAXIMUM_CHARACTERS = 140
#: A line that tells more than this is a flood.
MAXIMUM_CLAIMS = 3
#: What one rule may find in one sentence ("i love tea and i love cake").
CLAIMS_A_RULE = 2
READ_CHARACTERS = 1_000
#: What a viewer asks to be remembered matters to them.
_ASKED_IMPORTANCE = 0.9


@dataclass(frozen=True)
class Claim:
    """`topic` is what it is about; `importance` is 0..1."""

    topic: str
    text: str
    importance: float


def claims_of(text: str) -> list[Claim]:
    """What the author of a line tells of themselves; questions tell nothing."""
    found: dict[str, Claim] = {}
    text = QUOTED.sub(_unless_said_by_another, AND_YOU.sub(". ", text[:READ_CHARACTERS]))
    for sentence in SENTENCE_END.split(text):
        own = AFTER.sub("", sentence)
        own = own[match.end() :] if (match := BEFORE.match(own)) else own
        asked = wished(own)
        body = (asked or own).strip()
        if sentence.rstrip().endswith("?") or NOT_THEIR_OWN.search(body):
            continue
        if ASKING.match(body) or SUPPOSED.search(body):
            continue
        for claim in _claims(body, asked is not None):
            found.setdefault(claim.topic, claim)
    strongest_first = sorted(found.values(), key=lambda claim: -claim.importance)
    return strongest_first[:MAXIMUM_CLAIMS]


def wished(text: str) -> str | None:
    """What a line asks to be remembered ("remember that …"), if it does."""
    match = BEFORE.match(text)
    text = text[match.end() :] if match else text
    match = ASKED.match(text)
    rest = text[match.end() :].strip() if match else ""
    return rest[:MAXIMUM_CHARACTERS] or None


def _unless_said_by_another(match: re.Match[str]) -> str:
    """Quotation marks around a name are part of what is told; around a sentence they are not."""
    return match[1] if len(match[1].split()) < 3 else " "


def _claims(body: str, asked: bool) -> Iterator[Claim]:
    """Each part of a sentence tells one thing: what the first rule that fits makes of it."""
    told: list[range] = []
    for rule in RULES:
        for match in list(rule.pattern.finditer(body))[:CLAIMS_A_RULE]:
            topic = _topic(rule, match, body)
            if topic is None or any(match.start() in span for span in told):
                continue
            text = _clause(body, match)
            told.append(range(match.start(), match.start() + len(text)))
            yield Claim(topic, text, _importance(rule, topic, asked))
    if asked and not told and FIRST_PERSON.match(body):
        yield Claim("asked", body[:MAXIMUM_CHARACTERS], _ASKED_IMPORTANCE)


def _importance(rule: Rule, topic: str, asked: bool) -> float:
    """What nobody thought of when the rules were written counts for a little less."""
    if asked:
        return max(rule.importance, _ASKED_IMPORTANCE)
    unheard_of = rule.topic == "{noun}" and not concepts_of(topic)
    return rule.importance - 0.2 if unheard_of else rule.importance


def _topic(rule: Rule, match: re.Match[str], body: str) -> str | None:
    """What the claim is about; None when it is about nothing that is worth keeping."""
    noun = match.groupdict().get("noun") or ""
    words = folded(noun).split()
    if noun and (not words or words[-1] in EMPTY_WORDS or {words[0], words[-1]} & NOT_TOLD):
        return None
    if rule.topic == "{noun}" and _passing(match, body):
        return None
    thing = ""
    if "{object}" in rule.topic:
        thing = _object(body[match.end() :])
        if not thing:
            return None
    return rule.topic.format(noun=topic_word(noun), object=thing)[:60]


def _passing(match: re.Match[str], body: str) -> bool:
    """ "My cat is sleeping": over in a moment."""
    rest = body[match.end("noun") :].split()[1:2]
    return bool(rest) and len(rest[0]) > 5 and rest[0].casefold().endswith(("ing", "ndo"))


def _object(rest: str) -> str:
    """The thing that is loved, played or had: the last of its first words."""
    kept: list[str] = []
    for match in WORD.finditer(rest[:80]):
        if rest[: match.start()].rstrip()[-1:] in (",", ".", "!", ":", ";", "(") and kept:
            break
        word = folded(match.group())
        if word in NO_THING:
            break
        if not kept and word in LEADING:
            continue
        if word in OBJECT_ENDS or word in EMPTY_WORDS or len(kept) == 2:
            break
        kept.append(word)
    return topic_word(" ".join(kept)) if kept else ""


def _clause(body: str, match: re.Match[str]) -> str:
    """From where it begins to where the next thought does."""
    ends = [end.start() for end in CLAUSE_END.finditer(body) if end.start() >= match.end()]
    return body[match.start() : min(ends, default=None)][:MAXIMUM_CHARACTERS].strip(" ,.!;")
