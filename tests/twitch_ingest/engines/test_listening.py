"""What is told of chat: who wrote it, what it is, and nothing twice."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from apps.twitch_ingest.engines.base import (
    Alert,
    Banned,
    Cleared,
    Deleted,
    Gap,
    Message,
    Redeemed,
)
from apps.twitch_ingest.engines.twitch.topics import CHAT, REDEMPTIONS, scopes_for
from libs.contracts.chat import AlertKind
from libs.contracts.people import Role
from libs.testing.stand_ins.twitch.channel import who
from tests.twitch_ingest.engines.channel_stand import ChannelStand, until

RLO, ZWSP, BOM = "\u202e", "\u200b", "\ufeff"


@pytest.mark.parametrize(
    ("badges", "role"),
    [
        ([], Role.VIEWER),
        (["premium", "staff"], Role.VIEWER),
        (["subscriber"], Role.SUBSCRIBER),
        (["founder"], Role.SUBSCRIBER),
        (["vip", "subscriber"], Role.VIP),
        (["moderator", "subscriber"], Role.MODERATOR),
        (["lead_moderator"], Role.MODERATOR),
        (["broadcaster"], Role.VIEWER),
    ],
)
async def test_roles_come_from_badges_and_the_broadcaster_from_the_id(
    stand: ChannelStand, badges: list[str], role: Role
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.say("hello", roles=badges)
        line = await stand.heard("hello")
    assert line.author.role is role
    assert line.author.viewer_id == f"twitch:{stand.ann.id}"
    assert not line.own


async def test_the_streamers_own_lines_are_own_and_hers_in_one_account_mode(
    stand: ChannelStand,
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.say("!panic", stand.host)
        line = await stand.heard("!panic")
        assert stand.platform.is_moderator
    assert line.author.role is Role.BROADCASTER
    assert line.own


@pytest.mark.parametrize(
    "name", ["Kitsu_Live", "Kіtsu_Live", f"Kitsu{ZWSP}_Live", f"{RLO}eviL_ustiK", "kitsu_live "]
)
async def test_a_name_that_imitates_the_broadcaster_gives_no_rights(
    stand: ChannelStand, name: str
) -> None:
    liar = stand.twitch.user("liar", name)
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.say("!panic", liar)
        line = await stand.heard("!panic")
    assert line.author.role is Role.VIEWER
    assert line.author.viewer_id == f"twitch:{liar.id}"
    assert not {RLO, ZWSP} & set(line.author.name)


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        (f"!pa{ZWSP}nic", "!panic"),
        (f"{RLO}!panic{BOM}", "!panic"),
        ("a\x00b\x07c\nd", "abc d"),
        ("\x01ACTION waves\x01", "waves"),
        ("🦊" * 500, "🦊" * 500),
        ("x" * 600, "x" * 500),
        ("z" + "\u0301" * 50, "ź\u0301\u0301\u0301"),
        (f"{ZWSP}{RLO}", ""),
        ("<script>alert(1)</script> {{7*7}} %s", "<script>alert(1)</script> {{7*7}} %s"),
    ],
)
async def test_lines_are_cleaned(stand: ChannelStand, written: str, heard: str) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.say(written)
        await until(lambda: bool(stand.lines))
    [line] = stand.lines
    assert line[:3] == heard[:3]
    assert len(line) <= len(heard)
    assert not {RLO, ZWSP, BOM, "\x00", "\n"} & set(line)


async def test_what_else_a_line_says_is_told(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.say("@Kitsu_Live yes", reply_to=stand.host)
        await stand.say("I am new", message_type="user_intro")
        await stand.heard("I am new")
    reply, first = stand.of(Message)
    assert reply.reply_to == "Kitsu_Live"
    assert first.first_time
    assert not reply.first_time
    assert reply.written_at is not None
    assert reply.paid_amount == 0


async def test_a_partners_moderators_have_no_rights_here(stand: ChannelStand) -> None:
    partner = stand.twitch.user("partner")
    stand.sign_in()
    async with stand:
        await stand.ready()
        roles = ["moderator"]
        await stand.say("!panic", source=partner, roles=roles, source_roles=roles)
        line = await stand.heard("!panic")
        await stand.say("a cheer elsewhere", source=partner, cheer=100)
        other = await stand.heard("a cheer elsewhere")
        await stand.say("!stop", stand.host, source=partner)
        elsewhere = await stand.heard("!stop")
    assert line.author.role is Role.VIEWER
    assert line.partner_channel == "partner"
    assert elsewhere.author.role is Role.VIEWER
    assert other.paid_amount == 0
    assert stand.of(Alert) == []


async def test_deletions_bans_and_clears_are_told(stand: ChannelStand) -> None:
    stand.sign_in()
    channel = stand.twitch.channel
    async with stand:
        await stand.ready()
        line = await stand.say("rude")
        await channel.delete(stand.host, stand.ann, line)
        await channel.ban(stand.host, stand.ann, seconds=600)
        await channel.ban(stand.host, stand.ann)
        await channel.clear(stand.host)
        await until(lambda: bool(stand.of(Cleared)))
    ann = f"twitch:{stand.ann.id}"
    assert stand.of(Deleted) == [Deleted(line)]
    # Their lines are cleared first; how long it is for is told after it.
    assert stand.of(Banned) == [Banned(ann), Banned(ann, 600.0), Banned(ann), Banned(ann)]


async def test_every_alert_is_told_once(stand: ChannelStand) -> None:
    """Twitch tells most of them on several topics, and a bundle of gifts once more per gift."""
    stand.sign_in()
    channel, host, ann = stand.twitch.channel, stand.host, stand.ann
    friends = [stand.twitch.user(f"friend{n}") for n in range(5)]
    async with stand:
        await stand.ready()
        await channel.follow(host, ann)
        await channel.subscribe(host, ann)
        await channel.resubscribe(host, ann, f"still{ZWSP} here", months=7)
        await channel.gift(host, ann, friends)
        await channel.gift(host, None, friends[:1])
        await channel.raid(host, ann, 42)
        await stand.say("cheer100 nice", cheer=100)
        await channel.stream(host, online=True)
        await channel.stream(host, online=False)
        await channel.shared_chat(host, friends[:2])
        await channel.shared_chat(host, [], end=True)
        await until(lambda: len(stand.of(Alert)) == 11)
        await asyncio.sleep(0.05)
    alerts = stand.of(Alert)
    assert sorted((a.kind.value, a.count) for a in alerts) == sorted(
        [
            ("follow", 1),
            ("subscription", 1),
            ("resubscription", 7),
            ("gift", 5),
            ("gift", 1),
            ("raid", 42),
            ("cheer", 100),
            ("stream_online", 1),
            ("stream_offline", 1),
            ("shared_chat_began", 2),
            ("shared_chat_ended", 1),
        ]
    )
    by_kind = {a.kind: a for a in alerts}
    assert by_kind[AlertKind.RESUBSCRIPTION].text == "still here"
    assert by_kind[AlertKind.RAID].author.name == "Ann"
    assert len({a.alert_id for a in alerts}) == 11
    [line] = stand.of(Message)
    assert (line.text, line.paid_amount) == ("cheer100 nice", 100)
    assert by_kind[AlertKind.CHEER].text == ""
    [anonymous] = [a for a in alerts if a.kind is AlertKind.GIFT and a.count == 1]
    assert anonymous.author.viewer_id == "twitch:anonymous"


async def test_a_reward_is_told_once_and_its_text_is_no_line_of_chat(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.twitch.channel.redeem(stand.host, stand.ann, "Say it", "!panic", 250)
        await stand.say("after")
        await stand.heard("after")
    [reward] = stand.of(Redeemed)
    assert (reward.reward, reward.text, reward.cost) == ("Say it", "!panic", 250)
    assert reward.author.viewer_id == f"twitch:{stand.ann.id}"
    assert stand.lines == ["after"]


async def test_without_the_topic_a_reward_is_known_by_its_line(stand: ChannelStand) -> None:
    scopes = tuple(s for s in scopes_for("streamer", False) if "redemptions" not in s)
    stand.sign_in(scopes=scopes)
    async with stand:
        await stand.ready()
        await stand.twitch.channel.redeem(stand.host, stand.host, "Say it", "!panic", 250)
        await until(lambda: bool(stand.of(Redeemed)))
    assert stand.lines == []
    assert stand.of(Redeemed)[0].text == "!panic"


async def test_a_notice_without_the_fields_of_other_kinds_is_an_alert_all_the_same(
    stand: ChannelStand,
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        about = {**who("broadcaster_", stand.host), **who("chatter_", stand.ann)}
        notice = {
            **about,
            "chatter_is_anonymous": False,
            "color": "",
            "badges": [],
            "system_message": "",
            "message_id": "notice-1",
            "message": {"text": "", "fragments": []},
            "notice_type": "sub",
            "sub": {"sub_tier": "1000", "is_prime": True, "duration_months": 1},
        }
        await stand.twitch.channel.emit("channel.chat.notification", notice)
        await until(lambda: bool(stand.of(Alert)))
    assert stand.of(Alert)[0].kind is AlertKind.SUBSCRIPTION


MALFORMED: list[dict[str, Any]] = [
    {"message_id": None},
    {"message_id": "a b\x00"},
    {"message_id": 7},
    {"chatter_user_id": None},
    {"chatter_user_id": ["x"]},
    {"message": None},
    {"message": {"text": 7, "fragments": []}},
    {"message": {}},
    {"badges": None},
    {"badges": [7]},
    {"cheer": {"bits": "many"}},
    {"cheer": {"bits": float("inf")}},
    {"reply": {}},
]


async def test_what_is_not_as_documented_is_counted_and_ends_nothing(
    stand: ChannelStand, caplog: pytest.LogCaptureFixture
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        for wrong in MALFORMED:
            line = stand.twitch.channel.line_of(
                stand.host, stand.ann, "private words", [], "line-1"
            )
            await stand.twitch.channel.emit(CHAT, line | wrong)
        await stand.twitch.channel.emit("channel.follow", {"broadcaster_user_id": stand.host.id})
        await stand.say("after")
        await stand.heard("after")
    assert stand.lines == ["after"]
    assert stand.platform.counters["malformed"] == len(MALFORMED) + 1
    assert "private words" not in caplog.text
    assert stand.of(Gap) == []


# Accounts and topics ---------------------------------------------------------------------------


async def test_two_accounts_hear_everything_over_two_connections(stand: ChannelStand) -> None:
    bot = stand.twitch.user("kitsu_bot")
    stand.sign_in(scopes=scopes_for("streamer", has_bot=True))
    stand.sign_in(bot, "bot")
    async with stand:
        await stand.ready()
        await until(lambda: len(stand.twitch.sockets.living()) == 2)
        await until(lambda: all(row["state"] == "on" for row in stand.topics))
        assert stand.platform.link_state()["accounts"] == "two"
        await stand.say("!panic", stand.host)
        line = await stand.heard("!panic")
        await stand.twitch.channel.follow(stand.host, stand.ann)
        await stand.twitch.channel.redeem(stand.host, stand.ann, "Dance")
        await until(lambda: bool(stand.of(Redeemed)))
        await stand.platform.send("hello")
        sent = await stand.heard("hello")
        assert not stand.platform.is_moderator
    assert not line.own
    assert line.author.role is Role.BROADCASTER
    assert sent.own
    assert stand.twitch.helix.sent[0].sender_id == bot.id
    assert len(stand.of(Alert)) == 1


async def test_the_streamers_other_topics_are_heard_where_one_is_refused(
    stand: ChannelStand,
) -> None:
    """Rewards are refused to channels that may not have any."""
    stand.twitch.helix.withheld.add(REDEMPTIONS)
    stand.sign_in(scopes=scopes_for("streamer", has_bot=True))
    stand.sign_in(stand.twitch.user("kitsu_bot"), "bot")
    async with stand:
        await stand.ready()
        await stand.twitch.wait_for("channel.follow")
        await stand.twitch.channel.follow(stand.host, stand.ann)
        await until(lambda: bool(stand.of(Alert)))
    assert stand.of(Gap) == []


async def test_a_streamer_without_any_right_leaves_chat_to_the_bot(stand: ChannelStand) -> None:
    stand.sign_in(scopes=())
    stand.sign_in(stand.twitch.user("kitsu_bot"), "bot")
    async with stand:
        await stand.ready()
        told = await stand.lacking()
        await stand.say("hello")
        await stand.heard("hello")
    assert told["detail"].endswith("kitsu twitch login")


async def test_a_bot_whose_sign_in_ended_is_named_and_the_streamer_hears_on(
    stand: ChannelStand,
) -> None:
    bot = stand.twitch.user("kitsu_bot")
    stand.sign_in()
    stand.sign_in(bot, "bot")
    async with stand:
        await stand.ready()
        stand.twitch.world.disconnect_app(bot)
        stand.twitch.sockets.drop()
        told = await stand.lacking()
        await stand.gap()
        await stand.say("hello")
        await stand.heard("hello")
    assert told["detail"].endswith("kitsu twitch login --account bot")
    assert "kitsu_bot" in told["detail"]


async def test_a_fault_of_whoever_is_told_does_not_end_the_link(
    stand: ChannelStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.sign_in()
    told = ChannelStand._tell

    async def failing(self: ChannelStand, event: object) -> None:
        if isinstance(event, Message) and event.text == "too much":
            raise RuntimeError("the bus is gone")
        await told(self, event)  # type: ignore[arg-type]

    monkeypatch.setattr(ChannelStand, "_tell", failing)
    async with stand:
        await stand.ready()
        await stand.say("too much")
        gap = await stand.gap()
        await stand.say("after")
        await stand.heard("after")
        await until(lambda: len(stand.twitch.sockets.living()) == 1)
    assert "failed" in gap.reason
    assert stand.lines == ["after"]


async def test_a_bot_that_moderates_is_known_by_its_own_line(stand: ChannelStand) -> None:
    bot = stand.twitch.user("kitsu_bot")
    stand.twitch.world.make_moderator(stand.host, bot)
    stand.sign_in(bot, "bot")
    async with stand:
        await stand.ready()
        await stand.platform.send("hello")
        await stand.heard("hello")
        assert stand.platform.is_moderator
        needs = [row for row in stand.topics if row["topic"] == REDEMPTIONS]
    assert needs[0]["state"] == "off"
    assert "kitsu twitch login" in needs[0]["reason"]


async def test_a_half_scoped_token_hears_what_it_may_and_says_what_it_lacks(
    stand: ChannelStand,
) -> None:
    stand.sign_in(scopes=("user:read:chat", "user:write:chat"))
    async with stand:
        await stand.ready()
        await stand.say("hello")
        await stand.heard("hello")
        told = await stand.lacking()
    refused = {row["topic"]: row for row in told["topics"] if row["state"] == "refused"}
    assert set(refused) == {REDEMPTIONS, "channel.follow", "channel.ban"}
    assert "channel:read:redemptions" in refused[REDEMPTIONS]["reason"]
    assert "kitsu twitch login" in told["detail"]


async def test_a_token_without_chat_is_a_clear_state(stand: ChannelStand) -> None:
    stand.sign_in(scopes=("channel:read:redemptions",))
    async with stand:
        told = await stand.state("refused", "user:read:chat")
    assert "kitsu twitch login" in told["detail"]


async def test_a_topic_that_twitch_refuses_does_not_stop_the_rest(stand: ChannelStand) -> None:
    stand.twitch.helix.withheld.add(REDEMPTIONS)
    stand.sign_in()
    async with stand:
        await stand.ready()
        told = await stand.state("ready")
        assert "channel point rewards" in told["detail"]
        stand.twitch.helix.withheld.clear()
        await until(lambda: all(row["state"] == "on" for row in stand.topics))
        await stand.twitch.sockets.revoke("channel.follow")
        await until(lambda: any(row["state"] == "refused" for row in stand.topics))
        await until(lambda: all(row["state"] == "on" for row in stand.topics))
    assert stand.of(Gap) == []


async def test_a_channel_that_does_not_exist_is_a_clear_state(stand: ChannelStand) -> None:
    stand.options = replace(stand.options, channel="nobody_is_called_so")
    stand.sign_in()
    async with stand:
        told = await stand.state("reconnecting", "nobody_is_called_so")
    assert "nobody_is_called_so" in told["detail"]
    assert "TWITCH_CHANNEL" in told["detail"]
    assert stand.twitch.sockets.connections == 0


async def test_a_bare_token_works_and_says_its_limits(stand: ChannelStand) -> None:
    scopes = ["user:read:chat", "user:write:chat"]
    token = stand.twitch.world.make_token(stand.host, scopes)
    stand.options = replace(stand.options, client_id="", oauth_token=f"oauth:{token.access}")
    async with stand:
        await stand.ready()
        await stand.say("!panic", stand.host)
        line = await stand.heard("!panic")
        await stand.platform.send("hello")
        told = stand.platform.link_state()
        assert told["accounts"] == "bare_token"
        assert "channel:read:redemptions" in told["detail"]
        stand.twitch.world.expire_tokens()
        stand.twitch.sockets.drop()
        ended = await stand.state("refused")
    assert line.own
    assert "kitsu twitch login" in ended["detail"]
    assert not (stand.options.data_dir / "secrets" / "twitch.json").read_text().count("access")


async def test_a_bare_token_that_twitch_refuses_is_a_clear_state(stand: ChannelStand) -> None:
    stand.options = replace(stand.options, oauth_token="oauth:longgone1234567890")
    async with stand:
        await until(lambda: stand.platform.link_state()["state"] == "refused")
        told = stand.platform.link_state()
    assert "TWITCH_OAUTH_TOKEN" in told["detail"]
    assert "kitsu twitch login" in told["detail"]
    assert "longgone" not in str(told)


async def test_a_thousand_lines_a_second_are_all_heard_in_order(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        written = await stand.twitch.flood.run(stand.host, 1_000, 1.0)
        await until(lambda: len(stand.lines) == written)
        await stand.say("after")
        await stand.heard("after")
    assert written >= 900
    assert stand.lines == [*(f"hello {number}" for number in range(written)), "after"]
    assert stand.of(Gap) == []
