"""The scripted floor and the scripted link to chat speak as the real ones do."""

import asyncio
from pathlib import Path

from apps.orchestrator import chat_link
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.people import Author
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.panel import scripted_floor, scripted_twitch


def test_the_scripted_link_tells_only_what_the_real_one_tells() -> None:
    told = scripted_twitch.connected(
        sign_in=scripted_twitch.sign_in(),
        replay={"file": "evening.jsonl", "lines": 1, "skipped": 0, "done": False},
    )
    chat_link.LinkTold.model_validate(told)
    assert told.keys() <= chat_link.LinkTold.model_fields.keys()
    for part, model in {
        "account": chat_link.Account,
        "sign_in": chat_link.SignIn,
        "sender": chat_link.SenderStatus,
        "replay": chat_link.ReplayStatus,
    }.items():
        assert told[part].keys() <= model.model_fields.keys(), part
    assert told["topics"][0].keys() <= chat_link.LinkTopic.model_fields.keys()
    assert told["gaps"][0].keys() <= chat_link.LinkGap.model_fields.keys()


async def test_the_scripted_floor_tells_only_what_the_real_one_tells(tmp_path: Path) -> None:
    show = Stand(tmp_path)
    await show.bus.open()
    async with running(show.worker, show.worker.bus):
        await show.post("/floor/mute", {"viewer_id": "twitch:1", "name": "ann"})
        await show.post("/floor/quiet", {"minutes": 5})
        author = Author(viewer_id="twitch:7", name="user7")
        line = ChatMessageReceived(message_id="m1", platform="twitch", author=author, text="hello?")
        await show.bus.publish(line)
        async with asyncio.timeout(10):
            while not (real := await show.get("/floor"))["recent"]:  # noqa: ASYNC110 - HTTP only
                await asyncio.sleep(0.02)
    await show.bus.close()
    told = scripted_floor.busy_evening()
    assert told.keys() == real.keys()
    assert told["recent"][0].keys() <= real["recent"][0].keys()
    assert told["muted"][0].keys() <= real["muted"][0].keys()
