"""A microphone on a scripted sound card: what a driver may do that no virtual one here does."""

import asyncio
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

from apps.asr_worker.inputs.capture import COLD_SECONDS, STILL_SECONDS, Wish
from apps.asr_worker.inputs.microphone import Microphone
from libs.audio.sound_devices import OPEN_STREAMS

WISH = Wish("", 16_000, 32, 4.0)


class ScriptedSounds(types.ModuleType):
    """Stands in for the `sounddevice` module. `accepts` says which formats it opens."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.devices = [self.device("Interface", 2)]
        self.apis = [{"name": "ALSA"}]
        self.default = types.SimpleNamespace(device=[0, -1])
        self.accepts: Callable[[int, int], bool] = lambda rate_hz, channels: True
        self.start_problem: Exception | None = None
        self.streams: list[Any] = []
        self.tried: list[tuple[int, int]] = []
        self.lists_read = 0
        self.before_open: Callable[[], object] = lambda: None
        sounds = self

        class RawInputStream:
            def __init__(self, **given: Any) -> None:
                sounds.before_open()
                form = given["samplerate"], given["channels"]
                sounds.tried.append(form)
                if not sounds.accepts(*form):
                    raise sounds.PortAudioError("Invalid sample rate [PaErrorCode -9997]", -9997)
                self.given, self.active, self.closed = given, False, False
                sounds.streams.append(self)

            def start(self) -> None:
                if sounds.start_problem is not None:
                    raise sounds.start_problem
                self.active = True

            def close(self, ignore_errors: bool = True) -> None:
                self.active, self.closed = False, True

            def hear(self, pcm: bytes) -> None:
                frames = len(pcm) // 2 // self.given["channels"]
                self.given["callback"](pcm, frames, types.SimpleNamespace(), None)

        self.RawInputStream = RawInputStream

    @staticmethod
    def device(name: str, inputs: int, rate_hz: int = 48_000) -> dict[str, Any]:
        return {
            "name": name,
            "hostapi": 0,
            "max_input_channels": inputs,
            "max_output_channels": 0,
            "default_samplerate": float(rate_hz),
        }

    def query_hostapis(self) -> list[dict[str, str]]:
        return self.apis

    def query_devices(self) -> list[dict[str, Any]]:
        return self.devices

    def WasapiSettings(self, **given: Any) -> dict[str, Any]:
        return given

    def _terminate(self) -> None:
        assert all(stream.closed for stream in self.streams), "that would end an open stream"

    def _initialize(self) -> None:
        self.lists_read += 1


@pytest.fixture
def sounds(monkeypatch: pytest.MonkeyPatch) -> ScriptedSounds:
    scripted = ScriptedSounds()
    monkeypatch.setattr(OPEN_STREAMS, "_count", 0)  # other tests may have left streams open
    monkeypatch.setitem(sys.modules, "sounddevice", scripted)
    monkeypatch.setattr("apps.asr_worker.inputs.microphone.LOOK_SECONDS", 0.001)
    monkeypatch.setattr("apps.asr_worker.inputs.microphone.FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("apps.asr_worker.inputs.microphone.LONGEST_WAIT_SECONDS", 0.002)
    return scripted


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_device_that_refuses_the_rate_is_taken_at_its_own_and_converted(
    sounds: ScriptedSounds,
) -> None:
    sounds.accepts = lambda rate_hz, channels: rate_hz == 48_000
    microphone = Microphone(WISH)
    await microphone.open()
    assert sounds.tried == [(16_000, 2), (48_000, 2)]
    assert (microphone.device, microphone.present) == ("Interface", True)
    for _ in range(10):
        sounds.streams[-1].hear(bytes(1_536 * 4))
    blocks = []
    while sum(block.samples for block in blocks) < 4_000:
        blocks += await microphone.take()
    assert blocks[0].position == 0
    await microphone.close()
    assert sounds.streams[-1].closed
    assert OPEN_STREAMS.read_devices_again()


async def test_a_driver_that_raises_what_nobody_expects_is_told_and_tried_again(
    sounds: ScriptedSounds,
) -> None:
    apis, sounds.apis = sounds.apis, []  # its device names a system that is not in the list
    microphone = Microphone(WISH)
    await microphone.open()
    assert "cannot be opened (IndexError)" in microphone.problem
    assert "ASR_INPUT_DEVICE=panel" in microphone.problem
    sounds.apis = apis
    await until(lambda: microphone.present)
    await microphone.close()


async def test_a_device_that_refuses_everything_is_told_tried_again_and_nothing_stays_open(
    sounds: ScriptedSounds,
) -> None:
    sounds.start_problem = sounds.PortAudioError("Device unavailable [PaErrorCode -9985]", -9985)
    microphone = Microphone(WISH)
    await microphone.open()
    assert not microphone.present
    assert "'Interface' cannot be opened (Device unavailable" in microphone.problem
    assert "close the program that uses it" in microphone.problem
    assert "ASR_INPUT_DEVICE=panel" in microphone.problem
    assert len(microphone.problem) <= 400
    await until(lambda: sounds.lists_read > 1)
    assert all(stream.closed for stream in sounds.streams)
    sounds.start_problem = None
    await until(lambda: microphone.present)
    sounds.streams[-1].hear(bytes(2_048))
    await until(lambda: microphone.problem == "")
    await microphone.close()


async def test_windows_converts_where_wasapi_would_refuse(sounds: ScriptedSounds) -> None:
    sounds.apis = [{"name": "Windows WASAPI"}]
    microphone = Microphone(WISH)
    await microphone.open()
    assert sounds.streams[-1].given["extra_settings"] == {"auto_convert": True}
    await microphone.close()


async def test_a_device_whose_hand_overs_stop_is_gone_and_opened_anew(
    sounds: ScriptedSounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = [0.0]
    real = types.SimpleNamespace(monotonic=__import__("time").monotonic)
    monkeypatch.setattr(
        "apps.asr_worker.inputs.microphone.time",
        types.SimpleNamespace(monotonic=lambda: real.monotonic() + ahead[0]),
    )
    microphone = Microphone(WISH)
    await microphone.open()
    sounds.streams[0].hear(bytes(2_048))
    ahead[0] = STILL_SECONDS + 0.1
    await until(lambda: sounds.streams[0].closed)
    assert "went away" in microphone.problem
    assert "plug it in again" in microphone.problem
    ahead[0] = 0.0
    await until(lambda: len(sounds.streams) > 1 and microphone.present)
    assert (await microphone.take())[0].position == 0, "what it gave last is not lost"
    ahead[0] = COLD_SECONDS + 0.1
    await until(lambda: sounds.streams[1].closed)
    assert "gives no sound at all" in microphone.problem
    await microphone.close()


async def test_a_device_that_is_replaced_by_one_of_another_kind_goes_on_by_the_clock(
    sounds: ScriptedSounds,
) -> None:
    microphone = Microphone(WISH)
    await microphone.open()
    sounds.streams[0].hear(bytes(512 * 4))
    first = await microphone.take()
    sounds.devices = [sounds.device("Headset", 1, 44_100)]
    sounds.accepts = lambda rate_hz, channels: rate_hz == 44_100
    sounds.streams[0].active = False
    await until(lambda: len(sounds.streams) > 1 and microphone.present)
    assert microphone.device == "Headset"
    for _ in range(4):
        sounds.streams[1].hear(bytes(1_411 * 2))
    later = await microphone.take()
    assert later[0].position >= first[-1].end
    assert later[0].position / 16_000 == pytest.approx(later[0].at - first[0].at, abs=0.05)
    await microphone.close()


async def test_a_number_means_the_device_that_it_was_when_it_was_first_found(
    sounds: ScriptedSounds,
) -> None:
    other, mic = sounds.device("Stereo Mix", 2), sounds.device("USB Mic", 1)
    sounds.devices = [other, mic]
    microphone = Microphone(Wish("1", 16_000, 32, 4.0))
    await microphone.open()
    assert microphone.device == "USB Mic"
    sounds.devices = [sounds.device("Webcam", 1), other]
    sounds.streams[0].active = False
    await until(lambda: "no microphone fits 'USB Mic'" in microphone.problem)
    sounds.devices = [mic, sounds.device("Webcam", 1), other]
    await until(lambda: microphone.present)
    assert sounds.streams[-1].given["device"] == 0
    await microphone.close()


async def test_closing_while_a_device_is_still_being_opened_leaves_no_stream(
    sounds: ScriptedSounds,
) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        go_on.wait(60)

    sounds.before_open = wait
    microphone = Microphone(WISH)
    opening = asyncio.create_task(microphone.open())
    await until(entered.is_set)
    closing = asyncio.create_task(microphone.close())
    await until(lambda: closing.done())
    go_on.set()
    await until(lambda: sounds.streams and sounds.streams[0].closed)
    await opening
    assert OPEN_STREAMS.read_devices_again()


async def test_no_portaudio_is_told_with_the_package_and_the_panel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    microphone = Microphone(WISH)
    await microphone.open()
    assert "PortAudio is missing" in microphone.problem
    assert "ASR_INPUT_DEVICE=panel" in microphone.problem
    await microphone.close()


@pytest.mark.parametrize("name", ["M\x1b[2J\u202eic", "x" * 5_000, ""])
async def test_hostile_device_names_stay_short(sounds: ScriptedSounds, name: str) -> None:
    sounds.devices = [sounds.device(name, 1)]
    sounds.start_problem = OSError("\x1b[31m" + name * 3)
    microphone = Microphone(WISH)
    await microphone.open()
    assert 0 < len(microphone.problem) <= 400
    assert "\x1b" not in microphone.problem
    assert "\u202e" not in microphone.device + microphone.problem
    await microphone.close()
