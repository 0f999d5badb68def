"""What rewards and events do beside being told of: said words, a mood, something shown."""

from dataclasses import dataclass

from apps.twitch_ingest.chat_rules import ChatRules, Effect
from apps.twitch_ingest.engines.base import Alert, Redeemed
from libs.contracts.envelope import Event
from libs.contracts.identity import derived_id
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression, ShowItem
from libs.safety import Gate

#: What `say` of an event takes.
LONGEST_SAY = 500
#: Of what a viewer wrote, so much is read out.
LONGEST_QUOTE = 200
#: A mood that a reward or event brought lasts so long.
MOOD_SECONDS = 10.0
#: What is shown or felt later than this belongs to nothing any more.
LATE_SECONDS = 10.0
#: A hundred redemptions in a second are shown once.
ORDER_PAUSE_SECONDS = 1.0
#: Said instead of a name that is not to be said.
NAMELESS = "somebody"

_NONE = Effect()


@dataclass(frozen=True)
class Planned:
    """`told`: she is told of it at all; `prompted`: and answers."""

    effect: Effect
    say: str = ""
    prompted: bool = True

    @property
    def told(self) -> bool:
        return self.prompted or bool(self.say)

    @property
    def mood(self) -> Mood:
        return self.effect.mood or Mood.NEUTRAL


class Effects:
    def __init__(self, rules: ChatRules, gate: Gate) -> None:
        self._rules = rules
        self._rewards = {_key(name): effect for name, effect in rules.rewards.items()}
        self._gate = gate
        self._ordered_at = float("-inf")

    def of_reward(self, redeemed: Redeemed) -> Planned:
        effect = self._rewards.get(_key(redeemed.reward), _NONE)
        say = self._filled(effect, redeemed.author.name, 1, redeemed.text, redeemed.reward)
        return Planned(effect, say, effect.prompt or bool(say))

    def of_alert(self, alert: Alert) -> Planned:
        effect = self._rules.events.get(alert.kind, _NONE)
        if alert.count < effect.at_least:
            return Planned(_NONE, "", False)
        say = self._filled(effect, alert.author.name, alert.count, alert.text, "")
        return Planned(effect, say, effect.prompt or bool(say))

    def orders(self, planned: Planned, cause: Event, at: float) -> list[Event]:
        """What the stage is to do for it, the same ids for the same cause; of a storm of them only
        some. `at`: seconds on the show's clock."""
        orders: list[Event] = []
        if planned.effect.mood is None and not planned.effect.item:
            return orders
        if 0 <= at - self._ordered_at < ORDER_PAUSE_SECONDS:
            return orders
        self._ordered_at = at
        if planned.effect.mood is not None:
            orders.append(
                SetExpression.caused_by(
                    cause,
                    event_id=derived_id(cause.event_id, "mood"),
                    mood=planned.effect.mood,
                    hold_seconds=MOOD_SECONDS,
                    expires_at=at + LATE_SECONDS,
                )
            )
        if planned.effect.item:
            orders.append(
                ShowItem.caused_by(
                    cause,
                    event_id=derived_id(cause.event_id, "item"),
                    item=planned.effect.item,
                    expires_at=at + LATE_SECONDS,
                )
            )
        return orders

    def _filled(self, effect: Effect, author: str, count: int, text: str, reward: str) -> str:
        """The words that are said. Whoever says them passes them through the gate; the name is
        looked at here, so that a bad one costs only itself."""
        if not effect.say:
            return ""
        name = self._gate.name(author, NAMELESS).text or NAMELESS
        said = effect.say.format(
            author=name, count=count, text=text[:LONGEST_QUOTE], reward=reward[:LONGEST_QUOTE]
        )
        return " ".join(said.split())[:LONGEST_SAY]


def _key(reward: str) -> str:
    return " ".join(reward.casefold().split())
