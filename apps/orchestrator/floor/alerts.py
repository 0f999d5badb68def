"""Raids, gifts, subscriptions, cheers, follows: what she is told of a storm of them."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from apps.orchestrator.floor.rules import AlertRules
from libs.contracts.chat import AlertKind, ChatAlerted
from libs.contracts.people import Author

#: One window takes so many; what comes above that is not counted.
MOST_ALERTS = 500
TEXT_CHARACTERS = 200
#: Alerts that are recognised when they come again.
REMEMBERED_ALERTS = 1_000

_SUBSCRIBED = (AlertKind.SUBSCRIPTION, AlertKind.RESUBSCRIPTION)
_TOLD = (AlertKind.GIFT, *_SUBSCRIBED, AlertKind.CHEER, AlertKind.FOLLOW)


@dataclass(frozen=True)
class Told:
    """What becomes one input. With `say` she says it word for word."""

    alerts: tuple[ChatAlerted, ...]
    author: Author
    text: str
    say: str = ""


class AlertWindow:
    """Gathers what happens within `window_seconds`. A raid does not wait."""

    def __init__(self, rules: AlertRules) -> None:
        self._rules = rules
        self._gathered: list[ChatAlerted] = []
        self._opened_at = 0.0
        self._known: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._gathered)

    @property
    def gathered(self) -> tuple[ChatAlerted, ...]:
        return tuple(self._gathered)

    @property
    def due_at(self) -> float:
        """When the window closes; infinity: nothing is in it."""
        if not self._gathered:
            return float("inf")
        return self._opened_at + self._rules.window_seconds

    def add(self, alert: ChatAlerted, now: float) -> Told | None:
        """What she is told at once, if anything. The same alert again changes nothing."""
        raid = alert.kind is AlertKind.RAID
        known = self._known.get(alert.alert_id)
        if not alert.prompted or (known is not None and not (raid and known == alert.event_id)):
            return None  # a raid whose event is handed out again is recognised by its input's id
        self._known[alert.alert_id] = alert.event_id
        if len(self._known) > REMEMBERED_ALERTS:
            self._known.popitem(last=False)
        if raid:
            return Told((alert,), alert.author, _raid(alert), alert.say)
        if alert.kind in _TOLD and len(self._gathered) < MOST_ALERTS:
            if not self._gathered:
                self._opened_at = now
            self._gathered.append(alert)
        return None

    def withdraw(self, viewer_id: str) -> None:
        """What a banned or forgotten viewer did is not told."""
        self._gathered = [one for one in self._gathered if one.author.viewer_id != viewer_id]

    def close(self) -> Told | None:
        """Everything in the window as one input; None: nothing that is worth telling."""
        alerts, self._gathered = tuple(self._gathered), []
        only_follows = all(alert.kind is AlertKind.FOLLOW for alert in alerts)
        if not alerts or (only_follows and not self._rules.follows_alone and not alerts[0].say):
            return None
        if len(alerts) == 1:
            return Told(alerts, alerts[0].author, summary(alerts), alerts[0].say)
        return Told(alerts, Author(viewer_id="", name="alerts"), summary(alerts))


def summary(alerts: Sequence[ChatAlerted]) -> str:
    """What happened in one sentence: "ann gave 20 subscriptions and 7 people subscribed"."""
    clauses = [
        clause
        for kinds, told in (
            ((AlertKind.GIFT,), _gifts),
            (_SUBSCRIBED, _subscriptions),
            ((AlertKind.CHEER,), _cheers),
            ((AlertKind.FOLLOW,), _follows),
        )
        if (clause := told([alert for alert in alerts if alert.kind in kinds]))
    ]
    text = " and ".join([", ".join(clauses[:-1]), clauses[-1]] if len(clauses) > 1 else clauses)
    written = [alert for alert in alerts if alert.text]
    if len(alerts) == 1 and written:
        text += f", and wrote: {written[0].text[:TEXT_CHARACTERS]}"
    return text


def _raid(alert: ChatAlerted) -> str:
    people = f"{alert.count} people" if alert.count > 1 else "friends"
    return f"{_name(alert)} came over with a raid of {people}; welcome them all"


def _gifts(alerts: Sequence[ChatAlerted]) -> str:
    if not alerts:
        return ""
    given: dict[str, int] = {}
    for alert in alerts:
        given[_name(alert)] = given.get(_name(alert), 0) + max(1, alert.count)
    total, most = sum(given.values()), max(given, key=lambda name: given[name])
    gifts = "a subscription" if total == 1 else f"{total} subscriptions"
    if len(given) == 1:
        return f"{most} gave {gifts}"
    return f"{len(given)} people gave {gifts}, most of them {most}"


def _subscriptions(alerts: Sequence[ChatAlerted]) -> str:
    who = _people(alerts)
    if len(alerts) == 1 and alerts[0].kind is AlertKind.RESUBSCRIPTION and alerts[0].count > 1:
        return f"{who} has been subscribed for {alerts[0].count} months"
    return f"{who} subscribed" if who else ""


def _cheers(alerts: Sequence[ChatAlerted]) -> str:
    who = _people(alerts)
    return f"{who} cheered {sum(alert.count for alert in alerts)} bits" if who else ""


def _follows(alerts: Sequence[ChatAlerted]) -> str:
    who = _people(alerts)
    return f"{who} began to follow" if who else ""


def _people(alerts: Sequence[ChatAlerted]) -> str:
    names = list(dict.fromkeys(_name(alert) for alert in alerts))
    if len(names) <= 2:
        return " and ".join(names)
    return f"{len(names)} people"


def _name(alert: ChatAlerted) -> str:
    return alert.author.name or "somebody"
