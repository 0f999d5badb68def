"""A made-up show of many evenings, for the quiz: who says what, and in which order."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from apps.orchestrator.memory.quiz_cards import (
    AFTER,
    BEFORE,
    ENGLISH,
    NAMES,
    NOT_THEIRS,
    OF_THE_SHOW,
    POOLS,
    PORTUGUESE,
    SAID_ONCE,
    SMALL_TALK,
    Card,
)
from libs.contracts.people import Author, Role

#: Viewers who tell something of themselves, at most, and messages for each; as many viewers again
#: tell similar things and are not asked.
TELLERS = 24
MESSAGES_A_TELLER = 100
FEWEST_FACTS, MOST_FACTS = 6, 10
#: Viewers who talk and tell nothing.
TALKERS = 400
#: The kind of the questions that have hardly a word in common with what was told.
FAR = "far"
HOST = Author(viewer_id="host", name="host", role=Role.BROADCASTER)


@dataclass(frozen=True)
class Line:
    author: Author
    text: str
    forbidden: bool = False
    """Nothing may be learned from it."""


@dataclass(frozen=True)
class Asked:
    """A question, and what must come along. `outdated`: what must not come along of the viewer it
    is about, for it is not so any more; "-": nothing."""

    kind: str
    author: Author
    text: str
    wanted: str
    outdated: str = "-"
    of_whom: str = ""


@dataclass
class Script:
    """`evenings` are hours apart: nobody may tell too much in one of them."""

    evenings: list[list[Line]]
    questions: list[Asked] = field(default_factory=list)


def script(messages: int, seed: int) -> Script:
    """A show of about so many messages: every line is answered, so half of them are lines."""
    rng = random.Random(seed)
    told: list[list[Line]] = [[] for _ in range(4)]
    show = Script(told)
    for number in range(max(3, min(TELLERS, messages // MESSAGES_A_TELLER))):
        name = NAMES[number % len(NAMES)]
        _tell(rng, show, _viewer(name), PORTUGUESE if number % 3 == 2 else ENGLISH, asked=True)
        _tell(rng, show, _viewer(f"{name}_2"), ENGLISH, asked=False)
    for card in OF_THE_SHOW:
        filled = _filled(rng, card)
        told[0].append(Line(HOST, filled.told[0]))
        show.questions += [
            Asked("show", _viewer("stranger"), q, filled.wanted) for q in filled.asks
        ]
    for said, question, wanted in SAID_ONCE:
        told[1].append(Line(_viewer(rng.choice(NAMES)), said))
        show.questions.append(Asked("said once", _viewer("stranger"), question, wanted))
    for number, text in enumerate(NOT_THEIRS):
        liar, other = _viewer(f"talker{number}"), rng.choice(NAMES)
        told[2].append(Line(liar, text.replace("{who}", other), forbidden=True))
    for evening in told:
        rng.shuffle(evening)
    talk = max(60, messages // 2 - sum(map(len, told)))
    show.evenings += [list(_small_talk(rng, talk // 6)) for _ in range(6)]
    return show


def _viewer(name: str) -> Author:
    return Author(viewer_id=f"quiz:{name}", name=name)


def _tell(
    rng: random.Random, show: Script, who: Author, cards: tuple[Card, ...], asked: bool
) -> None:
    """Corrections come an evening after what they correct; a viewer's cards share no kind of
    value, so that each question has one right answer."""
    chosen: list[Card] = []
    values: set[str] = set()
    for card in rng.sample(cards, len(cards)):
        filled = _filled(rng, card)
        same = any(
            (one.kind, one.told[0].split()[:2]) == (card.kind, card.told[0].split()[:2])
            for one in chosen
        )
        used = values & {filled.wanted, filled.outdated}
        if len(chosen) < rng.randint(FEWEST_FACTS, MOST_FACTS) and not used and not same:
            chosen.append(filled)
            values |= {filled.wanted, filled.outdated} - {""}
    for number, card in enumerate(chosen):
        for later, text in enumerate(card.told):
            chatted = f"{rng.choice(BEFORE)}{text}{rng.choice(AFTER)}"
            show.evenings[(number % 2) + later * 2].append(Line(who, chatted))
        if asked:
            stranger = _viewer("stranger")
            answer = (card.wanted, card.outdated or "-", who.viewer_id)
            show.questions += [Asked(card.kind, who, question, *answer) for question in card.asks]
            show.questions += [Asked(FAR, who, card.far, *answer)] if card.far else []
            show.questions += [
                Asked("by name", stranger, question.replace("{who}", who.name), *answer)
                for question in card.by_others
            ]


def _filled(rng: random.Random, card: Card) -> Card:
    values = {name: rng.choice(pool) for name, pool in POOLS.items()}
    for name in ("city", "job", "game"):
        values[f"old_{name}"], values[name] = rng.sample(POOLS[name], 2)

    def fill(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    return Card(
        card.kind,
        tuple(map(fill, card.told)),
        fill(card.wanted),
        tuple(map(fill, card.asks)),
        tuple(map(fill, card.by_others)),
        fill(card.outdated),
        card.far,
    )


def _small_talk(rng: random.Random, count: int) -> Iterator[Line]:
    for _ in range(count):
        text = rng.choice(SMALL_TALK)
        for name, pool in POOLS.items():
            text = text.replace(f"{{{name}}}", rng.choice(pool))
        text = text.replace("{who}", rng.choice(NAMES))
        yield Line(_viewer(f"talker{rng.randrange(TALKERS)}"), text)
