"""Recorded chats, also such that nobody should be given."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from apps.twitch_ingest.engines.base import (
    Alert,
    Banned,
    Cleared,
    Deleted,
    Gap,
    Message,
    PlatformEvent,
    Redeemed,
)
from apps.twitch_ingest.engines.replay import LONGEST_LINE_BYTES, ReplayError, ReplayPlatform
from apps.twitch_ingest.worker import TwitchIngestWorker
from libs.bus.base import Delivery
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.chat import AlertKind, ChatCommandIssued, ChatMessageReceived
from libs.contracts.health import ModuleState
from libs.contracts.people import Role
from libs.safety import Gate
from libs.worker.runtime import running
from tests.twitch_ingest.conftest import Start, settings_in, until


def entry(at: float = 0.0, text: str = "hello", **more: Any) -> str:
    fields = {"at": at, "id": "1", "viewer_id": "7", "name": "Ann", "role": "viewer", "text": text}
    return json.dumps({**fields, **more})


def log(folder: Path, *lines: str | bytes) -> Path:
    path = folder / "chat.jsonl"
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


async def played(path: Path, speed: float = 0.0) -> tuple[ReplayPlatform, list[PlatformEvent]]:
    platform, heard = ReplayPlatform(path, speed), list[PlatformEvent]()

    async def tell(told: PlatformEvent) -> None:
        heard.append(told)

    await platform.play(tell)
    return platform, heard


async def test_every_kind_of_line_becomes_what_a_platform_tells(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        entry(id="m1", role="moderator", first_time=True, reply_to="bob", worth=0.5, new_field=1),
        entry(kind="delete", target="m1"),
        entry(kind="ban", target="7"),
        entry(kind="clear"),
        entry(kind="redeem", reward="Tea", cost=100, text="now"),
        entry(kind="gap", count=5),
        entry(kind="raid", count=50),
        entry(kind="gift", count=20),
    )
    platform, heard = await played(path)
    first, deleted, banned, cleared, redeemed, gap, raid, gift = heard
    assert isinstance(first, Message)
    assert (first.author.role, first.first_time, first.reply_to) == (Role.MODERATOR, True, "bob")
    assert deleted == Deleted(first.message_id)
    assert banned == Banned(first.author.viewer_id)
    assert cleared == Cleared()
    assert isinstance(redeemed, Redeemed)
    assert (redeemed.reward, redeemed.cost, redeemed.text) == ("Tea", 100, "now")
    assert isinstance(gap, Gap)
    assert gap.ended_at - gap.started_at == pytest.approx(5)
    assert isinstance(raid, Alert)
    assert isinstance(gift, Alert)
    assert (raid.kind, raid.count, gift.kind) == (AlertKind.RAID, 50, AlertKind.GIFT)
    assert (platform.progress.told, platform.progress.bad) == (8, 0)
    assert platform.progress.percent == 100


BAD: list[str | bytes] = [
    "no json",
    "[]",
    "{}",
    "null",
    b"\xff\xfe\xfd",
    b'{"at": 1e999, "name": "a", "text": "b"}',
    entry(at=-1),
    entry(at=float("nan")),
    entry(role="owner"),
    entry(kind="explosion"),
    entry(name=""),
    entry(name="\u200b\u202e"),
    entry(text="\u200b"),
    entry(text="x" * 3_000),
    entry(kind="delete"),
    entry(kind="redeem"),
    entry(count=-1),
    entry(count=10**30),
    "[" * 5_000,
    '{"at": ' + "9" * 5_000 + "}",
    b'{"at": 0, "text": "' + b"x" * (3 * LONGEST_LINE_BYTES) + b'"}',
]


async def test_lines_that_cannot_be_understood_are_skipped_and_told_by_number(
    tmp_path: Path,
) -> None:
    lines: list[str | bytes] = [entry(text="first"), "", *BAD, entry(text="last")]
    platform, heard = await played(log(tmp_path, *lines))
    assert [told.text for told in heard if isinstance(told, Message)] == ["first", "last"]
    assert platform.progress.bad == len(BAD)
    assert platform.bad_lines[:3] == [3, 4, 5]
    assert f"{len(BAD)} lines could not be read" in platform.health().detail


async def test_texts_are_cleaned_and_nobody_is_an_operator(tmp_path: Path) -> None:
    path = log(tmp_path, entry(text="a\u202eb\u0000c\u200b", name="A\u200bnn", role="operator"))
    _, (told,) = await played(path)
    assert isinstance(told, Message)
    assert (told.text, told.author.name, told.author.role) == ("abc", "Ann", Role.VIEWER)


async def test_two_replays_are_two_chats_and_none_of_them_the_channels(tmp_path: Path) -> None:
    path = log(tmp_path, entry())
    (_, (first,)), (_, (second,)) = await played(path), await played(path)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert first.message_id != second.message_id
    assert first.author.viewer_id == second.author.viewer_id == "replay:7"


async def test_it_is_played_at_the_wanted_speed(tmp_path: Path) -> None:
    path = log(tmp_path, *(entry(at=number * 100.0) for number in range(5)), entry(at=0))
    loop = asyncio.get_running_loop()
    began = loop.time()
    _, heard = await played(path, speed=4_000)
    assert loop.time() - began >= 0.1  # 400 s, 4000 times as fast
    assert len(heard) == 6


async def test_a_log_that_is_not_there_is_a_state_and_not_a_crash(tmp_path: Path) -> None:
    platform = ReplayPlatform(tmp_path / "nowhere.jsonl")

    async def tell(told: PlatformEvent) -> None:
        raise AssertionError(told)

    with pytest.raises(ReplayError, match="there is no such file"):
        await platform.play(tell)
    with pytest.raises(ReplayError):
        await ReplayPlatform(tmp_path).play(tell)
    task = asyncio.create_task(platform.run(tell))
    await until(lambda: platform.health().state is ModuleState.DEGRADED)
    assert "there is no such file" in platform.health().detail
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_can_be_the_shows_only_chat(tmp_path: Path, gate: Gate) -> None:
    lines = [entry(id=str(n), text=f"line {n}", name=f"v{n}") for n in range(6_000)]
    settings = settings_in(
        tmp_path,
        chat_platform="replay",
        chat_replay_file=str(log(tmp_path, *lines)),
        chat_replay_speed=0,
    )
    bus = MemoryBus(MemoryServer(), "twitch_ingest@here#0")
    worker = TwitchIngestWorker(settings, bus, gate=gate)
    async with running(worker, bus):
        await until(lambda: "is over: 100 %, 6000 told" in worker.health().detail, 30)
        async with asyncio.timeout(30):
            found: list[Delivery] = []
            while len(found) < len(lines):
                await asyncio.sleep(0.05)
                found = await bus.recent(ChatMessageReceived.topic, "main", 20_000)
    assert [one.event.text for one in found] == [f"line {n}" for n in range(6_000)]  # type: ignore[attr-defined]
    assert worker.counters["backlog_dropped"] == 0


# Into a running show ------------------------------------------------------------------------------


async def test_a_running_show_plays_a_log_beside_its_chat(ingest: Start, tmp_path: Path) -> None:
    path = log(tmp_path, entry(), entry(id="2", role="moderator", text="!stop"), "broken")
    async with ingest() as show:
        begun = await show.request("POST", "/replay", {"file": str(path), "speed": 0})
        assert begun.status_code == 202
        (line,) = await show.some(ChatMessageReceived)
        (order,) = await show.some(ChatCommandIssued)
        await until(lambda: not show.worker.replays.playing)
        done = (await show.request("GET", "/replay")).json()
    assert (line.platform, order.platform, order.command) == ("replay", "replay", "stop")
    assert (done["playing"], done["finished"], done["percent"]) == (False, True, 100)
    assert (done["lines"], done["told"], done["bad"], done["bad_lines"]) == (3, 2, 1, [3])


async def test_one_log_at_a_time_and_it_can_be_stopped(ingest: Start, tmp_path: Path) -> None:
    path = log(tmp_path, entry(), entry(at=3_600))
    async with ingest() as show:
        assert (await show.request("GET", "/replay")).json() == {"playing": False}
        await show.request("POST", "/replay", {"file": str(path)})
        await show.some(ChatMessageReceived)
        second = await show.request("POST", "/replay", {"file": str(path)})
        assert (second.status_code, second.json()["code"]) == (409, "playing")
        stopped = (await show.request("DELETE", "/replay")).json()
        assert (stopped["stopped"], stopped["playing"], stopped["finished"]) == (True, False, False)
        told = show.worker.replays.told()
        assert told is not None
        assert (told["done"], told["file"]) == (True, path.name)
        again = (await show.request("DELETE", "/replay")).json()
        assert again["stopped"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file": ""},
        {"file": "nowhere.jsonl"},
        {"file": "/"},
        {"file": "a\u0000b"},
        {"file": "~nobody-of-that-name/x"},
        {"file": "x", "speed": -1},
        {"file": "x", "speed": 1e9},
        {"file": "x", "more": 1},
        [],
    ],
)
async def test_what_cannot_be_played_is_refused(ingest: Start, body: Any) -> None:
    async with ingest() as show:
        refused = await show.request("POST", "/replay", body)
        assert refused.status_code == 422
        assert show.worker.replays.document() == {"playing": False}


async def test_while_chat_is_off_nothing_is_played(ingest: Start, tmp_path: Path) -> None:
    path = log(tmp_path, entry(), entry(at=3_600))
    async with ingest() as show:
        await show.request("POST", "/replay", {"file": str(path)})
        show.worker.enabled = False
        await show.worker.enabled_changed(False)
        assert not show.worker.replays.playing
        refused = await show.request("POST", "/replay", {"file": str(path)})
        assert (refused.status_code, refused.json()["code"]) == (409, "off")
