"""The main job, on the real thing: a typed line becomes sound, a moving mouth and a caption."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from libs.testing.chromium import chromium
from libs.testing.running_show import RunningShow
from libs.worker.access import Scope

pytestmark = [pytest.mark.browser, pytest.mark.system, pytest.mark.timeout(120)]

#: Loudness of the page's own audio graph that only speech reaches (0 to 1; silence is below 1e-4).
AUDIBLE_RMS = 0.01

Sample = dict[str, Any]


@pytest.fixture
async def browser(whole_chromium_path: str) -> AsyncIterator[Browser]:
    async with chromium(whole_chromium_path) as browser:
        yield browser


async def overlay_page(browser: Browser, show: RunningShow) -> Page:
    """The overlay as OBS opens it, connected to the stage."""
    page = await (await browser.new_context(viewport={"width": 1280, "height": 720})).new_page()
    key = show.access.token(Scope.OVERLAY)
    await page.goto(f"http://127.0.0.1:{show.ports['stage']}/?key={key}")
    await sampled(page, lambda s: s["connected"])
    return page


async def panel_page(browser: Browser, show: RunningShow) -> Page:
    """The panel, signed in by a one-time code as `kitsu up` opens it."""
    page = await (await browser.new_context(viewport={"width": 1360, "height": 860})).new_page()
    await page.goto(f"{show.url}/?code={show.access.make_code()}")
    await page.get_by_test_id("connection").get_by_text("live").wait_for()
    return page


async def sampled(
    page: Page, enough: Callable[[Sample], object], seconds: float = 30.0
) -> list[Sample]:
    """What the overlay's probe showed, again and again, until `enough`."""
    samples: list[Sample] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        samples.append(await page.evaluate("() => window.kitsuProbe?.read() ?? {connected: false}"))
        if enough(samples[-1]):
            return samples
        await asyncio.sleep(0.02)
    raise AssertionError(f"not seen in {seconds} s; last: {samples[-1]}")


async def type_line(panel: Page, text: str) -> None:
    await panel.get_by_test_id("chat-text").fill(text)
    await panel.get_by_test_id("chat-text").press("Enter")


async def ended_turn(show: RunningShow, text: str, seconds: float = 40.0) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for turn in await show.turns(10):
            if turn["input"] == text and turn["outcome"]:
                return turn
        await asyncio.sleep(0.1)
    raise AssertionError(f"the turn did not end: {await show.turns(3)}")


def spearman(pairs: list[tuple[float, float]]) -> float:
    """Rank correlation, -1 to 1."""

    def ranks(values: list[float]) -> list[float]:
        order = sorted(range(len(values)), key=values.__getitem__)
        found = [0.0] * len(values)
        for rank, index in enumerate(order):
            found[index] = float(rank)
        return found

    first, second = ranks([a for a, _ in pairs]), ranks([b for _, b in pairs])
    mean = (len(pairs) - 1) / 2
    top = sum((a - mean) * (b - mean) for a, b in zip(first, second, strict=True))
    return top / sum((a - mean) ** 2 for a in first)


async def test_a_typed_line_is_answered_by_a_voice_a_moving_mouth_and_a_caption(
    show: RunningShow, browser: Browser
) -> None:
    overlay, panel = await overlay_page(browser, show), await panel_page(browser, show)
    await type_line(panel, "hello Kitsu, do you like tea?")
    await sampled(overlay, lambda s: s["sounding"] and s["rms"] > AUDIBLE_RMS)
    seen = await sampled(overlay, lambda s: not s["sounding"])
    turn = await ended_turn(show, "hello Kitsu, do you like tea?")

    assert turn["outcome"] == "completed"
    assert turn["heard_text"] == turn["reply"] != ""
    loud = [s for s in seen if s["rms"] > AUDIBLE_RMS]
    assert len(loud) > len(seen) / 4
    assert len({s["viseme"] for s in loud}) >= 4
    assert max(s["mouthOpen"] for s in loud) - min(s["mouthOpen"] for s in seen) > 0.3
    assert spearman([(s["rms"], s["mouthOpen"]) for s in seen]) > 0.2
    shown = " ".join(dict.fromkeys(s["caption"] for s in seen if s["caption"]))
    for word in turn["reply"].split():
        assert word in shown
    stages = turn["stages"]
    of_speech = {"recognition_ms"}
    assert all(stages[name] is not None and stages[name] >= 0 for name in stages.keys() - of_speech)
    await panel.get_by_test_id("turn").first.get_by_text(" ms").first.wait_for()


async def test_panic_in_mid_sentence_is_silence_until_it_is_released(
    show: RunningShow, browser: Browser
) -> None:
    overlay, panel = await overlay_page(browser, show), await panel_page(browser, show)
    text = "Once upon a time there was a fox who told very long stories. " * 4
    await show.post("/tts", {"text": text})
    await sampled(overlay, lambda s: s["sounding"] and s["rms"] > AUDIBLE_RMS)

    await panel.keyboard.press("Escape")
    await panel.keyboard.press("Escape")
    await sampled(overlay, lambda s: s["rms"] < 1e-4 and not s["sounding"] and s["panic"])
    (turn,) = await show.turns(1)
    for _ in range(50):  # a second of listening: nothing is heard any more, the mouth is shut
        sample = await overlay.evaluate("() => window.kitsuProbe.read()")
        assert sample["rms"] < 1e-4
        assert sample["mouthOpen"] < 0.1
        assert sample["caption"] == ""
        await asyncio.sleep(0.02)
    ended = await ended_turn(show, turn["input"])
    assert ended["outcome"] == "interrupted"
    assert ended["reply"].startswith(ended["heard_text"].rstrip(".")) or ended["heard_text"] == ""
    assert len(ended["heard_text"]) < len(text)

    await show.chat("are you still there?")
    skipped = (await show.get("/status"))["queue"]
    assert skipped == 0
    assert (await show.get("/status"))["panic"]["engaged"]

    await show.post("/panic/release")
    await show.post("/tts", {"text": "I am back."})
    await sampled(overlay, lambda s: s["sounding"] and "back" in s["caption"])


async def test_the_page_comes_back_by_itself_when_the_stage_does(
    show: RunningShow, browser: Browser
) -> None:
    overlay = await overlay_page(browser, show)
    await show.kill("stage")
    await sampled(overlay, lambda s: not s["connected"])
    await sampled(overlay, lambda s: s["connected"])
    await show.wait_ready()
    await show.post("/tts", {"text": "Here I am again."})
    await sampled(overlay, lambda s: s["sounding"] and s["rms"] > AUDIBLE_RMS)
