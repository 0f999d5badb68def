"""The drawn characters in a real Chromium: each mood, bearing and mouth shape is to be seen."""

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from libs.contracts.avatar import Bearing, PoseCharacter
from libs.contracts.control import EngagePanic
from libs.contracts.speaking import Mood, Viseme
from libs.testing.chromium import MAY_SOUND
from tests.stage.conftest import RunningStage, a_stage, chromium
from tests.stage.overlay_pages import TEXT, OpenPage, open_page, voice_page
from tests.stage.scripted_voice import ScriptedVoice
from tests.stage.test_characters import PNG, TWO_PICTURES, a_character

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

#: Of the pixels of a small picture: less than this nobody sees on a stream.
SEEN_SHARE = 0.012

#: Draws each cell at the same moment of the same life, so that all that differs is what was asked.
LOOKS = """async (cells) => {
  const { Acting } = await import("/overlay/acting/acting.js");
  const { CanvasView } = await import("/overlay/canvas_view.js");
  const { Casting } = await import("/overlay/casting.js");
  const { rig } = await new Casting().ask();
  const canvas = document.createElement("canvas");
  Object.assign(canvas.style, { position: "fixed", width: "82px", height: "100px" });
  document.body.append(canvas);
  const view = new CanvasView(canvas);
  const looks = cells.map(({ mood = "neutral", bearing = "idle", gesture, say, speaking }) => {
    const acting = new Acting();
    Object.assign(acting, { mood, bearing, speaking: speaking === true || say !== undefined });
    acting.life.nextBlink = Infinity;
    let pose = null;
    for (let frame = 0; frame < 110; frame += 1) {
      if (frame === 60 && gesture) acting.gestures.make(gesture);
      pose = acting.step(frame / 60, 1 / 60, [[say ?? "sil", 1, 1]]);
    }
    if (Object.values(pose).some(Number.isNaN)) throw new Error("a pose without a number");
    view.draw(rig, pose);
    const { data } = view.brush.getImageData(0, 0, canvas.width, canvas.height);
    return btoa(String.fromCharCode(...data));
  });
  canvas.remove();
  return looks;
}"""

MOODS = [{"mood": mood.value} for mood in Mood]
BEARINGS = [{"bearing": name} for name in ("listening", "thinking", "asleep")]
GESTURES = [{"gesture": name} for name in ("nod", "shake", "tilt", "wave")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    async with chromium(MAY_SOUND) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path) -> AsyncIterator[RunningStage]:
    async with a_stage(tmp_path) as running_stage:
        yield running_stage


async def looks_of(page: OpenPage, cells: list[dict[str, Any]]) -> "list[np.ndarray[Any, Any]]":
    found = await page.page.evaluate(LOOKS, cells)
    pictures = [np.frombuffer(base64.b64decode(text), np.uint8) for text in found]
    return [picture.reshape(-1, 4).astype(np.int16) for picture in pictures]


def differing(one: "np.ndarray[Any, Any]", other: "np.ndarray[Any, Any]") -> float:
    """The share of pixels that are clearly another colour."""
    return float((abs(one - other).max(axis=1) > 40).mean())


@pytest.mark.parametrize("name", ["kitsu", "mochi"])
async def test_each_mood_bearing_and_gesture_of_a_character_is_seen(
    browser: Any, tmp_path: Path, name: str
) -> None:
    async with a_stage(tmp_path, stage_character=name) as stage, open_page(browser, stage) as page:
        await page.until(character=name.capitalize(), missing=[])
        assert page.complaints == []
        cells = [*MOODS, *BEARINGS, *GESTURES]
        seen = dict(enumerate(await looks_of(page, cells)))
        again, *_ = await looks_of(page, cells[:1])
        assert differing(seen[0], again) == 0
        for (a, one), (b, other) in itertools.combinations(seen.items(), 2):
            assert differing(one, other) > SEEN_SHARE, f"{cells[a]} looks like {cells[b]}"


async def test_a_bearing_does_not_show_while_she_speaks_but_her_mood_does(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as page:
        for bearing in BEARINGS:
            plain, posed, glad = await looks_of(
                page,
                [
                    {"speaking": True},
                    {"speaking": True, **bearing},
                    {"speaking": True, "mood": "happy", **bearing},
                ],
            )
            assert differing(plain, posed) == 0
            assert differing(plain, glad) > SEEN_SHARE
        [glad_listener, listener] = await looks_of(
            page, [{"mood": "happy", "bearing": "listening"}, {"bearing": "listening"}]
        )
        assert differing(glad_listener, listener) > SEEN_SHARE


@pytest.mark.parametrize("name", ["kitsu", "mochi"])
async def test_mouth_shapes_are_told_apart(browser: Any, tmp_path: Path, name: str) -> None:
    async with a_stage(tmp_path, stage_character=name) as stage, open_page(browser, stage) as page:
        shapes = ["sil", "aa", "ih", "oh", "CH"]
        seen = await looks_of(page, [{"say": shape} for shape in shapes])
        for (a, one), (b, other) in itertools.combinations(zip(shapes, seen, strict=True), 2):
            assert differing(one, other) > 0.0015, f"{a} looks like {b}"
        await looks_of(page, [{"say": viseme.value} for viseme in Viseme])
        await looks_of(page, [{"say": odd, "mood": odd} for odd in ("toString", "__proto__", "")])


async def test_the_stages_word_of_bearing_and_gesture_is_obeyed_and_odd_words_do_no_harm(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage, "&mute=1") as page:
        tell = stage.worker._pages.send_all
        await stage.bus.publish(PoseCharacter(bearing=Bearing.LISTENING, gesture="nod"))
        await page.until(bearing="listening", gesture="nod")
        await page.until(bearing="listening", gesture="")
        for odd in ("constructor", "__proto__", 7, None, {"a": 1}, "speaking"):
            tell("pose", bearing=odd, gesture=odd)
            await page.until(bearing="idle", gesture="")
        await stage.bus.publish(PoseCharacter(bearing=Bearing.ASLEEP, gesture="wave"))
        await page.until(bearing="asleep", gesture="wave")
        await stage.bus.publish(EngagePanic(reason="test", ordinal=10**15))
        await page.until(panic=True, bearing="idle", gesture="", mood="neutral")
        tell("pose", bearing="listening", gesture="nod")
        await asyncio.sleep(0.2)
        assert (await page.probe())["bearing"] == "idle"
        assert page.complaints == []


async def test_a_gesture_goes_on_when_she_begins_to_speak(browser: Any, tmp_path: Path) -> None:
    """She waves with the words of her greeting."""
    async with a_stage(tmp_path) as stage, open_page(browser, stage) as page:
        tell = stage.worker._pages.send_all
        tell("pose", bearing="idle", gesture="wave")
        await page.until(gesture="wave")
        tell("begin", playing=99, rate_hz=16_000)
        tell("stop", playing=99, heard="")
        await asyncio.sleep(0.3)
        assert (await page.probe())["gesture"] == "wave"
        await page.until(gesture="")


async def test_a_palette_changes_the_colours_of_the_fox(browser: Any, tmp_path: Path) -> None:
    seen = []
    for fur in ("#f2903b", "#3344cc"):
        folder = tmp_path / fur.strip("#")
        palette = f"palette: mine\npalettes: {{mine: {{fur: '{fur}'}}}}\n"
        a_character(folder / "characters" / "mine", f"title: Mine\nrig: fox\n{palette}")
        async with a_stage(folder, stage_character="mine") as stage, open_page(browser, stage) as p:
            await p.until(character="Mine")
            seen += await looks_of(p, [{}])
    wanted = np.array([0x33, 0x44, 0xCC])
    furry = [(abs(look[:, :3] - wanted).max(axis=1) < 24).mean() for look in seen]
    assert furry[0] == 0
    assert furry[1] > 0.03


async def test_shades_follow_their_colour_unless_they_are_chosen(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage, "&mute=1") as page:
        usual, blue, own = await page.page.evaluate("""async () => {
          const { foxColours } = await import("/overlay/fox/colours.js");
          const blue = { fur: "#2244aa", hoodie: "white", iris: "#12345" };
          return [foxColours(), foxColours(blue), foxColours({ ...blue, fur_light: "#abcdef" })];
        }""")
    assert blue["fur"] == "#2244aa"
    assert blue["fur_light"] != usual["fur_light"]
    assert (own["fur_light"], own["fur_shade"]) == ("#abcdef", blue["fur_shade"])
    assert (blue["hoodie"], blue["iris"]) == (usual["hoodie"], usual["iris"])


async def test_two_pictures_speak_and_one_that_is_missing_leaves_only_its_place_empty(
    browser: Any, tmp_path: Path
) -> None:
    shut = SQUARE.replace("red", "blue").encode()
    text = TWO_PICTURES + "  - {part: still, pictures: [hat.png]}\n"
    a_character(tmp_path / "characters" / "me", text, shut_svg=shut)
    (tmp_path / "characters" / "me" / "open.png").write_bytes(SQUARE.encode())
    async with a_stage(tmp_path, stage_character="me") as stage, open_page(browser, stage) as page:
        await page.until(character="Me", missing=["hat.png"])
        silent, speaking = await looks_of(page, [{}, {"say": "aa"}])
        assert (silent[:, 2] > 200).mean() > 0.3
        assert (speaking[:, 0] > 200).mean() > 0.3
        assert differing(silent, speaking) > 0.3
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), TEXT, 1.5)
        colours = set()
        for _ in range(40):
            colours.add(await page.page.evaluate(MIDDLE_OF_THE_CHARACTER))
            await asyncio.sleep(0.03)
        assert {"red", "blue"} <= colours


SQUARE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 100" width="80" height="100">
<script>window.owned = 1; parent.owned = 1</script>
<rect width="80" height="100" fill="red" onload="window.owned = 1"/></svg>"""

MIDDLE_OF_THE_CHARACTER = """() => {
  const canvas = document.getElementById("avatar");
  const [x, y] = [canvas.width * 0.42, canvas.height * 0.7];
  const [red, , blue] = canvas.getContext("2d").getImageData(x, y, 1, 1).data;
  return red > 200 ? "red" : blue > 200 ? "blue" : "";
}"""


async def test_a_script_in_a_picture_never_runs(browser: Any, tmp_path: Path) -> None:
    a_character(tmp_path / "characters" / "me", TWO_PICTURES, open_png=PNG)
    (tmp_path / "characters" / "me" / "shut.svg").write_text(SQUARE)
    async with a_stage(tmp_path, stage_character="me") as stage, open_page(browser, stage) as page:
        await page.until(character="Me", missing=[])
        assert await page.page.evaluate("window.owned") is None
        await page.page.goto(f"{stage.url}/overlay/character/shut.svg")
        assert await page.page.evaluate("window.owned") is None


async def test_the_page_takes_another_character_when_the_stage_comes_back_with_one(
    browser: Any, tmp_path: Path
) -> None:
    context = await browser.new_context()
    page = OpenPage(await context.new_page())
    async with a_stage(tmp_path) as stage:
        await page.page.goto(stage.page())
        await page.until(connected=True, character="Kitsu")
    async with a_stage(tmp_path, port=stage.port, stage_character="mochi"):
        await page.until(connected=True, character="Mochi")
    await context.close()


async def test_mouth_shapes_pass_into_one_another_without_lag_or_jumps(
    browser: Any, stage: RunningStage
) -> None:
    """Cues every 60 to 400 ms, looked at every millisecond and mouthed at 60 frames a second."""
    async with open_page(browser, stage, "&mute=1") as page:
        found = await page.page.evaluate("""async () => {
          const { Timeline } = await import("/overlay/timeline.js");
          const { Mouth, VISEMES } = await import("/overlay/acting/visemes.js");
          const line = new Timeline(1, 16000);
          const cues = [];
          const gaps = [400, 60, 60, 90, 250, 70, 120, 300, 60, 200];
          let at = 100;
          for (let i = 0; i < 60; i += 1) {
            cues.push([at, i % 2 ? "PP" : "aa", 1]);
            at += gaps[i % gaps.length];
          }
          line.add({ index: 0, at_ms: 0, text: "", words: [], mouth: cues });
          const sum = (ms, of) => line.cuesAt(ms).map(of).reduce((a, b) => a + b, 0);
          const opens = ([viseme, weight, share]) => VISEMES[viseme].open * weight * share;
          const openAt = (ms) => sum(ms, opens);
          let jump = 0, shares = 0;
          for (let ms = 1; ms < at; ms += 1) {
            jump = Math.max(jump, Math.abs(openAt(ms) - openAt(ms - 1)));
            shares = Math.max(shares, Math.abs(sum(ms, (cue) => cue[2]) - 1));
          }
          const reached = cues.slice(0, -1).map(([from, viseme], i) =>
            Math.abs(openAt((from + cues[i + 1][0]) / 2) - VISEMES[viseme].open));
          const mouth = new Mouth();
          const late = [];
          let before = 0, beforeMs = 0;
          for (let ms = 0; ms < at; ms += 1000 / 60) {
            mouth.follow(line.cuesAt(ms), 1 / 60);
            if ((before < 0.5) !== (mouth.open < 0.5)) {
              const crossed = beforeMs + (ms - beforeMs) * (0.5 - before) / (mouth.open - before);
              late.push(Math.min(...cues.map(([c]) => Math.abs(crossed - c))));
            }
            [before, beforeMs] = [mouth.open, ms];
          }
          const [worst, latest] = [Math.max(...reached), Math.max(...late)];
          return { jump, shares, reached: worst, late: latest, n: late.length };
        }""")
    assert found["shares"] < 1e-9
    assert found["reached"] < 0.01
    assert found["jump"] < 0.06
    assert found["n"] == 60
    assert found["late"] < 25
