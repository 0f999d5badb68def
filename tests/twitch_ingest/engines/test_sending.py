"""One line into chat, and how Twitch refuses it."""

import pytest

from apps.twitch_ingest.engines.base import SendRefused
from tests.twitch_ingest.engines.channel_stand import ChannelStand, until

LINES = "/helix/chat/messages"


async def test_a_line_is_sent_as_a_reply_and_comes_back_as_our_own(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        await stand.platform.send("hello ann", reply_to="line-1")
        line = await stand.heard("hello ann")
    [sent] = stand.twitch.helix.sent
    assert (sent.channel_id, sent.sender_id, sent.reply_to) == (
        stand.host.id,
        stand.host.id,
        "line-1",
    )
    assert line.own


@pytest.mark.parametrize(
    ("reason", "code", "again"),
    [
        ("msg_ratelimit", "rate_limited", True),
        ("msg_duplicate", "duplicate", False),
        ("msg_banned", "banned", False),
        ("msg_timedout", "banned", False),
        ("msg_slowmode", "slow_mode", True),
        ("msg_followersonly", "followers_only", False),
        ("msg_followersonly_zero", "followers_only", False),
        ("msg_subsonly", "no_permission", False),
        ("msg_rejected_mandatory", "rejected", False),
        ("something_new", "rejected", False),
    ],
)
async def test_a_drop_reason_becomes_a_code(
    stand: ChannelStand, reason: str, code: str, again: bool
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        stand.twitch.helix.drop_next.append((reason, "why, in Twitch's words"))
        with pytest.raises(SendRefused) as refused:
            await stand.platform.send("hello")
    assert refused.value.code == code
    assert (refused.value.retry_after_seconds is not None) is again


@pytest.mark.parametrize(
    ("fault", "code", "again"),
    [
        ({"status": 429}, "rate_limited", True),
        ({"status": 500}, "unreachable", True),
        ({"status": 503}, "unreachable", True),
        ({"status": 403, "message": "not allowed"}, "no_permission", False),
        ({"status": 422}, "too_long", False),
        ({"status": 400, "message": "what?"}, "no_permission", False),
        ({"drop": True, "after": True}, "unreachable", False),
        ({"status": 200}, "unreachable", False),
    ],
)
async def test_an_answer_becomes_a_code_and_what_may_be_in_chat_is_not_sent_again(
    stand: ChannelStand, fault: dict[str, object], code: str, again: bool
) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        stand.twitch.fail("POST", LINES, **fault)
        with pytest.raises(SendRefused) as refused:
            await stand.platform.send("hello")
    assert refused.value.code == code
    assert (refused.value.retry_after_seconds is not None) is again
    assert stand.twitch.faults.requests[f"POST {LINES}"] == 1


async def test_a_rate_limit_says_when_it_ends(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        headers = {"Ratelimit-Reset": "1"}
        stand.twitch.fail("POST", LINES, status=429, headers=headers)
        with pytest.raises(SendRefused) as refused:
            await stand.platform.send("hello")
    assert refused.value.retry_after_seconds == 0.0


async def test_a_line_that_is_too_long_is_not_even_tried(stand: ChannelStand) -> None:
    stand.sign_in()
    async with stand:
        await stand.ready()
        with pytest.raises(SendRefused) as refused:
            await stand.platform.send("x" * 501)
        await stand.platform.send("x" * 500)
    assert refused.value.code == "too_long"
    assert stand.twitch.faults.requests[f"POST {LINES}"] == 1


async def test_nobody_signed_in_sends_nothing(stand: ChannelStand) -> None:
    async with stand:
        with pytest.raises(SendRefused, match="kitsu twitch login") as refused:
            await stand.platform.send("hello")
    assert refused.value.code == "no_permission"


async def test_a_token_that_may_only_read_sends_nothing_and_says_so(stand: ChannelStand) -> None:
    stand.sign_in(scopes=("user:read:chat",))
    async with stand:
        await stand.ready()
        with pytest.raises(SendRefused, match="user:write:chat"):
            await stand.platform.send("hello")
        await until(lambda: "user:write:chat" in stand.platform.health().detail)
    assert stand.twitch.faults.requests[f"POST {LINES}"] == 0
