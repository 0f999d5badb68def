"""Who may give which command, now. Nothing is carried out here."""

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum

from apps.twitch_ingest.chat_rules import ChatRules
from apps.twitch_ingest.command_reader import CommandReader, LineKind, Reading
from apps.twitch_ingest.cooldowns import Cooldowns
from apps.twitch_ingest.engines.base import Capabilities, Message
from libs.contracts.people import Role

#: A command that was written longer ago was meant for another moment.
MAXIMUM_AGE_SECONDS = 15.0
#: Commands that are right however late they come.
NEVER_TOO_OLD = frozenset({"forget"})

#: So many lines say whether this machine's clock is off, and from how much on that matters.
CLOCK_LINES = 20
CLOCK_OFF_SECONDS = 8.0


class Refusal(StrEnum):
    """Why a line that is a command, or looks like one, is not carried out."""

    DOUBTFUL = "doubtful"
    UNKNOWN = "unknown"
    DISABLED = "disabled"
    NO_ROLES = "no_roles"
    PARTNER_CHANNEL = "partner_channel"
    NOT_ALLOWED = "not_allowed"
    TOO_OLD = "too_old"
    COOLDOWN = "cooldown"


@dataclass(frozen=True)
class Ruling:
    """What a line is: `command` when it may be carried out, `refusal` when it may not; neither for
    an ordinary line."""

    command: str = ""
    arguments: str = ""
    refusal: Refusal | None = None

    @property
    def ordinary(self) -> bool:
        return not self.command and self.refusal is None


_ORDINARY = Ruling()
_NO_COMMAND = {LineKind.UNKNOWN: Refusal.UNKNOWN, LineKind.DOUBTFUL: Refusal.DOUBTFUL}


class CommandDesk:
    """Rules on lines, one after the other; the caller sees to it that each comes once.

    Promises: roles are the platform's word on the account, never a name; a line that is meant as a
    command is never an ordinary one, whether or not it is carried out; who is refused is told
    nothing in chat. A command that is refused costs nobody a cooldown.
    """

    def __init__(self, rules: ChatRules, counters: Counter[str]) -> None:
        """`counters`: each refusal is counted there, as `refused_` and its reason."""
        self._rules = rules
        self._counters = counters
        self._reader = CommandReader(rules.prefix, rules.names())
        self._cooldowns = Cooldowns()
        self._lateness: deque[float] = deque(maxlen=CLOCK_LINES)

    def rule_on(self, message: Message, capabilities: Capabilities, at: float) -> Ruling:
        """`at`: seconds on the show's clock."""
        if message.written_at is not None:
            self._lateness.append(at - message.written_at)
        reading = self._reader.read(message.text, bool(message.reply_to))
        if reading.kind is LineKind.LINE:
            return _ORDINARY
        refusal = self._refusal(reading, message, capabilities, at)
        if refusal is not None:
            self._counters[f"refused_{refusal.value}"] += 1
            return Ruling(refusal=refusal)
        rule = self._rules.commands[reading.command]
        self._cooldowns.given(reading.command, rule, message.author.viewer_id, at)
        if reading.command == "help":  # which there are is ours to know
            return Ruling("help", self._open_to(message.author.role))
        return Ruling(reading.command, reading.arguments)

    def _open_to(self, role: Role) -> str:
        """The names of the commands that this role may give, with spaces between them."""
        rules = self._rules.commands
        return " ".join(name for name, rule in rules.items() if rule.enabled and rule.allows(role))

    @property
    def clock_off_seconds(self) -> float:
        """How far the platform's clock is from ours, when that makes commands look old or new;
        0: it does not. Above 0: ours is ahead."""
        if len(self._lateness) < CLOCK_LINES:
            return 0.0
        nearest = min(self._lateness, key=abs)
        return nearest if abs(nearest) > CLOCK_OFF_SECONDS else 0.0

    def _refusal(
        self, reading: Reading, message: Message, capabilities: Capabilities, at: float
    ) -> Refusal | None:
        if reading.kind in _NO_COMMAND:
            return _NO_COMMAND[reading.kind]
        rule = self._rules.commands[reading.command]
        checks = (
            (Refusal.DISABLED, rule.enabled),
            (Refusal.NO_ROLES, capabilities.has_roles),
            (Refusal.PARTNER_CHANNEL, not message.partner_channel),
            (Refusal.NOT_ALLOWED, rule.allows(message.author.role)),
            (Refusal.TOO_OLD, reading.command in NEVER_TOO_OLD or _is_new(message, at)),
        )
        for refusal, well in checks:
            if not well:
                return refusal
        wait = self._cooldowns.wait_seconds(reading.command, rule, message.author.viewer_id, at)
        return Refusal.COOLDOWN if wait > 0 else None


def _is_new(message: Message, at: float) -> bool:
    return message.written_at is None or at - message.written_at <= MAXIMUM_AGE_SECONDS
