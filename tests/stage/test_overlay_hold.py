"""A held voice on the overlay page in a real Chromium: silent, shut, and going on to the sample."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.testing.chromium import MAY_SOUND
from tests.stage.conftest import RunningStage, a_stage, chromium, until
from tests.stage.overlay_pages import TEXT, OpenPage, open_page, voice_page
from tests.stage.scripted_voice import RATE_HZ, ScriptedVoice

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

#: Keeps every sample that the page lets out, as its audio thread gives it.
RECORDER = """
const worklet = `registerProcessor("recorder", class extends AudioWorkletProcessor {
  constructor() { super(); this.port.onmessage = () => this.port.postMessage("all"); }
  process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; }
});`;
window.recorded = [];
// Resolves when all that was let out so far has come.
window.caughtUp = () => {
  const running = recorded.filter(({ recorder }) => recorder?.context.state === "running");
  return Promise.all(running.map((one) => new Promise((done) => {
    one.caughtUp = done;
    one.recorder.port.postMessage("all?");
  })));
};
const RealContext = window.AudioContext;
window.AudioContext = class extends RealContext {
  constructor(options) {
    super(options);
    const recorded = { rate: this.sampleRate, blocks: [] };
    window.recorded.push(recorded);
    const url = URL.createObjectURL(new Blob([worklet], { type: "text/javascript" }));
    this.ready = this.audioWorklet.addModule(url).then(() => {
      this.recorder = new AudioWorkletNode(this, "recorder");
      recorded.recorder = this.recorder;
      this.recorder.port.onmessage = ({ data }) =>
        data === "all" ? recorded.caughtUp() : recorded.blocks.push(...data);
      for (const node of this.waiting ?? []) node.connect(this.recorder);
    });
  }
};
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (to === this.context.destination) {
    (this.context.waiting ??= []).push(this);
    if (this.context.recorder) connect.call(this, this.context.recorder);
  }
  return connect.call(this, to, ...more);
};
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    async with chromium(MAY_SOUND) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path) -> AsyncIterator[RunningStage]:
    async with a_stage(tmp_path) as running_stage:
        yield running_stage


async def hold(stage: RunningStage, kind: SpeechHold) -> None:
    await stage.bus.publish(HoldSpeaking(hold=kind, at_most_seconds=20, by="test"))


def said_by(voice: ScriptedVoice, text: str, sound: bytes) -> list[Any]:
    """The events of a sentence with this sound instead of the voice's tone."""
    seconds = len(sound) / 2 / voice.rate_hz
    events: list[Any] = []
    for event, pcm in voice.sentence(text, seconds):
        at = getattr(event, "offset_samples", 0) * 2
        events.append((event, sound[at : at + len(pcm)]))
    return [*events, voice.finished()]


async def test_in_a_pause_the_page_is_silent_with_its_mouth_shut_and_goes_on_at_the_same_sample(
    browser: Any, stage: RunningStage
) -> None:
    noise = np.random.default_rng(7).integers(-16_000, 16_000, 2 * RATE_HZ).astype("<i2")
    noise[noise == 0] = 1
    context = await browser.new_context(bypass_csp=True)
    try:
        page = OpenPage(await context.new_page())
        await page.page.add_init_script(RECORDER)
        await page.page.goto(stage.page())
        await page.until(connected=True)
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), "Hm.", 0.3)  # the recorder needs a moment to begin
        await until(lambda: stage.of(PlaybackFinished))
        await page.page.evaluate(
            "async () => { await caughtUp(); for (const one of recorded) one.blocks.length = 0; }"
        )
        await stage.say(*said_by(ScriptedVoice(), TEXT, noise.tobytes()))
        await until(lambda: len(stage.of(PlaybackStarted)) == 2)
        for _ in range(3):
            await asyncio.sleep(0.3)
            await hold(stage, SpeechHold.PAUSED)
            await page.until(hold="paused", rms=0)
            await asyncio.sleep(0.3)
            quiet = await page.watch(0.5)
            assert {s["rms"] for s in quiet} == {0}
            assert {s["viseme"] for s in quiet} == {"sil"}
            assert quiet[-1]["mouthOpen"] < 0.01
            assert quiet[-1]["caption"] == TEXT
            [stood] = {s["positionSamples"] for s in quiet}
            now = (await stage.now())["speaking"]
            assert round(now["position_seconds"] * RATE_HZ) == pytest.approx(stood, abs=8)
            await hold(stage, SpeechHold.NONE)
        await until(lambda: len(stage.of(PlaybackFinished)) == 2)
        assert stage.of(PlaybackFinished)[1].outcome is PlaybackOutcome.COMPLETED
        assert stage.of(PlaybackFinished)[1].position_seconds == pytest.approx(2.0)
        await asyncio.sleep(0.2)
        recorded = await page.page.evaluate(
            "() => caughtUp().then(() => recorded.find((one) => one.rate === 16000).blocks)"
        )
        assert await page.page.evaluate("kitsuProbe.read().underruns") == 0
        assert_once_each(np.array(recorded), noise / 32_768)
        assert page.complaints == []
    finally:
        await context.close()


#: Silence of so many samples is a pause, none of the noise's own.
PAUSE_SAMPLES = 1_000
#: So many samples the ramps around a pause may take to nothing.
MOST_SWALLOWED = 8


def assert_once_each(recorded: Any, said: Any) -> None:
    """Every sample was heard once and in order, as loud as said but around the pauses."""
    sounding = np.flatnonzero(recorded)
    ends = np.flatnonzero(np.diff(sounding) > PAUSE_SAMPLES)
    place, quieter = 0, 0
    for part in np.split(sounding, ends + 1):
        heard = recorded[part[0] : part[-1] + 1]
        places = range(place, min(place + MOST_SWALLOWED, len(said) - len(heard)) + 1)
        fitting = [p for p in places if _is_quieter(heard, said[p : p + len(heard)])]
        assert fitting, f"{len(heard)} samples from {part[0]} on are not those from {place} on"
        place = fitting[0]
        quieter += int((np.abs(heard - said[place : place + len(heard)]) > 1e-4).sum())
        place += len(heard)
    assert len(said) - MOST_SWALLOWED <= place <= len(said)
    assert quieter <= 3 * 2 * 0.008 * RATE_HZ + 20


def _is_quieter(heard: Any, said: Any) -> bool:
    """Whether these may be the said samples: never louder, never of another sign."""
    return bool(((np.abs(heard) <= np.abs(said) + 1e-6) & (heard * said >= 0)).all())


@pytest.mark.parametrize("comes", ["in the pause", "after the pause"])
async def test_a_pause_after_the_sound_ran_dry_leaves_what_comes_audible(
    browser: Any, stage: RunningStage, comes: str
) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        voice = ScriptedVoice()
        events = voice.sentence(TEXT, 1.5)
        await stage.say(*events[:3])
        await page.until(positionSamples=4_800)
        await hold(stage, SpeechHold.PAUSED)
        await page.until(hold="paused", rms=0)
        if comes == "in the pause":
            await stage.say(*events[3:], voice.finished())
            await asyncio.sleep(0.3)
            assert (await page.probe())["positionSamples"] == 4_800
        await hold(stage, SpeechHold.NONE)
        if comes == "after the pause":
            await page.until(hold="none")
            await stage.say(*events[3:], voice.finished())
        assert max(s["rms"] for s in await page.watch(0.6)) > 0.2
        await until(lambda: stage.of(PlaybackFinished))
        assert stage.of(PlaybackFinished)[0].outcome is PlaybackOutcome.COMPLETED


async def test_a_lowered_voice_is_softer_and_comes_back(browser: Any, stage: RunningStage) -> None:
    async with open_page(browser, stage) as page:
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), TEXT, 4.0)
        await until(lambda: stage.of(PlaybackStarted))
        await asyncio.sleep(0.3)
        loud = np.median([s["rms"] for s in await page.watch(0.3)])
        await hold(stage, SpeechHold.LOWERED)
        await page.until(hold="lowered")
        await asyncio.sleep(0.2)
        seen = await page.watch(0.3)
        assert np.median([s["rms"] for s in seen]) == pytest.approx(loud / 4, rel=0.1)
        assert max(s["mouthOpen"] for s in seen) > 0.3
        await hold(stage, SpeechHold.NONE)
        await page.until(hold="none")
        await asyncio.sleep(0.2)
        assert np.median([s["rms"] for s in await page.watch(0.3)]) == pytest.approx(loud, rel=0.1)


async def test_every_page_stands_still_also_one_that_comes_in_the_pause_and_inherits_the_voice(
    browser: Any, stage: RunningStage
) -> None:
    async with open_page(browser, stage) as first, open_page(browser, stage, "&mute=1") as preview:
        await voice_page(stage)
        await stage.say_all(ScriptedVoice(), TEXT, 8.0)
        await until(lambda: stage.of(PlaybackStarted))
        await asyncio.sleep(0.3)
        await hold(stage, SpeechHold.PAUSED)
        await preview.until(hold="paused")
        async with open_page(browser, stage) as heir:
            await heir.until(hold="paused", caption=TEXT)
            await first.page.close()
            await heir.until(sounding=True)
            await asyncio.sleep(0.3)
            for page in (heir, preview):
                quiet = await page.watch(0.3)
                assert {s["rms"] for s in quiet} == {0}
                assert len({s["saidWords"] for s in quiet}) == 1
                assert quiet[-1]["mouthOpen"] < 0.01
            await hold(stage, SpeechHold.NONE)
            await asyncio.sleep(0.2)
            assert max(s["rms"] for s in await heir.watch(0.4)) > 0.05
            assert {s["rms"] for s in await preview.watch(0.2)} == {0}
            assert max(s["mouthOpen"] for s in await preview.watch(0.4)) > 0.3
