"""Chat without an account: read-only, and nobody has rights because of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from apps.twitch_ingest.engines.anonymous_chat import AnonymousChat, Silence
from apps.twitch_ingest.engines.base import (
    Banned,
    Cleared,
    Deleted,
    Gap,
    Message,
    PlatformEvent,
    SendRefused,
)
from apps.twitch_ingest.engines.irc_lines import parse
from apps.twitch_ingest.platforms import sign_in_web
from libs.contracts.people import Role
from libs.worker.problems import Problem
from tests.twitch_ingest.engines.channel_stand import ChannelStand, answer_problem, until


class Visitor:
    def __init__(self, stand: ChannelStand) -> None:
        self.stand = stand
        self.told: list[PlatformEvent] = []
        silence = Silence(quiet_seconds=0.2, answer_seconds=0.2, join_seconds=0.5)
        self.chat = AnonymousChat(stand.options, silence)

    async def tell(self, event: PlatformEvent) -> None:
        self.told.append(event)

    @property
    def lines(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, Message)]

    async def joined(self) -> None:
        await until(lambda: self.stand.twitch.irc.joined == 1)
        await until(lambda: "Listening" in self.chat.health().detail)


@pytest.fixture
async def visitor(stand: ChannelStand) -> AsyncIterator[Visitor]:
    visitor = Visitor(stand)
    task = asyncio.create_task(visitor.chat.run(visitor.tell))
    yield visitor
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_chat_is_read_and_nobody_has_rights(visitor: Visitor) -> None:
    await visitor.joined()
    stand = visitor.stand
    await stand.say("!pa\u200bnic", stand.host, roles=["moderator"])
    await until(lambda: visitor.lines == ["!panic"])
    [line] = visitor.told
    assert isinstance(line, Message)
    assert line.author.role is Role.VIEWER
    assert line.author.viewer_id == f"twitch:{stand.host.id}"
    assert line.written_at == pytest.approx(time.time(), abs=5)
    assert not visitor.chat.capabilities.has_roles
    assert not visitor.chat.capabilities.can_send
    assert "Demo" in visitor.chat.health().detail


async def test_the_link_says_that_it_is_anonymous_and_nobody_can_sign_in(
    visitor: Visitor,
) -> None:
    await visitor.joined()
    handlers = {Problem: answer_problem}
    app = Starlette(routes=sign_in_web(visitor.chat, dict).routes(), exception_handlers=handlers)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kitsu") as web:
        link = (await web.get("/link")).json()
        refused = await web.post("/sign-in", json={})
    assert (link["mode"], link["state"], link["channel"]) == (
        "anonymous",
        "ready",
        "kitsu_live",
    )
    assert refused.status_code == 409
    assert "Demo" in refused.json()["detail"]


async def test_it_cannot_send(visitor: Visitor) -> None:
    with pytest.raises(SendRefused, match="kitsu twitch login"):
        await visitor.chat.send("hello")


async def test_deletions_bans_and_clears_are_told(visitor: Visitor) -> None:
    await visitor.joined()
    stand, channel = visitor.stand, visitor.stand.twitch.channel
    line = await stand.say("rude")
    await channel.delete(stand.host, stand.ann, line)
    await channel.ban(stand.host, stand.ann, seconds=60)
    await channel.ban(stand.host, stand.ann)
    await channel.clear(stand.host)
    await until(lambda: len(visitor.told) == 5)
    ann = f"twitch:{stand.ann.id}"
    assert visitor.told[1:] == [Deleted(line), Banned(ann, 60.0), Banned(ann), Cleared()]


async def test_it_comes_back_after_a_cut_and_tells_the_gap(visitor: Visitor) -> None:
    await visitor.joined()
    visitor.stand.twitch.irc.drop()
    await until(lambda: any(isinstance(event, Gap) for event in visitor.told))
    await visitor.joined()
    await visitor.stand.say("after")
    await until(lambda: visitor.lines == ["after"])


async def test_it_asks_whether_anybody_is_there_and_answers_when_asked(visitor: Visitor) -> None:
    await visitor.joined()
    await visitor.stand.twitch.irc.ping()
    await until(lambda: visitor.stand.twitch.irc.pongs == 1)
    await asyncio.sleep(0.5)
    await visitor.stand.say("still here")
    await until(lambda: visitor.lines == ["still here"])
    assert not any(isinstance(event, Gap) for event in visitor.told)


@pytest.mark.parametrize(
    "line",
    [
        "",
        ":",
        "@",
        "@ : x",
        "@id=1;user-id= :x!x@x PRIVMSG #kitsu_live :hello",
        "@user-id=5 :x!x@x PRIVMSG #kitsu_live :hello",
        "@id=1;user-id=5;bits=many :x!x@x PRIVMSG #kitsu_live :hello",
        "@id=1;user-id=5;tmi-sent-ts=soon :x!x@x PRIVMSG #kitsu_live :hello",
        "@ban-duration=long;target-user-id=5 :tmi.twitch.tv CLEARCHAT #kitsu_live :ann",
        ":tmi.twitch.tv CLEARMSG #kitsu_live :x",
        "\x00\xff\\",
    ],
)
async def test_a_line_that_is_none_ends_nothing(visitor: Visitor, line: str) -> None:
    await visitor.joined()
    await visitor.stand.twitch.irc.send_all(line)
    await visitor.stand.say("after")
    await until(lambda: visitor.lines == ["after"])
    assert len(visitor.told) == 1


async def test_twitch_may_ask_to_connect_again(visitor: Visitor) -> None:
    await visitor.joined()
    await visitor.stand.twitch.irc.send_all(":tmi.twitch.tv RECONNECT")
    await until(lambda: any(isinstance(event, Gap) for event in visitor.told))
    await visitor.joined()


async def test_a_channel_that_does_not_exist_is_said_and_tried_again(stand: ChannelStand) -> None:
    """Twitch answers nothing to who wants to join one."""
    stand.twitch.irc.closed_channels.add("kitsu_live")
    visitor = Visitor(stand)
    task = asyncio.create_task(visitor.chat.run(visitor.tell))
    await until(lambda: "is there a channel 'kitsu_live'" in visitor.chat.health().detail)
    assert visitor.chat.link_state()["state"] == "reconnecting"
    stand.twitch.irc.closed_channels.clear()
    await visitor.joined()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_without_a_channel_there_is_nothing_to_read(stand: ChannelStand) -> None:
    with pytest.raises(ValueError, match="TWITCH_CHANNEL"):
        AnonymousChat(replace(stand.options, channel=""))


def test_tags_are_unescaped() -> None:
    line = parse(r"@a=1\:2\s3\\4;b=;c :ann!ann@x PRIVMSG #room :hi : there")
    assert line.tags == {"a": r"1;2 3\4", "b": "", "c": ""}
    assert (line.command, line.login, line.text) == ("PRIVMSG", "ann", "hi : there")
