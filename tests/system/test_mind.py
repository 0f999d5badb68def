"""A show of its own processes with a model's stand-in: pictures, prompts and code over the bus."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from libs.bus.embedded import find_binary
from libs.testing.running_show import RunningShow, running_show
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.testing.stand_ins.ollama.wire import Model
from tests.conftest import need

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2_000
CODE = "def double(n):\n    return 2 * n"


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaStandIn]:
    async with OllamaStandIn([Model("llama3.2:latest", ("completion", "vision"))]) as server:
        yield server


@pytest.fixture
async def show(tmp_path: Path, ollama: OllamaStandIn) -> AsyncIterator[RunningShow]:
    need(find_binary(), "a Redis-compatible server")
    settings = {
        "POLICY_FORCE_MOCK": "0",
        "OLLAMA_URL": ollama.url,
        "VISION_MODEL_NAME": "llama3.2",
        "TTS_ENGINE": "captions",
        "STAGE_OUTPUT": "silent",
    }
    async with running_show(tmp_path, settings) as show:
        yield show


async def answered(show: RunningShow, **line: Any) -> dict[str, Any]:
    """The turn of a line, when it is over."""
    sent = await show.client.post(f"{show.url}/ingest/chat", json=line)
    assert sent.status_code == 202, sent.text
    async with asyncio.timeout(30):
        while True:
            turns = (await show.client.get(f"{show.url}/telemetry/turns")).json()["turns"]
            if turns and turns[0]["input"] == line["text"] and turns[0]["outcome"]:
                turn: dict[str, Any] = turns[0]
                return turn
            await asyncio.sleep(0.05)


async def test_a_picture_reaches_the_model_and_its_prompt_and_code_reach_the_operator(
    show: RunningShow, ollama: OllamaStandIn
) -> None:
    picture = base64.b64encode(PNG).decode()
    turn = await answered(show, text="who is that in the corner?", author="ann", picture=picture)
    assert turn["outcome"] == "completed"
    seen = [c.body["messages"][-1].get("images") for c in ollama.chats if c.body["messages"]]
    assert seen == [[picture]]
    prompt = await show.client.get(f"{show.url}/telemetry/turns/{turn['turn_id']}/prompt")
    told = prompt.json()
    assert (told["engine"], told["task"]) == ("Ollama (llama3.2)", "vision")
    assert told["messages"][-1]["pictures"] == ["image/png, 512 kB"]
    assert "who is that in the corner?" in told["messages"][-1]["text"]

    ollama.script.append(f"<speech>Two times is easy.</speech>\n```python\n{CODE}\n```")
    turn = await answered(show, text="write a python function that doubles a number")
    assert turn["code"] == [{"language": "python", "text": CODE}]
    assert turn["heard_text"] == "Two times is easy."

    became = await show.client.post(f"{show.url}/persona", json={"persona": "kitsu-pt"})
    assert became.status_code == 200
    await answered(show, text="oi, tudo bem?")
    assert "raposa" in ollama.chats[-1].body["messages"][0]["content"]
    listed = (await show.client.get(f"{show.url}/models")).json()
    assert listed["functions"]["vision"][0]["label"] == "Ollama (llama3.2)"
