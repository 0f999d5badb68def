"""Who may give which command, in virtual time."""

from collections import Counter

import pytest

from apps.orchestrator.chat_commands import COMMANDS
from apps.twitch_ingest.chat_rules import DEFAULTS, FOR_MODERATORS, ChatRules, CommandRule
from apps.twitch_ingest.command_desk import CLOCK_LINES, CommandDesk, Refusal
from apps.twitch_ingest.cooldowns import MAXIMUM_REMEMBERED, Cooldowns
from apps.twitch_ingest.engines.base import Capabilities, Message
from apps.twitch_ingest.seen_ids import SeenIds
from libs.contracts.people import Role
from tests.twitch_ingest.scripted_platform import author

HERE = Capabilities(can_send=True, has_roles=True, has_deletions=True)
ANONYMOUS = Capabilities(can_send=False, has_roles=False, has_deletions=True)
NOW = 1_000_000.0


def line(text: str, role: Role = Role.MODERATOR, name: str = "mod", **more: object) -> Message:
    return Message("id", author(name, role), text, **more)  # type: ignore[arg-type]


def desk(counters: Counter[str] | None = None, **rules: object) -> CommandDesk:
    return CommandDesk(ChatRules.model_validate(rules), Counter() if counters is None else counters)


def refusal(message: Message, capabilities: Capabilities = HERE, at: float = NOW) -> str:
    ruling = desk().rule_on(message, capabilities, at)
    assert not ruling.ordinary
    return ruling.refusal or ""


@pytest.mark.parametrize("name", sorted(FOR_MODERATORS))
@pytest.mark.parametrize("role", [Role.VIP, Role.SUBSCRIBER, Role.VIEWER, Role.OPERATOR])
def test_nobody_below_a_moderator_steers_the_show(name: str, role: Role) -> None:
    assert refusal(line(f"!{name} x", role)) == Refusal.NOT_ALLOWED


@pytest.mark.parametrize("name", sorted(FOR_MODERATORS))
@pytest.mark.parametrize("role", [Role.MODERATOR, Role.BROADCASTER])
def test_moderators_and_the_broadcaster_do(name: str, role: Role) -> None:
    ruling = desk().rule_on(line(f"!{name} x", role), HERE, NOW)
    assert (ruling.command, ruling.arguments) == (name, "x")


@pytest.mark.parametrize(
    "name", ["streamer", "Streamer", "strеamer", "@streamer", "streamer\u200b"]
)
def test_a_name_gives_no_rights(name: str) -> None:
    assert refusal(line("!panic", Role.VIEWER, name)) == Refusal.NOT_ALLOWED


def test_where_roles_cannot_be_relied_on_no_command_counts() -> None:
    assert refusal(line("!panic", Role.BROADCASTER), ANONYMOUS) == Refusal.NO_ROLES
    assert refusal(line("!status", Role.VIEWER), ANONYMOUS) == Refusal.NO_ROLES


def test_every_command_that_help_tells_of_can_be_given_here() -> None:
    assert set(COMMANDS) == set(DEFAULTS)


def test_a_partners_moderators_have_no_rights_here() -> None:
    assert refusal(line("!panic", partner_channel="friend")) == Refusal.PARTNER_CHANNEL


def test_a_command_counts_for_fifteen_seconds() -> None:
    assert desk().rule_on(line("!panic", written_at=NOW - 14.9), HERE, NOW).command == "panic"
    assert refusal(line("!panic", written_at=NOW - 15.1)) == Refusal.TOO_OLD
    late = line("!forget me", Role.VIEWER, written_at=NOW - 600)
    assert desk().rule_on(late, HERE, NOW).command == "forget"


def test_a_command_that_is_switched_off_is_no_line_either() -> None:
    off = desk(commands={"say": {"enabled": False}})
    assert off.rule_on(line("!say hello"), HERE, NOW).refusal == Refusal.DISABLED


def test_ones_own_line_is_a_command_in_one_account_mode() -> None:
    ruling = desk().rule_on(line("!panic", Role.BROADCASTER, own=True), HERE, NOW)
    assert ruling.command == "panic"


def test_cooldowns_hold_for_the_show_and_for_each_viewer() -> None:
    rules = {"status": {"cooldown_seconds": 10, "viewer_cooldown_seconds": 60}}
    counters: Counter[str] = Counter()
    one = desk(counters, commands=rules)

    def given(name: str, at: float) -> bool:
        return one.rule_on(line("!status", Role.VIEWER, name), HERE, NOW + at).command == "status"

    assert given("ann", 0)
    assert not given("bob", 9.9)
    assert given("bob", 10)
    assert not given("ann", 59)
    assert given("ann", 60)
    assert counters["refused_cooldown"] == 2


def test_who_may_not_costs_nobody_a_cooldown() -> None:
    one = desk(commands={"mood": {"cooldown_seconds": 60}})
    assert one.rule_on(line("!mood sad", Role.VIEWER), HERE, NOW).refusal == Refusal.NOT_ALLOWED
    assert one.rule_on(line("!mood sad"), HERE, NOW).command == "mood"


def test_panic_can_be_ordered_again_and_again() -> None:
    one = desk()
    assert all(one.rule_on(line("!panic"), HERE, NOW).command == "panic" for _ in range(50))


def test_a_clock_that_is_off_is_noticed_and_a_late_batch_is_not_taken_for_one() -> None:
    one = desk()
    for number in range(CLOCK_LINES):
        one.rule_on(line("hello", written_at=NOW + number - 30), HERE, NOW + number)
    assert one.clock_off_seconds == pytest.approx(30)
    one.rule_on(line("hello", written_at=NOW), HERE, NOW + 0.5)
    assert one.clock_off_seconds == 0


def test_cooldowns_of_viewers_are_bounded() -> None:
    cooldowns, rule = Cooldowns(), CommandRule(viewer_cooldown_seconds=3_600)
    for number in range(MAXIMUM_REMEMBERED + 100):
        cooldowns.given("status", rule, f"viewer{number}", number)
    assert len(cooldowns._of_viewer) == MAXIMUM_REMEMBERED
    assert cooldowns.wait_seconds("status", rule, "viewer0", 100) == 0
    newest = f"viewer{MAXIMUM_REMEMBERED + 99}"
    assert cooldowns.wait_seconds("status", rule, newest, MAXIMUM_REMEMBERED + 100) > 3_000


def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_an_hour() -> None:
    cooldowns, rule = Cooldowns(), CommandRule(cooldown_seconds=15, viewer_cooldown_seconds=60)
    cooldowns.given("status", rule, "ann", 10_000.0)
    assert cooldowns.wait_seconds("status", rule, "bob", 10_001.0) == 14.0
    assert cooldowns.wait_seconds("status", rule, "ann", 6_400.0) == 0.0


def test_ids_are_known_once_and_bounded() -> None:
    seen = SeenIds(maximum=3)
    assert [seen.is_new(i) for i in ("a", "b", "a", "c", "d", "a")] == [
        True, True, False, True, True, True,
    ]  # fmt: skip
    assert len(seen) == 3
    assert seen.is_new("")
    assert seen.is_new("")


def test_help_names_only_what_the_asker_may_do_in_this_channel() -> None:
    here = desk(commands={"status": {"enabled": False}, "mood": {"role": "vip"}})
    assert here.rule_on(line("!help", Role.VIP), HERE, NOW).arguments.split() == [
        "mood", "forget", "help",
    ]  # fmt: skip
    asked = here.rule_on(line("!help panic", Role.VIEWER, "ann"), HERE, NOW + 20)
    assert asked.arguments.split() == ["forget", "help"]
