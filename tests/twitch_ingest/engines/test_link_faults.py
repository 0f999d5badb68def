"""Every way in which the link to Twitch breaks: chat is heard again, each line once, a gap told."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from apps.twitch_ingest.engines.base import Gap, Message, PlatformEvent
from apps.twitch_ingest.engines.twitch.topics import CHAT
from libs.testing.stand_ins.twitch import TwitchStandIn
from tests.twitch_ingest.engines.channel_stand import ChannelStand, until

Break = Callable[[TwitchStandIn], Awaitable[object]]


async def _cut(twitch: TwitchStandIn) -> None:
    twitch.sockets.drop()


async def _refused_thrice(twitch: TwitchStandIn) -> None:
    twitch.sockets.refuse = 3
    twitch.sockets.drop()


async def _no_welcome(twitch: TwitchStandIn) -> None:
    twitch.sockets.no_welcome = 1
    twitch.sockets.drop()


async def _silent(twitch: TwitchStandIn) -> None:
    twitch.sockets.go_silent()


async def _revoked(twitch: TwitchStandIn) -> None:
    await twitch.sockets.revoke(CHAT)


async def _revoked_and_granted(twitch: TwitchStandIn) -> None:
    twitch.helix.withheld.add(CHAT)
    await twitch.sockets.revoke(CHAT)
    await asyncio.sleep(0.5)
    twitch.helix.withheld.clear()


def _closed(code: int) -> Break:
    async def close(twitch: TwitchStandIn) -> None:
        await twitch.sockets.close(code)

    return close


def _answered(status: int, times: int = 1) -> Break:
    async def answer(twitch: TwitchStandIn) -> None:
        twitch.fail("POST", "/helix/eventsub/subscriptions", status=status, times=times)
        twitch.sockets.drop()

    return answer


async def _subscription_cut(twitch: TwitchStandIn) -> None:
    twitch.fail("POST", "/helix/eventsub/subscriptions", drop=True)
    twitch.sockets.drop()


BREAKS: dict[str, Break] = {
    "the connection is cut": _cut,
    **{f"closed with {code}": _closed(code) for code in (1001, 4000, 4002, 4003, 4004, 4005, 4006)},
    "three upgrades are refused": _refused_thrice,
    "connected, but not welcomed": _no_welcome,
    "the subscription is answered 500": _answered(500),
    "the subscription is answered 429": _answered(429),
    "the subscription is answered 500 so often that it is given up": _answered(500, 6),
    "the subscription is cut": _subscription_cut,
    "silence without keepalives": _silent,
    "the authorization is revoked": _revoked,
    "the authorization is revoked and later granted": _revoked_and_granted,
}


@pytest.mark.parametrize("fault", BREAKS)
async def test_chat_is_heard_again_and_the_gap_is_told(stand: ChannelStand, fault: str) -> None:
    stand.twitch.sockets.keepalive_seconds = 1 if fault.startswith("silence") else None
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.say("before")
        await stand.heard("before")
        broke_at, wall_clock = time.monotonic(), time.time()
        await BREAKS[fault](stand.twitch)
        await stand.heard_again(broke_at)
        gap = await stand.gap()
        await stand.twitch.wait_for("channel.follow")
    assert gap.started_at <= wall_clock + 0.05
    assert gap.ended_at > gap.started_at
    assert gap.reason
    first_new = next(i for i, e in enumerate(stand.told) if isinstance(e, Message) and i > 0)
    assert stand.told.index(gap) < first_new
    assert len(stand.lines) == len(set(stand.lines))
    assert len(stand.of(Gap)) == 1


async def test_a_silent_loss_is_a_gap_from_the_last_thing_heard(stand: ChannelStand) -> None:
    stand.twitch.sockets.keepalive_seconds = 1
    stand.sign_in()
    async with stand:
        await stand.ready()
        stand.twitch.sockets.go_silent()
        silent_since = time.time()
        await stand.say("nobody hears this")
        gap = await stand.gap()
    assert gap.started_at <= silent_since
    assert gap.ended_at >= silent_since + 1.0
    assert "silent" in gap.reason
    assert stand.lines == []


async def test_lines_on_the_old_connection_are_heard_while_moving_over(
    stand: ChannelStand,
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.twitch.sockets.move(welcome_after_seconds=0.2)
        for number in range(5):
            await stand.say(f"on the old one {number}")
        await until(lambda: stand.twitch.sockets.connections == 2)
        await stand.say("on the new one")
        await stand.heard("on the new one")
        await until(lambda: len(stand.twitch.sockets.living()) == 1)
    assert stand.lines == [*(f"on the old one {n}" for n in range(5)), "on the new one"]
    assert stand.of(Gap) == []


async def test_what_still_stands_on_the_old_connection_comes_before_the_new_ones(
    stand: ChannelStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = ChannelStand._tell

    async def slow(self: ChannelStand, event: PlatformEvent) -> None:
        await asyncio.sleep(0.03)
        await tell(self, event)

    monkeypatch.setattr(ChannelStand, "_tell", slow)
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.say("first")
        await stand.twitch.sockets.move()
        for number in range(8):
            await stand.say(f"on the old one {number}")
        await until(lambda: stand.twitch.sockets.connections == 2)
        await stand.say("on the new one")
        await stand.heard("on the new one")
    old = [f"on the old one {number}" for number in range(8)]
    assert stand.lines == ["first", *old, "on the new one"]
    assert stand.of(Gap) == []


async def test_moving_over_to_a_new_session_id_keeps_every_topic(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.twitch.sockets.move(keep_id=False)
        await until(lambda: stand.twitch.sockets.connections == 2)
        await stand.say("hello")
        await stand.heard("hello")
        await stand.twitch.channel.follow(stand.host, stand.ann)
        await until(lambda: len(stand.told) == 2)
    assert stand.of(Gap) == []


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9/ws", "wss://evil.example/ws", "no address"])
async def test_a_dead_or_foreign_address_to_move_to_keeps_the_old_connection(
    stand: ChannelStand, url: str
) -> None:
    stand.twitch.sockets.move_seconds = 0.6
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.twitch.sockets.move(url=url)
        await asyncio.sleep(0.1)
        await stand.say("still on the old one")
        await stand.heard("still on the old one")
        assert stand.of(Gap) == []
        await stand.gap()
        await stand.heard_again(time.monotonic())
    assert len(stand.lines) == len(set(stand.lines))


async def test_moving_over_without_a_welcome_keeps_the_old_connection(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.twitch.sockets.move(no_welcome=True)
        await asyncio.sleep(0.6)
        await stand.say("still here")
        await stand.heard("still here")
    assert stand.of(Gap) == []


async def test_the_old_connection_may_end_before_the_new_one_is_welcomed(
    stand: ChannelStand,
) -> None:
    """Twitch moves the subscriptions at the welcome: then nothing is missing."""
    stand.sign_in()
    async with stand:
        await stand.ready()
        [old] = stand.twitch.sockets.living()
        await stand.twitch.sockets.move(welcome_after_seconds=0.15)
        await asyncio.sleep(0.1)
        old.replaced = True
        assert old.request.transport is not None
        old.request.transport.abort()
        await until(lambda: stand.twitch.sockets.connections == 2)
        await stand.say("on the new one")
        await stand.heard("on the new one")
    assert stand.of(Gap) == []


async def test_the_same_message_id_is_told_once_also_over_a_reconnect(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        line = stand.twitch.channel.line_of(stand.host, stand.ann, "!panic", [], "line-1")
        await stand.twitch.channel.emit(CHAT, line, copies=2, message_id="the-same")
        await until(lambda: stand.platform.counters["duplicates"] == 1)
        stand.twitch.sockets.drop()
        await stand.gap()
        await stand.twitch.channel.emit(CHAT, line, copies=2, message_id="the-same")
        await until(lambda: stand.platform.counters["duplicates"] == 3)
        await stand.say("after")
        await stand.heard("after")
    assert stand.lines == ["!panic", "after"]


async def test_nothing_is_ever_sent_on_the_connection(stand: ChannelStand) -> None:
    stand.twitch.sockets.keepalive_seconds = 1
    stand.sign_in()
    async with stand:
        await stand.ready()
        await asyncio.sleep(1.1)
    assert stand.twitch.sockets.inbound == 0


@pytest.mark.parametrize(
    "text",
    ["not json", "[]", "{}", '{"metadata": 1, "payload": {}}', '"x"', "[" * 20_000],
)
async def test_a_message_that_is_none_does_not_end_the_link(
    stand: ChannelStand, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.twitch.sockets.send_text(text)
        await stand.say("after")
        await stand.heard("after")
    assert stand.of(Gap) == []
    assert "not as documented" in caplog.text


async def test_a_link_that_never_comes_up_is_tried_on_and_told(stand: ChannelStand) -> None:
    stand.twitch.sockets.refuse = 10_000
    stand.sign_in()
    async with stand:
        await stand.state("reconnecting", "503")
        stand.twitch.sockets.refuse = 0
        await stand.ready()
    assert stand.of(Gap) == []


async def test_switched_off_and_on_again_it_listens_anew_and_blames_no_gap_on_the_link(
    stand: ChannelStand,
) -> None:
    stand.sign_in()
    for number in range(2):
        async with stand:
            await stand.ready()
            await stand.say(f"round {number}")
            await stand.heard(f"round {number}")
        assert stand.twitch.sockets.living() == []
    assert stand.of(Gap) == []


async def test_moving_over_in_a_flood_loses_and_repeats_nothing(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        flood = asyncio.create_task(stand.twitch.flood.run(stand.host, 500, 0.8))
        await asyncio.sleep(0.2)
        await stand.twitch.sockets.move(welcome_after_seconds=0.1)
        written = await flood
        await until(lambda: len(stand.lines) == written)
        assert stand.twitch.sockets.connections == 2
    assert stand.lines == [f"hello {number}" for number in range(written)]
    assert stand.of(Gap) == []
