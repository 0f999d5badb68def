"""What platforms tell, turned into the show's events."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from apps.twitch_ingest.backlog import Backlog
from apps.twitch_ingest.chat_rules import ChatRules
from apps.twitch_ingest.command_desk import (
    MAXIMUM_AGE_SECONDS,
    NEVER_TOO_OLD,
    CommandDesk,
    Ruling,
)
from apps.twitch_ingest.effects import Effects, Planned
from apps.twitch_ingest.engines.base import (
    Alert,
    Banned,
    ChatPlatform,
    Cleared,
    Deleted,
    Gap,
    Message,
    PlatformEvent,
    Redeemed,
)
from apps.twitch_ingest.own_words import OwnWords
from apps.twitch_ingest.seen_ids import SeenIds
from libs.contracts.chat import (
    ChatAlerted,
    ChatCleared,
    ChatCommandIssued,
    ChatGap,
    ChatMessageDeleted,
    ChatMessageReceived,
    RewardRedeemed,
    ViewerBanned,
)
from libs.contracts.envelope import Event
from libs.contracts.identity import derived_id, new_id
from libs.contracts.people import Author, Role
from libs.telemetry import clock

#: What the contracts take; platforms clean and cut before.
_LONGEST_TEXT = 2_000
_LONGEST_NAME = 128
_LONGEST_REASON = 200

#: Carries out a panic at once: reason, and who ordered it. Returns the ordinal it is sent with.
EngagePanic = Callable[[str, str], int]


class Intake:
    """Promises: each message, alert and redemption counts once; what a platform tells is an event
    with the same id each time; a command goes ahead of all chat; whatever begins like a command is
    no line of chat. Nothing in here waits.
    """

    def __init__(
        self,
        show: str,
        rules: ChatRules,
        effects: Effects,
        chat: Backlog,
        commands: Backlog,
        engage_panic: EngagePanic,
        in_panic: Callable[[], bool],
        own_words: OwnWords,
        counters: Counter[str],
    ) -> None:
        self._show = show
        self._ignored = frozenset(rules.ignored_accounts)
        self._effects = effects
        self._chat = chat
        self._commands = commands
        self._engage_panic = engage_panic
        self._in_panic = in_panic
        self._own_words = own_words
        self._seen = SeenIds()
        self.desk = CommandDesk(rules, counters)
        self._counters = counters
        self._hearers: dict[type[Any], Callable[[ChatPlatform, Any], None]] = {
            Message: self._hear_message,
            Deleted: self._hear_deletion,
            Banned: self._hear_ban,
            Cleared: self._hear_clearing,
            Alert: self._hear_alert,
            Redeemed: self._hear_redemption,
            Gap: self._hear_gap,
        }

    def hear(self, platform: ChatPlatform, told: PlatformEvent) -> None:
        self._hearers[type(told)](platform, told)

    # Lines ------------------------------------------------------------------------------------

    def _hear_message(self, platform: ChatPlatform, message: Message) -> None:
        if not self._seen.is_new(_seen_key(platform, "message", message.message_id)):
            self._counters["duplicates"] += 1
            return
        if self._is_ignored(message.author):
            self._counters["ignored_accounts"] += 1
            return
        at = clock.now()
        ruling = self.desk.rule_on(message, platform.capabilities, at)
        if ruling.command:
            self._issue(platform, message, ruling, at)
        elif ruling.ordinary and message.text and not self._is_hers(message, at):
            self._chat.add(self._line(platform, message))
            self._counters["lines"] += 1

    def _is_hers(self, message: Message, at: float) -> bool:
        """A bot's account is hers alone; with the streamer's they both write."""
        if not message.own:
            return False
        return message.author.role is not Role.BROADCASTER or self._own_words.are_hers(
            message.text, at
        )

    def _issue(self, platform: ChatPlatform, message: Message, ruling: Ruling, at: float) -> None:
        author, ordinal = message.author, 0
        if ruling.command == "panic":
            by = f"{author.name} ({author.role.value}) in chat"
            ordinal = self._engage_panic(ruling.arguments, by)
        keeps = ruling.command in NEVER_TOO_OLD
        self._commands.add(
            ChatCommandIssued(
                event_id=_id(platform, "command", message.message_id),
                show=self._show,
                command=ruling.command,
                arguments=ruling.arguments,
                author=author,
                message_id=message.message_id,
                platform=platform.name,
                written_at=message.written_at,
                ordinal=ordinal,
                expires_at=None if keeps else at + MAXIMUM_AGE_SECONDS,
            )
        )
        self._counters["commands"] += 1

    def _line(self, platform: ChatPlatform, message: Message) -> ChatMessageReceived:
        return ChatMessageReceived(
            event_id=_id(platform, "message", message.message_id),
            show=self._show,
            message_id=message.message_id,
            platform=platform.name,
            author=_author(message.author),
            text=message.text[:_LONGEST_TEXT],
            written_at=message.written_at,
            reply_to=message.reply_to[:_LONGEST_NAME],
            first_time=message.first_time,
            partner_channel=message.partner_channel[:_LONGEST_NAME],
            paid_amount=max(0, message.paid_amount),
        )

    def _is_ignored(self, author: Author) -> bool:
        return author.name.casefold() in self._ignored or author.viewer_id in self._ignored

    # What is taken back -----------------------------------------------------------------------

    def _hear_deletion(self, platform: ChatPlatform, told: Deleted) -> None:
        self._add(
            "deletions",
            ChatMessageDeleted(
                event_id=_id(platform, "deleted", told.message_id),
                show=self._show,
                message_id=told.message_id,
                platform=platform.name,
            ),
        )

    def _hear_ban(self, platform: ChatPlatform, told: Banned) -> None:
        self._add(
            "bans",
            ViewerBanned(
                show=self._show,
                viewer_id=told.viewer_id,
                platform=platform.name,
                timeout_seconds=told.timeout_seconds,
            ),
        )

    def _hear_clearing(self, platform: ChatPlatform, told: Cleared) -> None:
        self._add("clears", ChatCleared(show=self._show, platform=platform.name))

    def _hear_gap(self, platform: ChatPlatform, told: Gap) -> None:
        self._add(
            "gaps",
            ChatGap(
                show=self._show,
                platform=platform.name,
                started_at=told.started_at,
                ended_at=told.ended_at,
                reason=told.reason[:_LONGEST_REASON],
            ),
        )

    # Alerts and rewards -----------------------------------------------------------------------

    def _hear_alert(self, platform: ChatPlatform, alert: Alert) -> None:
        if not self._seen.is_new(_seen_key(platform, "alert", alert.alert_id)):
            self._counters["duplicates"] += 1
            return
        planned = self._effects.of_alert(alert)
        event = ChatAlerted(
            event_id=_id(platform, "alert", alert.alert_id),
            show=self._show,
            alert_id=alert.alert_id,
            platform=platform.name,
            kind=alert.kind,
            author=_author(alert.author),
            count=max(0, alert.count),
            text=alert.text[:_LONGEST_TEXT],
            say=planned.say,
            prompted=planned.prompted,
        )
        self._add("alerts", event)
        self._order(planned, event)

    def _hear_redemption(self, platform: ChatPlatform, told: Redeemed) -> None:
        """A text that looks like a command is a text here: rewards give nobody a right."""
        if not self._seen.is_new(_seen_key(platform, "redemption", told.redemption_id)):
            self._counters["duplicates"] += 1
            return
        planned = self._effects.of_reward(told)
        event = RewardRedeemed(
            event_id=_id(platform, "redemption", told.redemption_id),
            show=self._show,
            redemption_id=told.redemption_id,
            reward=told.reward,
            author=_author(told.author),
            text=told.text[:_LONGEST_TEXT],
            cost=told.cost,
            platform=platform.name,
            say=planned.say,
            mood=planned.mood,
        )
        if planned.told:
            self._add("redemptions", event)
        else:
            self._counters["redemptions_not_told"] += 1
        self._order(planned, event)

    def _order(self, planned: Planned, cause: Event) -> None:
        if not self._in_panic():
            for order in self._effects.orders(planned, cause, clock.now()):
                self._chat.add(order)

    def _add(self, counter: str, event: Event) -> None:
        self._chat.add(event)
        self._counters[counter] += 1


def _author(author: Author) -> Author:
    """No platform makes anybody an operator."""
    if author.role is Role.OPERATOR:
        return author.model_copy(update={"role": Role.VIEWER})
    return author


def _id(platform: ChatPlatform, kind: str, platform_id: str) -> str:
    """The same event for the same thing, however often it is told."""
    return derived_id(f"{platform.name}:{kind}", platform_id) if platform_id else new_id()


def _seen_key(platform: ChatPlatform, kind: str, platform_id: str) -> str:
    return f"{platform.name}:{kind}:{platform_id}" if platform_id else ""
