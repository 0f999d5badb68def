"""The overlay page in a real Chromium: heard, seen, cut off, and never twice."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from libs.bus.memory import MemoryServer
from libs.contracts.control import EngagePanic, ReleasePanic
from libs.contracts.health import ModuleState
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import Mood, PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.contracts.stage import PollOption, SetExpression, ShowCaption, ShowItem, ShowPoll
from libs.telemetry import clock
from libs.testing.chromium import MAY_SOUND
from tests.stage.conftest import RunningStage, a_stage, chromium, until
from tests.stage.overlay_pages import TEXT, OpenPage, open_page, voice_page
from tests.stage.scripted_voice import ScriptedVoice

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    async with chromium(MAY_SOUND) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path) -> AsyncIterator[RunningStage]:
    async with a_stage(tmp_path) as running_stage:
        yield running_stage


async def test_a_sentence_is_heard_lip_synced_and_captioned(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), TEXT, 2.0, mood=Mood.HAPPY)
        seen = await page.watch(1.5)
        loud = [s for s in seen if s["rms"] > 0.05]
        assert len(loud) > 10
        assert all(s["audio"] == "running" and s["rateHz"] == 16_000 for s in loud)
        assert max(s["mouthOpen"] for s in seen) > 0.5
        assert len({s["viseme"] for s in seen}) >= 5
        assert {s["caption"] for s in loud} == {TEXT}
        said = [s["saidWords"] for s in loud]
        assert said == sorted(said)
        assert said[-1] > said[0]
        assert loud[-1]["mood"] == "happy"
        await until(lambda: stage.of(PlaybackFinished))
        [started], [end] = stage.of(PlaybackStarted), stage.of(PlaybackFinished)
        assert started.output == end.output == "overlay"
        assert end.outcome is PlaybackOutcome.COMPLETED
        assert end.heard_text == TEXT
        assert end.position_seconds == pytest.approx(2.0, abs=0.001)
        await page.until(caption="", rms=0)
        assert page.complaints == []


async def drawn_beside_her(page: OpenPage) -> int:
    """Pixels on the canvas to the right of her cheek, where nothing of her is."""
    script = """() => {
      const canvas = document.getElementById("avatar");
      const { width, height } = canvas;
      const [x, y] = [width * 0.8, height * 0.4];
      const part = canvas.getContext("2d").getImageData(x, y, width * 0.18, height * 0.16).data;
      return part.filter((value, index) => index % 4 === 3 && value > 200).length;
    }"""
    return int(await page.page.evaluate(script))


async def test_an_item_is_seen_beside_her_and_is_gone_after_a_stop(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        before = await drawn_beside_her(page)
        await stage.bus.publish(ShowItem(item="heart"))
        await page.until(item="heart")
        await asyncio.sleep(0.5)
        assert await drawn_beside_her(page) > before + 500
        async with open_page(browser, stage, "&mute=1") as late:
            await late.until(item="heart")
        await stage.stop_speaking(epoch=1)
        await page.until(item="")
        await asyncio.sleep(0.5)
        assert await drawn_beside_her(page) <= before + 100


async def test_a_poll_is_shown_as_text_and_a_panic_takes_it_and_the_item_away(
    browser: Any, stage: RunningStage
) -> None:
    options = (PollOption(text="<b>Tetris</b>", votes=3), PollOption(text="Snake", votes=1))
    async with open_page(browser, stage) as page:
        await stage.bus.publish(
            ShowPoll(
                question="<img src=x onerror=alert(1)>?", options=options, ends_at=clock.now() + 30
            )
        )
        await stage.bus.publish(ShowItem(item="tea cup"))
        await page.until(item="tea cup")  # sent after the poll
        text = (await page.probe())["poll"]
        for part in ("<img src=x onerror=alert(1)>?", "<b>Tetris</b>", "Snake", "3"):
            assert part in text
        assert await page.page.locator("#poll img, #poll li b b").count() == 0
        await stage.bus.publish(EngagePanic(reason="test", ordinal=10**15))
        await page.until(item="", poll="", panic=True)
        await asyncio.sleep(0.3)
        assert await page.page.locator("#poll").is_hidden()
        assert page.complaints == []


async def test_of_the_caption_of_a_reply_that_was_cut_only_what_was_heard_stays(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), "First of all.", 0.5)
        await stage.say_all(ScriptedVoice(), TEXT, 5.0)
        await page.until(caption=TEXT)
        await asyncio.sleep(1.2)
        await stage.stop_speaking(epoch=1)
        await until(lambda: len(stage.of(PlaybackFinished)) == 2)
        heard = stage.of(PlaybackFinished)[1].heard_text
        assert 3 <= len(heard.split()) < len(TEXT.split())
        await page.until(caption=f"{heard}—", sounding=False)
        await page.until(caption="")
        await stage.say_all(ScriptedVoice(epoch=1, turn_id="bad"), TEXT, 5.0)
        await page.until(caption=TEXT)
        await asyncio.sleep(0.6)
        await stage.bus.publish(StopSpeaking(turn_id="bad", reason="retracted"))
        seen = await page.watch(0.5)
        assert {s["caption"] for s in seen} <= {TEXT, ""}
        assert seen[-1]["caption"] == ""


async def test_a_stop_is_followed_by_silence_a_shut_mouth_and_no_caption(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), TEXT, 5.0)
        await until(lambda: stage.of(PlaybackStarted))
        await page.watch(0.6)
        await stage.stop_speaking(epoch=1)
        await until(lambda: stage.of(PlaybackFinished))
        after = await page.until(rms=0, caption="", sounding=False, viseme="sil")
        assert after["mouthOpen"] < 0.01
        await until(lambda: stage.worker._overlay.stop_took_ms is not None)
        stopped = (await page.probe())["lastStop"]
        assert stopped["silentAt"] >= stopped["orderedAt"]
        quiet = await page.watch(0.5)
        assert {s["rms"] for s in quiet} == {0}
        [end] = stage.of(PlaybackFinished)
        assert (end.outcome, end.reason) == (PlaybackOutcome.INTERRUPTED, "stopped")
        assert end.heard_text
        assert TEXT.startswith(end.heard_text)
        assert end.heard_text != TEXT


async def test_panic_silences_the_page_and_shows_a_calm_character_until_released(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), TEXT, 5.0, mood=Mood.ANGRY)
        await until(lambda: stage.of(PlaybackStarted))
        await page.watch(0.4)
        await stage.bus.publish(EngagePanic(reason="test", ordinal=10**15))
        await page.until(panic=True, rms=0, caption="", mood="neutral")
        assert await page.page.locator("#pause").is_visible()
        await until(lambda: stage.of(PlaybackFinished))
        assert stage.of(PlaybackFinished)[0].reason == "panic"
        await stage.say_all(ScriptedVoice(), TEXT, 1.0)
        await stage.bus.publish(ShowCaption(text="not now"))
        assert {s["rms"] for s in await page.watch(0.4)} == {0}
        await stage.bus.publish(ReleasePanic(ordinal=10**15 + 1, epoch=5))
        await page.until(panic=False, notice="")
        await stage.say_all(ScriptedVoice(epoch=5), TEXT, 1.0)
        assert max(s["rms"] for s in await page.watch(0.8)) > 0.05


async def test_of_two_pages_one_sounds_and_the_other_takes_over_when_it_leaves(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as second_opened_first:
        await voice_page(stage)
        async with open_page(browser, stage, "&mute=1") as preview:
            await stage.say_all(ScriptedVoice(), TEXT, 12.0)
            async with open_page(browser, stage) as heir:
                await until(lambda: stage.of(PlaybackStarted))
                seen = await second_opened_first.watch(0.4)
                assert max(s["rms"] for s in seen) > 0.05
                for silent in (heir, preview):
                    quiet = await silent.watch(0.4)
                    while max(s["mouthOpen"] for s in quiet) < 0.3:  # three pages draw at once
                        quiet += await silent.watch(0.2)
                    assert {s["rms"] for s in quiet} == {0}
                    assert quiet[-1]["caption"] == TEXT
                await second_opened_first.page.close()
                await heir.until(sounding=True)
                await asyncio.sleep(0.2)
                assert max(s["rms"] for s in await heir.watch(0.4)) > 0.05
                assert {s["rms"] for s in await preview.watch(0.2)} == {0}
            await until(lambda: stage.of(PlaybackFinished))
            end = stage.of(PlaybackFinished)[0]
            assert end.outcome is PlaybackOutcome.COMPLETED
            assert len(stage.of(PlaybackStarted)) == 1


async def test_with_no_page_time_goes_on_and_status_says_how_to_be_heard(
    browser: Any, stage: RunningStage
) -> None:
    health = stage.worker.health()
    assert health.state is ModuleState.DEGRADED
    assert "open the overlay (panel: Copy overlay URL)" in health.detail
    await stage.say_all(ScriptedVoice(), TEXT, 8.0)
    await until(lambda: stage.of(PlaybackStarted))
    assert stage.of(PlaybackStarted)[0].output == "silent"
    async with open_page(browser, stage) as late:
        assert max(s["rms"] for s in await late.watch(0.8)) > 0.05


async def test_a_page_without_the_right_key_says_so_instead_of_standing_mute(
    browser: Any, stage: RunningStage
) -> None:
    page = await browser.new_page()
    try:
        await page.goto(f"{stage.url}/")
        await page.get_by_text("Copy overlay URL").wait_for(timeout=20_000)
        await page.goto(stage.page())
        await until(lambda: stage.worker.health().state is ModuleState.READY)
        assert not await page.get_by_text("Copy overlay URL").is_visible()
    finally:
        await page.close()


async def test_a_browser_that_blocks_sound_is_told_of_and_one_click_mends_it(
    stage: RunningStage,
) -> None:
    async with chromium() as strict, open_page(strict, stage) as page:
        await until(lambda: "click once" in stage.worker.health().detail)
        assert await page.is_visible("hint")
        await stage.say_all(ScriptedVoice(), TEXT, 6.0)
        seen = await page.watch(0.5)
        assert {s["rms"] for s in seen} == {0}
        assert seen[-1]["caption"] == TEXT
        assert max(s["mouthOpen"] for s in seen) > 0.3
        await page.page.mouse.click(50, 50)
        await voice_page(stage)
        assert max(s["rms"] for s in await page.watch(0.8)) > 0.05
        assert not await page.is_visible("hint")


async def test_a_stage_that_freezes_is_noticed_and_the_page_falls_silent(
    browser: Any, stage: RunningStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        monkeypatch.setattr("apps.stage.web.BEAT_SECONDS", 3_600)  # its heart stops
        await asyncio.sleep(0.6)
        await stage.say_all(ScriptedVoice(), TEXT, 30.0, chunk_seconds=1.0)
        assert max(s["rms"] for s in await page.watch(0.5)) > 0.05
        seen = await page.until(connected=False)
        assert seen["caption"] == ""
        assert seen["viseme"] == "sil"
        monkeypatch.undo()
        await page.until(connected=True)


async def test_a_page_that_was_blocked_for_long_takes_up_what_came_meanwhile(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), TEXT, 30.0, chunk_seconds=1.0)
        await until(lambda: stage.of(PlaybackStarted))
        await page.look("{ const end = Date.now() + 3500; while (Date.now() < end); }; 0")
        await page.until(sounding=True)
        assert max(s["rms"] for s in await page.watch(1.0)) > 0.05
        assert page.sockets == 1


@contextlib.asynccontextmanager
async def nobody_answers(port: int) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """A server that takes connections and never says a word; those it took."""
    taken: list[asyncio.StreamWriter] = []

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", port)
    try:
        yield taken
    finally:
        server.close()
        for writer in taken:
            writer.transport.abort()


async def test_the_page_comes_back_by_itself_after_the_stage_was_away(
    browser: Any, tmp_path: Path
) -> None:
    server = MemoryServer()
    async with a_stage(tmp_path, server) as stage:
        context = await browser.new_context()
        page = OpenPage(await context.new_page())
        await page.page.goto(stage.page())
        await page.until(connected=True)
        await stage.say_all(ScriptedVoice(), TEXT, 30.0, chunk_seconds=1.0)
        await until(lambda: stage.of(PlaybackStarted))
    await page.until(connected=False, rms=0, caption="")
    async with nobody_answers(stage.port) as taken:
        await until(lambda: len(taken) >= 2)
    assert not await page.is_visible("refused")
    async with a_stage(tmp_path, server, stage.port) as again:
        await page.until(connected=True)
        await voice_page(again)
        [end] = [e for e in stage.told + again.told if isinstance(e, PlaybackFinished)][:1]
        assert end.reason == "stage_stopped"
        await again.say_all(ScriptedVoice(), TEXT, 1.0)
        assert max(s["rms"] for s in await page.watch(0.8)) > 0.05
    await context.close()


async def test_only_the_character_and_the_words_are_opaque(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage, width=640, height=360) as page:
        await stage.say_all(ScriptedVoice(), TEXT, 3.0)
        await page.until(caption=TEXT)
        picture = await page.page.screenshot(omit_background=True)
        alphas = await page.page.evaluate(
            """async (data) => {
              const image = new Image();
              image.src = "data:image/png;base64," + data;
              await image.decode();
              const canvas = new OffscreenCanvas(image.width, image.height);
              const brush = canvas.getContext("2d");
              brush.drawImage(image, 0, 0);
              const { width, height } = image;
              const at = (x, y) => brush.getImageData(x, y, 1, 1).data[3];
              const all = brush.getImageData(0, 0, width, height).data;
              let opaque = 0;
              for (let i = 3; i < all.length; i += 4) if (all[i] > 200) opaque += 1;
              return {
                corners: [at(0, 0), at(width - 1, 0), at(0, height - 1), at(width - 1, height - 1)],
                opaque: opaque / (width * height),
              };
            }""",
            base64.b64encode(picture).decode(),
        )
        assert alphas["corners"] == [0, 0, 0, 0]
        assert 0.05 < alphas["opaque"] < 0.4


async def test_hostile_text_is_shown_as_text(browser: Any, stage: RunningStage) -> None:
    nasty = "<img src=x onerror=window.owned=1> <script>window.owned=1</script> &amp; ${1}"
    async with open_page(browser, stage) as page:
        await stage.say_all(ScriptedVoice(), nasty, 2.0)
        await page.until(caption=nasty)
        await stage.bus.publish(ShowCaption(text=nasty, hold_seconds=0.5))
        await page.until(notice=nasty)
        assert await page.page.evaluate("window.owned") is None
        assert await page.page.locator("p img, p script").count() == 0
        await page.until(notice="")


async def test_the_page_obeys_its_options_and_asks_nothing_of_others(
    browser: Any, stage: RunningStage
) -> None:
    context = await browser.new_context()
    asked: list[str] = []
    page = await context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(stage.page("&place=center&size=40&captions=0&fps=ten&offset=1e999"))
    opened = OpenPage(page)
    await opened.until(connected=True)
    assert await page.locator("body").get_attribute("class") == "center wordless"
    assert all(url.startswith((stage.url, "data:")) for url in asked)
    assert not await page.locator("#caption").is_visible()
    await context.close()


async def test_every_mood_looks_different(browser: Any, stage: RunningStage) -> None:
    async with open_page(browser, stage, "&mute=1", width=320, height=360) as page:
        looks = set()
        for mood in Mood:
            await stage.bus.publish(SetExpression(mood=mood))
            await page.until(mood=mood.value)
            await asyncio.sleep(0.5)
            looks.add(await page.page.locator("#avatar").screenshot())
        assert len(looks) == len(Mood)
