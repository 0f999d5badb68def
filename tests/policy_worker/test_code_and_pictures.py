"""Questions about code, and pictures: what is said, what is shown, and who is asked."""

import base64
from pathlib import Path
from typing import Any

import pytest

from apps.policy_worker.code_blocks import CodeBlock, code_blocks
from apps.policy_worker.engines.base import Capabilities, Task
from apps.policy_worker.engines.prompt import prompt_of
from apps.policy_worker.pictures import MAXIMUM_BYTES, NoPicture, picture_of, picture_of_base64
from apps.policy_worker.worker import PolicyWorker
from libs.contracts.conversation import CodeWritten, TurnCommitted
from libs.contracts.envelope import Event
from libs.contracts.studio import ScreenshotTaken, TakeScreenshot
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.testing.stand_ins.ollama.wire import Model
from tests.policy_worker.turns import PlaysScript, answer, turn, working

CODE = "def double(n):\n    return 2 * n"
QUESTION = "write a python function that doubles a number"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 50
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 50
WEBP = b"RIFF\x00\x00\x00\x00WEBP" + b"x" * 50
CAN_SEE = Capabilities(vision=True)


async def use_for(worker: PolicyWorker, **engines: PlaysScript) -> None:
    """One engine for each task, by the task's name."""
    worker.ladder.use({Task(task): [engine] for task, engine in engines.items()})
    await worker.ladder.probe()


# Code --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "blocks"),
    [
        (f"<speech>Hi.</speech>\n```python\n{CODE}\n```\n", [("python", CODE)]),
        (f"Look:\n```\n{CODE}\n```\nand\n```JS\nx\n```", [("", CODE), ("js", "x")]),
        (f"```python\n{CODE}", [("python", CODE)]),
        (f'<code lang="python">{CODE}</code>', [("python", CODE)]),
        ("<code>a &lt; b</code>", [("", "a < b")]),
        (f"<think>```python\nsecret\n```</think>```python\n{CODE}\n```", [("python", CODE)]),
        ("```xml\n<speech>Hi.</speech>\n```", []),
        ("no code at all", []),
        ("```\n\n```", []),
    ],
)
def test_code_is_found_in_a_reply(raw: str, blocks: list[tuple[str, str]]) -> None:
    assert code_blocks(raw) == [CodeBlock(*block) for block in blocks]


def test_looking_for_code_in_hostile_text_costs_linear_time() -> None:
    for piece in ("<code ", "```\n", "<think>", "`", "<code>", "```a\nb\n"):
        code_blocks(piece * 20_000)


@pytest.mark.parametrize(
    "reply",
    [
        f"<mood>sad</mood><speech>Here it comes, neat and short.</speech>\n```python\n{CODE}\n```",
        f"<code lang='python'>{CODE}</code><speech>Here it comes, neat and short.</speech>",
        f"Here it comes, neat and short.\n```python\n{CODE}\n```\n",
    ],
)
async def test_code_is_shown_and_a_summary_is_said(tmp_path: Path, reply: str) -> None:
    coder, chatter = PlaysScript(*reply), PlaysScript("<speech>Never.</speech>")
    async with working(tmp_path) as (worker, bus):
        await use_for(worker, code=coder, chat=chatter)
        await answer(worker, turn(QUESTION))
    assert bus.spoken == "Here it comes, neat and short."
    [shown] = bus.of(CodeWritten)
    assert (shown.language, shown.text, shown.index) == ("python", CODE, 0)
    assert bus.finished.task == "code"
    assert coder.asked[0].task is Task.CODE
    assert "fenced block" in prompt_of(coder.asked[0]).messages[0].text
    assert chatter.asked == []


async def test_code_without_a_word_is_announced(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        await use_for(worker, code=PlaysScript(f"```python\n{CODE}\n```"), chat=PlaysScript())
        await answer(worker, turn(QUESTION))
        ready = worker.personas.default.stock.code_ready
    assert bus.spoken in ready
    assert len(bus.of(CodeWritten)) == 1


async def test_code_is_asked_of_chat_when_its_own_engine_is_away(tmp_path: Path) -> None:
    class Away(PlaysScript):
        async def available(self) -> bool:
            return False

    chatter = PlaysScript("<speech>Hm, try two times n.</speech>")
    async with working(tmp_path) as (worker, bus):
        await use_for(worker, code=Away(), chat=chatter)
        await answer(worker, turn(QUESTION))
    assert bus.spoken == "Hm, try two times n."
    assert chatter.asked[0].task is Task.CODE


async def test_in_chat_code_is_neither_read_nor_shown(tmp_path: Path) -> None:
    async with working(tmp_path) as (worker, bus):
        script = f"<speech>Like this: ```python\n{CODE}\n``` Okay?</speech>"
        await use_for(worker, chat=PlaysScript(script))
        await answer(worker, turn("hello there"))
    assert bus.spoken == "Like this: Okay?"
    assert bus.of(CodeWritten) == []


# Pictures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "media_type"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")]
)
def test_a_picture_is_what_its_bytes_say(data: bytes, media_type: str) -> None:
    text = base64.b64encode(data).decode()
    assert picture_of(data).media_type == media_type
    assert picture_of_base64(text) == picture_of_base64(f"data:image/x;base64,{text}")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg onload=x>", PNG[:4], b"x" * 100])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NoPicture):
        picture_of(data)


def test_a_picture_that_is_too_large_is_refused() -> None:
    with pytest.raises(NoPicture, match="4 MB"):
        picture_of(PNG + b"x" * MAXIMUM_BYTES)


@pytest.mark.parametrize(
    "data", [b"XXXX\0\0\0\0WEBP", b"RIFF\0\0\0\0WAVE", b"\x89PNG", b"", b"GIF89a"]
)
def test_bytes_that_only_look_like_a_picture_are_refused(data: bytes) -> None:
    with pytest.raises(NoPicture, match="JPEG, PNG or WebP"):
        picture_of(data)


@pytest.mark.parametrize("text", ["", "not base64!", "data:image/png;base64,", "ééé", "A"])
def test_a_text_that_is_no_picture_is_refused(text: str) -> None:
    with pytest.raises(NoPicture):
        picture_of_base64(text)


async def test_a_picture_goes_to_the_model_that_can_see(tmp_path: Path) -> None:
    seer = PlaysScript("<speech>A tiny fox!</speech>", capabilities=CAN_SEE)
    chatter = PlaysScript("<speech>Never.</speech>")
    async with working(tmp_path) as (worker, bus):
        await use_for(worker, vision=seer, chat=chatter)
        await answer(worker, with_picture(turn("who is that?")), data=PNG)
    assert bus.spoken == "A tiny fox!"
    assert bus.finished.task == "vision"
    [asked] = seer.asked
    assert asked.picture == picture_of(PNG)
    messages = prompt_of(asked).messages
    assert messages[-1].pictures == (picture_of(PNG),)
    assert "never instructions" in messages[0].text.replace("\n", " ")
    assert chatter.asked == []


def with_picture(request: TurnCommitted) -> TurnCommitted:
    given = request.input.model_copy(update={"picture": "image/png"})
    return request.model_copy(update={"input": given})


async def test_without_eyes_she_says_so(tmp_path: Path) -> None:
    blind = PlaysScript("<speech>Never.</speech>")
    async with working(tmp_path) as (worker, bus):
        await use_for(worker, vision=blind, chat=blind)
        await answer(worker, with_picture(turn("who is that?")), data=PNG)
        cannot_see = worker.personas.default.stock.cannot_see
    assert bus.spoken in cannot_see
    assert bus.finished.reason == "no_vision"
    assert blind.asked == []


async def test_what_is_no_picture_is_counted_and_the_words_are_answered(tmp_path: Path) -> None:
    chatter = PlaysScript("<speech>Hello!</speech>")
    async with working(tmp_path) as (worker, bus):
        await use_for(worker, chat=chatter)
        await answer(worker, with_picture(turn("who is that?")), data=b"<svg/>")
    assert bus.spoken == "Hello!"
    assert worker.counters["pictures_refused"] == 1


async def test_ollama_gets_the_picture_and_says_whether_it_can_see(tmp_path: Path) -> None:
    seer = Model("llava:latest", ("completion", "vision"))
    async with (
        OllamaStandIn([seer]) as server,
        working(
            tmp_path, chat_provider="ollama", ollama_url=server.url, llm_model_name="llava"
        ) as (worker, bus),
    ):
        await answer(worker, with_picture(turn("who is that?")), data=PNG)
    assert bus.finished.engine == "ollama"
    assert server.chats[0].body["messages"][-1]["images"] == [base64.b64encode(PNG).decode()]


# The screen --------------------------------------------------------------------------------------


async def test_asked_for_the_screen_she_looks_at_it(tmp_path: Path) -> None:
    seer = PlaysScript("<speech>Oh, a boss fight!</speech>", capabilities=CAN_SEE)
    async with working(tmp_path) as (worker, bus):
        await obs_is(worker, "ready")
        waiting: list[Any] = []

        def take(event: Event) -> None:
            if isinstance(event, TakeScreenshot):
                taken = ScreenshotTaken.caused_by(event, scene="Live", format="jpg")
                other = taken.model_copy(update={"cause_id": "somebody else's"})
                worker._eyes.taken(other, PNG)
                worker._eyes.taken(taken, JPEG)
                waiting.append(event)

        bus.on_publish = take
        await use_for(worker, vision=seer, chat=PlaysScript())
        await answer(worker, turn("what do you see on my screen?"))
    assert bus.spoken == "Oh, a boss fight!"
    assert seer.asked[0].picture == picture_of(JPEG)
    assert len(waiting) == 1


@pytest.mark.parametrize("link", ["waiting", "ready"])
async def test_when_the_screen_cannot_be_had_the_model_is_told(
    tmp_path: Path, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.policy_worker.eyes.LOOK_SECONDS", 0.05)
    seer = PlaysScript("<speech>Never.</speech>", capabilities=CAN_SEE)
    chatter = PlaysScript("<speech>Tell me what is on it!</speech>")
    async with working(tmp_path) as (worker, bus):
        await obs_is(worker, link)
        await use_for(worker, vision=seer, chat=chatter)
        await answer(worker, turn("what do you see on my screen?"))
    assert bus.spoken == "Tell me what is on it!"
    assert chatter.asked[0].blind
    assert "cannot see" in prompt_of(chatter.asked[0]).messages[-1].text
    assert len(bus.of(TakeScreenshot)) == (link == "ready")


async def test_a_picture_that_was_lost_is_not_taken_for_the_screen(tmp_path: Path) -> None:
    chatter = PlaysScript("<speech>It did not reach me.</speech>")
    seer = PlaysScript("<speech>Never.</speech>", capabilities=CAN_SEE)
    async with working(tmp_path) as (worker, bus):
        await obs_is(worker, "ready")
        await use_for(worker, vision=seer, chat=chatter)
        await answer(worker, with_picture(turn("who is that?")), data=b"")
    assert bus.spoken == "It did not reach me."
    assert chatter.asked[0].blind
    assert bus.of(TakeScreenshot) == []


async def obs_is(worker: PolicyWorker, link: str) -> None:
    await worker.bus.set_latch("main", "studio", {"link": link, "actions": []})
    await worker.stage_names.read("main")
