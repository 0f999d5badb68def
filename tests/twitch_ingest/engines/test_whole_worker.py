"""The worker with the real engine, on a channel that is played."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from apps.twitch_ingest.engines.twitch import TwitchPlatform
from apps.twitch_ingest.engines.twitch.topics import NOT_ASKED
from apps.twitch_ingest.platforms import platform_of
from apps.twitch_ingest.worker import TwitchIngestWorker
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.chat import (
    AlertKind,
    ChatAlerted,
    ChatCommandIssued,
    ChatMessageDeleted,
    ChatMessageReceived,
    ChatMessageSent,
    RewardRedeemed,
    SendChatMessage,
)
from libs.contracts.control import EngagePanic
from libs.contracts.people import Role
from libs.contracts.safety import GateAction, Verdict
from libs.safety import Gate
from libs.testing.stand_ins.twitch import TwitchStandIn
from libs.worker.runtime import running
from tests.twitch_ingest.conftest import RunningIngest, settings_in
from tests.twitch_ingest.engines.channel_stand import ChannelStand, until
from tests.twitch_ingest.scripted_platform import ScriptedPlatform


@asynccontextmanager
async def worker_on(
    stand: ChannelStand, folder: Path, gate: Gate, **more: Any
) -> AsyncIterator[RunningIngest]:
    twitch = stand.twitch
    fields = {
        "twitch_channel": "kitsu_live",
        "twitch_client_id": twitch.world.client_id,
        "twitch_helix_url": twitch.helix_url,
        "twitch_id_url": twitch.id_url,
        "twitch_eventsub_url": twitch.eventsub_url,
        "twitch_irc_url": twitch.irc_url,
        **more,
    }
    server = MemoryServer()
    settings = settings_in(folder, **fields)
    bus, beside = MemoryBus(server, "twitch_ingest@here#0"), MemoryBus(server, "test@here#0")
    worker = TwitchIngestWorker(settings, bus, gate=gate)
    await beside.open()
    try:
        async with running(worker, bus):
            yield RunningIngest(worker, ScriptedPlatform(), beside, settings)
    finally:
        await beside.close()


async def listening(show: RunningIngest) -> None:
    platform = show.worker.platform
    assert isinstance(platform, TwitchPlatform)
    await until(lambda: platform.link_state()["state"] == "ready")

    def asked() -> bool:
        rows = platform.link_state()["topics"]
        return all(row["reason"] != NOT_ASKED for row in rows)

    await until(asked)


async def test_lines_commands_alerts_and_answers_go_through_the_whole_worker(
    stand: ChannelStand, tmp_path: Path, gate: Gate
) -> None:
    stand.sign_in()
    channel, host, ann = stand.twitch.channel, stand.host, stand.ann
    async with worker_on(stand, tmp_path, gate) as show:
        await listening(show)
        await until(lambda: show.worker.health().engine)
        line_id = await stand.say("hello Kitsu")
        await stand.say("!panic", ann)
        await channel.delete(host, ann, line_id)
        await channel.raid(host, ann, 12)
        await channel.redeem(host, ann, "Tea", "!panic now")
        (line,) = await show.some(ChatMessageReceived)
        (deleted,) = await show.some(ChatMessageDeleted)
        (raid,) = await show.some(ChatAlerted)
        (redeemed,) = await show.some(RewardRedeemed)
        assert await show.facts(ChatCommandIssued) == []

        text = "Hello Ann!"
        verdict = Verdict(action=GateAction.ALLOW, text=text)
        await show.bus.publish(
            SendChatMessage(platform="twitch", text=text, verdict=verdict, reply_to=line_id)
        )
        (sent,) = await show.some(ChatMessageSent)
        await stand.say("!panic doxxing", host)
        await until(lambda: show.worker.panic.engaged)
        (issued,) = await show.some(ChatCommandIssued)
        (order,) = await show.some(EngagePanic)
        link = (await show.request("GET", "/link")).json()
        await show.settled()
        lines = await show.facts(ChatMessageReceived)
    assert (line.text, line.author.name, line.platform) == ("hello Kitsu", "Ann", "twitch")
    assert deleted.message_id == line_id
    assert (raid.kind, raid.count) == (AlertKind.RAID, 12)
    assert (redeemed.reward, redeemed.text) == ("Tea", "!panic now")
    assert (sent.outcome, sent.reason) == ("sent", "")
    assert (issued.command, issued.author.role) == ("panic", Role.BROADCASTER)
    assert order.reason == "doxxing"
    assert link["platform"] == "twitch"
    assert link["sender"]["sent"] == 1
    assert [line.text for line in lines] == ["hello Kitsu"]  # her own answer is no line


async def test_chat_without_an_account_is_heard_and_gives_nobody_a_right(
    stand: ChannelStand, tmp_path: Path, gate: Gate
) -> None:
    async with worker_on(stand, tmp_path, gate, chat_platform="anonymous") as show:
        await until(lambda: "Demo" in show.worker.health().detail)
        await until(lambda: stand.twitch.irc.joined == 1)
        await stand.say("!panic", stand.host)
        await stand.say("hello")
        (line,) = await show.some(ChatMessageReceived)
        assert line.text == "hello"
        assert show.worker.counters["refused_no_roles"] == 1
        assert not show.worker.panic.engaged
        link = (await show.request("GET", "/link")).json()
        assert (link["mode"], link["account"]) == ("anonymous", None)
        refused = await show.request("POST", "/sign-in", {})
        assert refused.status_code == 409


async def test_without_an_account_the_link_says_so_and_a_sign_in_can_begin(
    twitch: TwitchStandIn, stand: ChannelStand, tmp_path: Path, gate: Gate
) -> None:
    async with worker_on(stand, tmp_path, gate) as show:
        begun = await show.request("POST", "/sign-in", {})
        assert begun.status_code == 201
        link = (await show.request("GET", "/link")).json()
        assert link["sign_in"] is not None
        assert link["replay"] is None
        assert isinstance(platform_of(show.settings), TwitchPlatform)
