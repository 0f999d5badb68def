"""“Use this browser's microphone” in a real Chromium that hears a known sound file."""

import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from libs.testing.chromium import FLAGS
from libs.worker.access import Scope
from tests.panel.conftest import PATIENCE_MS, WIDE, OpenPanel, open_page
from tests.panel.script import microphone
from tests.panel.scripted_ears import ScriptedEars
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser

TONE_HZ = 440.0
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's microphone hears: 440 Hz at 48 kHz, half of full scale, over and over."""
    path = tmp_path_factory.mktemp("sound") / "tone.wav"
    samples = 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(48_000 * 5) / 48_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def browser(chromium_path: str, tone: Path) -> Iterator[Browser]:
    """One that has a microphone, and lets every page have it."""
    expect.set_options(timeout=PATIENCE_MS)
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={tone}",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@pytest.fixture
def ears(orchestrator: ScriptedOrchestrator, tmp_path: Path) -> Iterator[ScriptedEars]:
    ears = ScriptedEars(orchestrator, tmp_path)
    ears.start()
    step = "no browser gives its microphone"
    orchestrator.status["microphone"] = microphone(
        "waiting", source="panel", device="", problem=step, asr_port=ears.port
    )
    yield ears
    ears.stop()


def signed_in(panel: OpenPanel, ears: ScriptedEars, scope: Scope = Scope.OPERATOR) -> OpenPanel:
    cookie = {
        "name": f"kitsu_{panel.orchestrator.port}",
        "value": ears.access.make_cookie(scope),
        "url": panel.orchestrator.url,
    }
    panel.page.context.add_cookies([cookie])  # type: ignore[list-item]
    # As raw as a browser gives it: the tone must come through as it is.
    raw = '{"echoCancellation":false,"noiseSuppression":false,"autoGainControl":false}'
    panel.page.add_init_script(f"localStorage.setItem('kitsu.microphone-options', '{raw}')")
    return panel.open()


def expect_giving(panel: OpenPanel, giving: str) -> None:
    expect(panel.part("browser-microphone")).to_have_attribute("data-giving", giving)


def hear(ears: ScriptedEars, seconds: float, page: Page) -> np.ndarray:
    """So much new sound."""
    ears.blocks.clear()
    deadline = time.monotonic() + 20
    while len(ears.sound) < seconds * RATE_HZ:
        assert time.monotonic() < deadline, f"only {len(ears.sound)} samples came"
        page.wait_for_timeout(100)
        ears.take()
    return ears.sound


def pitch_and_purity(sound: np.ndarray) -> tuple[float, float]:
    """The loudest frequency in hertz, and its share of all power."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    top = int(np.argmax(power))
    near = power[max(0, top - 4) : top + 5].sum()
    return top * RATE_HZ / len(sound), float(near / power.sum())


def test_what_the_browser_hears_arrives_at_16_khz_also_after_a_reload_and_a_pause(
    panel: OpenPanel, ears: ScriptedEars
) -> None:
    panel.outage_expected = True
    signed_in(panel, ears)
    panel.part("browser-microphone-start").click()
    expect_giving(panel, "on")
    assert "Fake" in ears.input.device
    sound = hear(ears, 1.5, panel.page)[-RATE_HZ:]
    hertz, purity = pitch_and_purity(sound)
    assert hertz == pytest.approx(TONE_HZ, abs=2)
    assert purity > 0.98
    assert 0.2 < float(np.sqrt(np.mean(sound**2))) < 0.45  # a sine of one half has 0.354
    first = ears.blocks[0]
    assert all(b.position == a.end for a, b in zip(ears.blocks, ears.blocks[1:], strict=False))
    # A first frame that was late (a busy machine) is put right by those that follow it.
    length = (ears.blocks[-1].position - first.position) / RATE_HZ
    assert length - 0.5 < ears.blocks[-1].at - first.at < length + 0.05
    assert ears.input.lost_samples == 0

    panel.page.reload()
    expect_giving(panel, "on")
    assert pitch_and_purity(hear(ears, 1.0, panel.page))[0] == pytest.approx(TONE_HZ, abs=3)

    ears.listen(False)
    expect_giving(panel, "waiting")
    expect(panel.part("browser-microphone-problem")).to_contain_text("do not take it yet")
    ears.listen(True)
    expect_giving(panel, "on")
    hear(ears, 0.5, panel.page)

    panel.part("browser-microphone-stop").click()
    expect(panel.part("browser-microphone-start")).to_be_visible()
    panel.page.wait_for_timeout(300)
    assert not ears.input.present


def test_the_page_that_pressed_last_is_heard_and_the_other_says_so(
    browser: Browser, panel: OpenPanel, ears: ScriptedEars, orchestrator: ScriptedOrchestrator
) -> None:
    signed_in(panel, ears)
    panel.part("browser-microphone-start").click()
    expect_giving(panel, "on")
    other = signed_in(open_page(browser, orchestrator, WIDE), ears)
    other.part("browser-microphone-start").click()
    expect_giving(other, "on")
    expect_giving(panel, "off")
    expect(panel.part("browser-microphone-problem")).to_contain_text("Another page")
    panel.page.wait_for_timeout(2_000)
    expect_giving(other, "on")
    expect_giving(panel, "off")
    other.page.close()


def test_a_panel_that_is_not_the_operators_gives_no_sound(
    panel: OpenPanel, ears: ScriptedEars
) -> None:
    panel.outage_expected = True
    signed_in(panel, ears, Scope.OVERLAY)
    panel.part("browser-microphone-start").click()
    expect_giving(panel, "waiting")
    expect(panel.part("browser-microphone-problem")).to_contain_text("do not answer")
    panel.page.wait_for_timeout(500)
    assert not ears.input.present


RESAMPLED = """async ([rate, hertz]) => {
  const context = new OfflineAudioContext(1, rate * 2, rate);
  await context.audioWorklet.addModule("/panel/capture.js");
  const node = new AudioWorkletNode(context, "capture", {numberOfOutputs: 0});
  const samples = [];
  node.port.onmessage = ({data}) => samples.push(...new Int16Array(data.slice(4)));
  const tone = new OscillatorNode(context, {frequency: hertz});
  tone.connect(node);
  tone.start();
  await context.startRendering();
  await new Promise((done) => setTimeout(done, 300));
  return samples;
}"""


@pytest.mark.parametrize("rate", [48_000, 44_100, 96_000])
def test_a_browser_that_does_not_convert_has_it_done_without_folding(
    panel: OpenPanel, rate: int
) -> None:
    panel.open()

    def resampled(hertz: float) -> np.ndarray:
        return np.array(panel.page.evaluate(RESAMPLED, [rate, hertz]), np.float32) / 32_768

    sound = resampled(1_000)
    assert len(sound) == pytest.approx(2 * RATE_HZ, abs=1_100)
    middle = sound[2_000:26_000]
    hertz, purity = pitch_and_purity(middle)
    assert hertz == pytest.approx(1_000, abs=1)
    assert purity > 0.9999
    assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.707, abs=0.01)
    high = resampled(10_000)[2_000:26_000]  # would be heard at 6 kHz
    assert 20 * np.log10(float(np.sqrt(np.mean(high**2))) + 1e-9) < -60
