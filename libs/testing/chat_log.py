"""Makes up a chat log in the format of `libs.contracts.chat_log`: an evening with everything in it.

A slow hour, a busy chat, a raid, a wave of spam, copied texts, a storm of gifts, some trolls. The
same seed gives the same log. `python -m libs.testing.chat_log > chat.jsonl`
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from libs.contracts.chat_log import ChatLogLine
from libs.contracts.people import Role
from libs.testing.chat_phrases import (
    FILLERS,
    GREETINGS,
    HYPE,
    NEWCOMERS,
    NOISE,
    PASTAS,
    QUESTIONS,
    RAID_CHANTS,
    REMARKS,
    SHORT,
    SPAM,
    TO_OTHERS,
    TOLD,
    TROLLS,
)

#: Of the regular viewers, a few write most.
REGULARS = 700
RAIDERS = 260
SPAMMERS = 60
TROLL_NAMES = ("grumblor", "edgelord77", "xX_troll_Xx")
ROLES = ((0.02, Role.MODERATOR), (0.06, Role.VIP), (0.30, Role.SUBSCRIBER), (1.0, Role.VIEWER))


@dataclass(frozen=True)
class Part:
    """A part of the evening: so many seconds with this share of all lines."""

    name: str
    seconds: float
    share: float


PARTS = (
    Part("slow", 3_600, 0.05),
    Part("busy", 1_500, 0.37),
    Part("raid", 120, 0.12),
    Part("after the raid", 300, 0.08),
    Part("spam", 90, 0.12),
    Part("pasta", 60, 0.04),
    Part("gifts", 90, 0.06),
    Part("late", 900, 0.16),
)


class Evening:
    """Lines in order of time."""

    def __init__(self, lines: int, seed: int) -> None:
        self._rng = random.Random(seed)
        self._count = lines
        self._made = 0
        self._regulars = [self._viewer(f"viewer{n}") for n in range(REGULARS)]
        self._raiders = [f"raider{n}" for n in range(RAIDERS)]
        self._newcomers = 0
        self._last: list[ChatLogLine] = []

    def lines(self) -> Iterator[ChatLogLine]:
        begun = 0.0
        for part in PARTS:
            yield from sorted(self._part(part, begun), key=lambda line: line.at)
            begun += part.seconds

    def _part(self, part: Part, begun: float) -> Iterator[ChatLogLine]:
        rng, last = self._rng, part is PARTS[-1]
        wanted = self._count - self._made if last else round(self._count * part.share)
        if part.name == "raid":
            yield self._happened(begun, "raid", "foxfriend", count=RAIDERS)
            wanted -= 1
        if part.name == "gifts":
            givers = min(40, wanted // 4)
            for number in range(givers):
                at, giver = begun + rng.random() * 30, f"viewer{number}"
                yield self._happened(at, "gift", giver, count=rng.choice((1, 1, 5, 20)))
            wanted -= givers
        for _ in range(wanted):
            yield self._line(part, round(begun + rng.random() * part.seconds, 3))

    def _line(self, part: Part, at: float) -> ChatLogLine:
        special: dict[str, tuple[float, Callable[[float], ChatLogLine]]] = {
            "raid": (0.75, self._chant),
            "spam": (0.8, self._spam),
            "pasta": (0.7, self._pasta),
            "gifts": (0.6, self._hype),
            "late": (0.1, self._troll),
        }
        share, make = special.get(part.name, (0.01, self._troll))
        line = make(at) if self._rng.random() < share else self._ordinary(at)
        self._last = [*self._last[-20:], line]
        return line

    def _ordinary(self, at: float) -> ChatLogLine:
        chance = self._rng.random()
        for limit, make in (
            (0.02, self._taken_back),
            (0.12, self._question_to_her),
            (0.22, self._question),
            (0.27, self._newcomer),
            (0.33, self._told),
            (0.38, self._greeting),
            (0.52, self._to_another),
            (0.75, self._remark),
        ):
            if chance < limit:
                return make(at)
        return self._make(at, self._regular(), self._rng.choice(SHORT), worth=0.1)

    def _question_to_her(self, at: float) -> ChatLogLine:
        topic, text = self._asked()
        text = self._rng.choice(("kitsu {}", "{} @kitsu", "Kitsu, {}")).format(text)
        return self._make(at, self._regular(), text, worth=1.0, topic=f"her:{topic}")

    def _question(self, at: float) -> ChatLogLine:
        topic, text = self._asked()
        return self._make(at, self._regular(), text, worth=0.8, topic=f"her:{topic}")

    def _asked(self) -> tuple[str, str]:
        rng = self._rng
        name = rng.choice(list(QUESTIONS))
        text = rng.choice(QUESTIONS[name])
        if "{x}" not in text:
            return name, text
        filler = rng.choice(FILLERS)
        return f"{name} {filler}", text.format(x=filler)

    def _newcomer(self, at: float) -> ChatLogLine:
        self._newcomers += 1
        who = (f"newcomer{self._newcomers}", Role.VIEWER)
        text = self._rng.choice(NEWCOMERS)
        return self._make(at, who, text, worth=0.8, first_time=True, topic="newcomer")

    def _told(self, at: float) -> ChatLogLine:
        text = "kitsu " + self._rng.choice(TOLD).format(x=self._rng.choice(FILLERS))
        return self._make(at, self._regular(), text, worth=0.8)

    def _greeting(self, at: float) -> ChatLogLine:
        text = self._rng.choice(GREETINGS)
        return self._make(at, self._regular(), text, worth=0.4, topic="greeting")

    def _remark(self, at: float) -> ChatLogLine:
        text = self._rng.choice(REMARKS).format(x=self._rng.choice(FILLERS))
        return self._make(at, self._regular(), text, worth=0.4)

    def _to_another(self, at: float) -> ChatLogLine:
        who = self._regular()[0]
        text = self._rng.choice(TO_OTHERS).format(who=who)
        return self._make(at, self._regular(), text, worth=0.05, reply_to=who)

    def _taken_back(self, at: float) -> ChatLogLine:
        if not self._last:
            return self._greeting(at)
        gone = self._rng.choice(self._last)
        return self._happened(max(at, gone.at), "delete", gone.name, target=gone.id)

    def _chant(self, at: float) -> ChatLogLine:
        who = (self._rng.choice(self._raiders), Role.VIEWER)
        return self._make(at, who, self._rng.choice(RAID_CHANTS), worth=0.3, topic="raid greeting")

    def _spam(self, at: float) -> ChatLogLine:
        number = self._rng.randrange(SPAMMERS)
        text = self._rng.choice((*SPAM, *NOISE)).format(n=number)
        return self._make(at, (f"bot{number}", Role.VIEWER), text, worth=0.0, spam=True)

    def _pasta(self, at: float) -> ChatLogLine:
        text = self._rng.choice(PASTAS)
        return self._make(at, self._regular(), text, worth=0.05, spam=True, topic="pasta")

    def _hype(self, at: float) -> ChatLogLine:
        return self._make(at, self._regular(), self._rng.choice(HYPE), worth=0.1)

    def _troll(self, at: float) -> ChatLogLine:
        who = (self._rng.choice(TROLL_NAMES), Role.VIEWER)
        return self._make(at, who, self._rng.choice(TROLLS), worth=0.0, spam=True, topic="troll")

    def _viewer(self, name: str) -> tuple[str, Role]:
        chance = self._rng.random()
        return name, next(role for limit, role in ROLES if chance < limit)

    def _regular(self) -> tuple[str, Role]:
        return self._regulars[int(REGULARS * self._rng.random() ** 2.5)]

    def _make(
        self, at: float, who: tuple[str, Role], text: str, worth: float, **fields: Any
    ) -> ChatLogLine:
        name, role = who
        given = {"spam": False, **fields}
        number = self._number()
        return ChatLogLine(
            at=at, id=number, viewer_id=f"log:{name}", name=name, role=role, text=text,
            worth=worth, **given,
        )  # fmt: skip

    def _happened(self, at: float, kind: Any, name: str, **fields: Any) -> ChatLogLine:
        given = {"id": self._number(), **fields}
        return ChatLogLine(at=at, kind=kind, viewer_id=f"log:{name}", name=name, **given)

    def _number(self) -> str:
        self._made += 1
        return f"line-{self._made}"


def made_up_log(lines: int = 10_000, seed: int = 7) -> list[ChatLogLine]:
    """The whole evening, in order of time."""
    return list(Evening(lines, seed).lines())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    for line in made_up_log(options.lines, options.seed):
        sys.stdout.write(line.model_dump_json(exclude_defaults=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
