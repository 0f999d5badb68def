"""From what a platform tells to the show's events."""

import pytest

from apps.twitch_ingest.chat_rules import ChatRules
from apps.twitch_ingest.command_desk import CLOCK_LINES, MAXIMUM_AGE_SECONDS
from apps.twitch_ingest.effects import Effects
from apps.twitch_ingest.engines.base import (
    Alert,
    Banned,
    Cleared,
    Deleted,
    Gap,
    Message,
    Redeemed,
)
from libs.contracts.chat import (
    AlertKind,
    ChatAlerted,
    ChatCleared,
    ChatCommandIssued,
    ChatGap,
    ChatMessageDeleted,
    ChatMessageReceived,
    ChatMessageSent,
    RewardRedeemed,
    ViewerBanned,
)
from libs.contracts.health import ModuleState
from libs.contracts.people import Role
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression, ShowItem
from libs.safety import Gate
from libs.telemetry import clock
from tests.twitch_ingest.conftest import Start, until
from tests.twitch_ingest.scripted_platform import ScriptedPlatform, author, message


async def test_a_line_arrives_with_all_that_the_platform_says(ingest: Start) -> None:
    told = message(
        "hello Kitsu", role=Role.VIP, first_time=True, reply_to="bob", partner_channel="friend",
        paid_amount=100,
    )  # fmt: skip
    async with ingest() as running:
        await running.platform.tells(told)
        (line,) = await running.some(ChatMessageReceived)
    assert (line.text, line.author, line.platform) == ("hello Kitsu", told.author, "twitch")
    assert (line.message_id, line.written_at) == (told.message_id, told.written_at)
    assert (line.first_time, line.reply_to, line.partner_channel) == (True, "bob", "friend")
    assert line.paid_amount == 100


async def test_what_is_told_twice_counts_once(ingest: Start) -> None:
    line, order = message("hello"), message("!stop", role=Role.MODERATOR)
    raid = Alert("r1", AlertKind.RAID, author(), 5)
    redeemed = Redeemed("x1", "Tea", author())
    async with ingest() as running:
        await running.platform.tells(line, order, raid, redeemed, line, order, raid, redeemed)
        await running.settled()
        assert len(await running.facts(ChatMessageReceived)) == 1
        assert len(await running.facts(ChatCommandIssued)) == 1
        assert len(await running.facts(ChatAlerted)) == 1
        assert len(await running.facts(RewardRedeemed)) == 1
        assert running.worker.counters["duplicates"] == 4


async def test_the_same_line_is_the_same_event_after_a_restart(ingest: Start) -> None:
    line, order = message("hello"), message("!stop", role=Role.MODERATOR)
    for _ in range(2):
        async with ingest() as running:
            await running.platform.tells(line, order)
            await running.settled()
            lines = await running.facts(ChatMessageReceived)
            orders = await running.facts(ChatCommandIssued)
    assert len(lines) == 2
    assert len({line.event_id for line in lines}) == 1
    assert len({order.event_id for order in orders}) == 1
    assert lines[0].event_id != orders[0].event_id


async def test_a_command_goes_to_the_orchestrator_and_is_no_line(ingest: Start) -> None:
    order = message("!scene Just Chatting", "mod", Role.MODERATOR)
    async with ingest() as running:
        await running.platform.tells(order, message("hello"))
        (issued,) = await running.some(ChatCommandIssued)
        lines = await running.some(ChatMessageReceived)
    assert (issued.command, issued.arguments) == ("scene", "Just Chatting")
    assert issued.author == order.author
    assert (issued.message_id, issued.platform) == (order.message_id, "twitch")
    assert issued.expires_at == pytest.approx(clock.now() + MAXIMUM_AGE_SECONDS, abs=5)
    assert [line.text for line in lines] == ["hello"]


async def test_who_wants_to_be_forgotten_is_heard_however_late(ingest: Start) -> None:
    async with ingest() as running:
        await running.platform.tells(message("!forget me", age=120))
        (issued,) = await running.some(ChatCommandIssued)
    assert (issued.command, issued.arguments, issued.expires_at) == ("forget", "me", None)


HOSTILE = [
    message("!panic", "viewer"),
    message("!panic", "vip", Role.VIP),
    message("!panic", "streamer", Role.VIEWER),
    message("!panic", "mod", Role.MODERATOR, age=16),
    message("!panic", "mod", Role.MODERATOR, partner_channel="friend"),
    message("!panic", "mod", Role.MODERATOR, reply_to="bob"),
    message("！panic", "mod", Role.MODERATOR),
    message("!pаnic", "mod", Role.MODERATOR),
    message("!!panic", "mod", Role.MODERATOR),
    message("!so @bob", "mod", Role.MODERATOR),
    message("!" + "\U0001f600" * 499 + " !panic", "nightbot", Role.MODERATOR),
]


async def test_nothing_hostile_is_carried_out_nor_read_nor_answered(ingest: Start) -> None:
    async with ingest() as running:
        await running.platform.tells(*HOSTILE, message("the end"))
        lines = await running.some(ChatMessageReceived)
        await running.settled()
        assert [line.text for line in lines] == ["the end"]
        assert await running.facts(ChatCommandIssued) == []
        assert running.platform.sent == []
        assert not running.worker.panic.engaged
        refused = {k: v for k, v in running.worker.counters.items() if k.startswith("refused_")}
    assert refused == {
        "refused_not_allowed": 3, "refused_too_old": 1, "refused_partner_channel": 1,
        "refused_doubtful": 4, "refused_unknown": 1,
    }  # fmt: skip


async def test_a_command_in_a_redeem_is_a_text(ingest: Start) -> None:
    redeemed = Redeemed("x1", "Talk", author("mod", Role.MODERATOR), "!panic now")
    alert = Alert("a1", AlertKind.CHEER, author("mod", Role.MODERATOR), 100, "!panic now")
    async with ingest() as running:
        await running.platform.tells(redeemed, alert)
        (told,) = await running.some(RewardRedeemed)
        await running.some(ChatAlerted)
        assert told.text == "!panic now"
        assert await running.facts(ChatCommandIssued) == []
        assert not running.worker.panic.engaged


async def test_five_hundred_emoji_are_a_line(ingest: Start) -> None:
    async with ingest() as running:
        await running.platform.tells(message("\U0001f600" * 500), message("x" * 5_000))
        lines = await running.some(ChatMessageReceived, 2)
    assert [len(line.text) for line in lines] == [500, 2_000]


async def test_votes_go_on_to_the_polls(ingest: Start) -> None:
    async with ingest() as running:
        await running.platform.tells(message("!2"), message("2"), message("#1"))
        lines = await running.some(ChatMessageReceived, 3)
    assert [line.text for line in lines] == ["!2", "2", "#1"]


async def test_a_bots_own_lines_and_other_bots_are_not_read_but_own_commands_count(
    ingest: Start,
) -> None:
    bot = message("visit my page", "NightBot", Role.MODERATOR)
    own = message("hello from me", "kitsu_bot", Role.MODERATOR, own=True)
    order = message("!stop", "streamer", Role.BROADCASTER, own=True)
    async with ingest() as running:
        await running.platform.tells(bot, own, order, message("hi"))
        lines = await running.some(ChatMessageReceived)
        (issued,) = await running.some(ChatCommandIssued)
    assert [line.text for line in lines] == ["hi"]
    assert issued.command == "stop"


async def test_with_one_account_the_streamer_is_heard_and_she_does_not_hear_herself(
    ingest: Start,
) -> None:
    def own(text: str) -> Message:
        return message(text, "streamer", Role.BROADCASTER, own=True)

    async with ingest() as running:
        running.worker.sender.own_words.said("Quiet for 5 minutes.", clock.now() - 10)
        await running.platform.tells(
            own("Quiet for 5  minutes"), own("kitsu, how are you?"), message("hi")
        )
        lines = await running.some(ChatMessageReceived, 2)
    assert [line.text for line in lines] == ["kitsu, how are you?", "hi"]
    assert lines[0].author.role is Role.BROADCASTER


async def test_no_platform_makes_an_operator(ingest: Start) -> None:
    async with ingest() as running:
        await running.platform.tells(message("hello", role=Role.OPERATOR))
        (line,) = await running.some(ChatMessageReceived)
    assert line.author.role is Role.VIEWER


async def test_what_is_taken_back_and_what_was_not_heard_is_told_in_order(ingest: Start) -> None:
    async with ingest() as running:
        await running.platform.tells(
            message("bad", message_id="m-bad"),
            Deleted("m-bad"),
            Banned("id-bad", 600.0),
            Banned("id-worse"),
            Cleared(),
            Gap(10.0, 15.0, "the socket was cut" * 100),
        )
        (gap,) = await running.some(ChatGap)
        found = await running.bus.recent(ChatGap.topic, "main", 100)
        assert [type(one.event) for one in found] == [
            ChatMessageReceived, ChatMessageDeleted, ViewerBanned, ViewerBanned, ChatCleared,
            ChatGap,
        ]  # fmt: skip
        bans = await running.facts(ViewerBanned)
        assert running.worker.gauges()["gaps"] == 1
    assert [ban.timeout_seconds for ban in bans] == [600.0, None]
    assert (gap.started_at, gap.ended_at, gap.platform) == (10.0, 15.0, "twitch")


async def test_an_event_that_no_contract_takes_costs_only_itself(ingest: Start) -> None:
    async with ingest() as running:
        strange = Redeemed("x1", "Tea", author(), cost="free")  # type: ignore[arg-type]
        await running.platform.tells(strange, message("hello"))
        await running.some(ChatMessageReceived)
        assert running.worker.counters["not_understood"] == 1


async def test_a_platform_that_breaks_is_begun_again_and_its_error_text_is_not_told(
    ingest: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("apps.twitch_ingest.worker.RESTART_SECONDS", 0.01)
    platform = ScriptedPlatform()
    platform.fails_first = True
    async with ingest(platform) as running:
        await platform.tells(message("hello"))
        await running.some(ChatMessageReceived)
    assert platform.runs == 2
    assert "abcdefghijklmnop" not in caplog.text


async def test_switched_off_nothing_is_heard_and_switched_on_it_is_again(ingest: Start) -> None:
    """What was missed meanwhile is told as a gap."""
    async with ingest() as running:
        await until(lambda: running.platform.running)
        running.worker.enabled = False
        await running.worker.enabled_changed(False)
        assert not running.platform.running
        running.worker.enabled = True
        await running.worker.enabled_changed(True)
        await running.platform.tells(message("hello"))
        await running.some(ChatMessageReceived)
        (gap,) = await running.some(ChatGap)
        assert gap.reason == "switched off"
        assert gap.started_at <= gap.ended_at
        assert running.platform.runs == 2


@pytest.mark.parametrize(("age", "said"), [(30, "ahead"), (-30, "behind")])
async def test_a_clock_that_is_off_is_said(ingest: Start, age: float, said: str) -> None:
    async with ingest() as running:
        assert running.worker.health().state is ModuleState.READY
        await running.platform.tells(*(message("hello", age=age) for _ in range(CLOCK_LINES)))
        health = running.worker.health()
    assert health.state is ModuleState.DEGRADED
    assert f"about 30 s {said}" in health.detail


# Rewards and events -----------------------------------------------------------------------------

EFFECTS = """
rewards:
  Hydrate!:
    say: "{author} wants me to drink: {text} ({reward})"
    mood: happy
    item: tea cup
  Be sad: {mood: sad, prompt: false}
events:
  raid: {say: "Welcome, {count} friends of {author}!", at_least: 5}
  follow: {prompt: false}
"""


async def test_a_reward_does_what_the_file_says(ingest: Start, rules_file: Start) -> None:
    redeemed = Redeemed("x1", "hydrate!", author("Ann"), "now {count} {0}")
    async with ingest(twitch_file=rules_file(EFFECTS)) as running:
        await running.platform.tells(redeemed)
        (told,) = await running.some(RewardRedeemed)
        (mood,) = await running.some(SetExpression)
        (item,) = await running.some(ShowItem)
    assert told.say == "Ann wants me to drink: now {count} {0} (hydrate!)"
    assert told.mood is Mood.HAPPY
    assert (mood.mood, item.item) == (Mood.HAPPY, "tea cup")
    assert mood.cause_id == item.cause_id == told.event_id
    assert mood.expires_at is not None


def test_of_a_storm_only_some_are_shown(gate: Gate) -> None:
    effects = Effects(ChatRules.model_validate({"rewards": {"Tea": {"mood": "happy"}}}), gate)
    planned = effects.of_reward(Redeemed("x", "Tea", author()))
    cause = ChatCleared(platform="twitch")
    shown = [len(effects.orders(planned, cause, 100 + number / 100)) for number in range(250)]
    assert sum(shown) == 3
    assert len(effects.orders(planned, cause, 50)) == 1  # a clock that was set back


async def test_a_reward_without_a_prompt_is_only_done(ingest: Start, rules_file: Start) -> None:
    async with ingest(twitch_file=rules_file(EFFECTS)) as running:
        await running.platform.tells(Redeemed("x1", "Be sad", author()))
        await running.some(SetExpression)
        assert await running.facts(RewardRedeemed) == []


async def test_an_alert_is_said_prompted_or_neither(ingest: Start, rules_file: Start) -> None:
    alerts = [
        Alert("1", AlertKind.RAID, author("Ann"), 7),
        Alert("2", AlertKind.RAID, author("Bob"), 4),
        Alert("3", AlertKind.FOLLOW, author("Cid")),
        Alert("4", AlertKind.GIFT, author("Dan"), 20, "have fun"),
    ]
    async with ingest(twitch_file=rules_file(EFFECTS)) as running:
        await running.platform.tells(*alerts)
        told = await running.some(ChatAlerted, 4)
    assert [(one.say, one.prompted) for one in told] == [
        ("Welcome, 7 friends of Ann!", True),
        ("", False),
        ("", False),
        ("", True),
    ]
    assert (told[3].count, told[3].text, told[3].kind) == (20, "have fun", AlertKind.GIFT)


async def test_a_bad_name_costs_only_itself(ingest: Start, rules_file: Start) -> None:
    async with ingest(twitch_file=rules_file(EFFECTS)) as running:
        await running.platform.tells(Alert("1", AlertKind.RAID, author("N1gg3r_fan"), 7))
        (told,) = await running.some(ChatAlerted)
    assert told.say == "Welcome, 7 friends of somebody!"


async def test_in_a_panic_nothing_is_shown_for_a_reward(ingest: Start, rules_file: Start) -> None:
    async with ingest(twitch_file=rules_file(EFFECTS)) as running:
        await running.request("POST", "/panic", {"reason": "test"})
        await running.platform.tells(Redeemed("x1", "Hydrate!", author()))
        await running.some(RewardRedeemed)
        await running.settled()
        assert await running.facts(SetExpression) == []
        assert await running.facts(ChatMessageSent) == []
