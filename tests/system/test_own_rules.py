"""A whole show as processes: a rule made while it runs, and what was stopped because of it."""

import asyncio
from typing import Any

import pytest

from libs.testing.running_show import RunningShow

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

SLOW_SECONDS = 30.0


async def turn_of(show: RunningShow, text: str) -> dict[str, Any]:
    """The turn that answers this line, once it is over."""
    await show.chat(text)
    async with asyncio.timeout(SLOW_SECONDS):
        while True:
            for turn in await show.turns():
                if turn["input"] == text and turn["state"] == "done":
                    return turn
            await asyncio.sleep(0.05)


async def test_a_rule_counts_from_the_next_turn_and_what_it_stopped_is_shown(
    silent_show: RunningShow,
) -> None:
    show = silent_show
    before = await turn_of(show, "do you like the final boss?")
    assert (before["outcome"], before["reason"]) == ("completed", "")
    rule = await show.post("/safety/rules", {"action": "block", "text": "Final Boss"})
    during = await turn_of(show, "tell me of the f1nal b0ss")
    assert during["reason"] == "own.block"
    [stopped] = (await show.get("/safety/blocked"))["blocked"]
    assert (stopped["text"], stopped["rule"], stopped["author"]) == (
        "tell me of the f1nal b0ss",
        "own.block",
        "viewer1",
    )
    touchy = await turn_of(show, "did the holocaust happen?")
    assert touchy["reason"] == "touchy.holocaust"
    assert touchy["heard_text"]
    url = f"{show.url}/safety/rules/{rule['rule_id']}"
    assert (await show.client.delete(url)).status_code == 200
    after = await turn_of(show, "and who is the final boss now?")
    assert (after["outcome"], after["reason"]) == ("completed", "")
