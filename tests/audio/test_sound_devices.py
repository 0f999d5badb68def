"""Which device a name means, and calls that hang."""

import asyncio
import threading

import pytest

from libs.audio.card_thread import CardThread, SoundSystemHangs
from libs.audio.sound_devices import NoSuchDevice, OpenStreams, SoundDevice, choose


def device(
    index: int,
    name: str,
    inputs: int = 1,
    outputs: int = 0,
    api: str = "ALSA",
    default: bool = False,
) -> SoundDevice:
    return SoundDevice(index, name, api, inputs, outputs, 48_000, ("input",) if default else ())


CAM, MIC, CARD = device(0, "HD Webcam"), device(1, "USB Mic"), device(2, "Speakers", 0, 2)


@pytest.mark.parametrize(
    ("wanted", "index"), [("usb mic", 1), ("WEB", 0), ("1", 1), ("  usb   mic ", 1), ("", 0)]
)
def test_a_device_is_found_by_name_part_or_number(wanted: str, index: int) -> None:
    assert choose([CAM, MIC, CARD], wanted, "input").index == index


def test_empty_is_the_default_of_the_system() -> None:
    assert choose([CAM, device(5, "Desk", default=True)], "", "input").index == 5


def test_a_whole_name_wins_over_a_part_of_another() -> None:
    assert choose([device(0, "Mic 2"), device(1, "Mic")], "mic", "input").index == 1


def test_one_device_reached_on_several_ways_is_one_device() -> None:
    ways = [
        device(0, "Mic", api="MME"),
        device(1, "Mic", api="Windows WDM-KS"),
        device(2, "Mic", api="Windows WASAPI"),
    ]
    assert choose(ways, "mic", "input").index == 2


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("2", "no microphone fits '2'"), ("speakers", "no microphone fits"), ("x" * 999, "no micro"),
     ("9" * 50, "no microphone fits"), ("m", "fits 'HD Webcam', 'USB Mic': say more")],
)  # fmt: skip
def test_what_fits_nothing_or_too_much_is_refused(wanted: str, words: str) -> None:
    with pytest.raises(NoSuchDevice, match=r"microphone|say more") as caught:
        choose([CAM, device(1, "USB Mic"), CARD], wanted, "input")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_machine_without_one_says_so() -> None:
    with pytest.raises(NoSuchDevice, match="no loudspeaker: connect one"):
        choose([MIC], "", "output")


def test_the_list_is_not_read_again_while_a_stream_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    class Sounds:
        PortAudioError = OSError

        @staticmethod
        def _terminate() -> None:
            calls.append("terminate")

        @staticmethod
        def _initialize() -> None:
            calls.append("initialize")

    monkeypatch.setattr("libs.audio.sound_devices.portaudio", lambda: Sounds)
    streams = OpenStreams()
    streams.opened()
    assert not streams.read_devices_again()
    assert calls == []
    streams.closed()
    assert streams.read_devices_again()
    assert calls == ["terminate", "initialize"]


def test_a_list_that_is_read_for_ever_holds_up_nobody_who_opens_a_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release, reading = threading.Event(), threading.Event()

    class Sounds:
        PortAudioError = OSError

        @staticmethod
        def _terminate() -> None:
            reading.set()
            release.wait(60)

        @staticmethod
        def _initialize() -> None:
            pass

    monkeypatch.setattr("libs.audio.sound_devices.portaudio", lambda: Sounds)
    monkeypatch.setattr("libs.audio.sound_devices.LONGEST_READING_SECONDS", 0.01)
    streams = OpenStreams()
    thread = threading.Thread(target=streams.read_devices_again)
    thread.start()
    assert reading.wait(60)
    streams.opened()
    release.set()
    thread.join()
    assert not streams.read_devices_again()


async def test_a_call_that_hangs_is_given_up_and_others_are_refused_until_it_returns() -> None:
    cards, release = CardThread(), threading.Event()
    assert await cards.call(lambda: 7, 60) == 7
    with pytest.raises(SoundSystemHangs):
        await cards.call(lambda: release.wait(60), 0.01)
    assert cards.hangs
    with pytest.raises(SoundSystemHangs):
        await cards.call(lambda: 8, 60)
    release.set()
    while cards.hangs:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert await cards.call(lambda: 9, 60) == 9
    cards.end()


async def test_what_a_call_raises_comes_to_its_caller() -> None:
    cards = CardThread()
    with pytest.raises(NoSuchDevice):
        await cards.call(lambda: choose([], "", "input"), 60)
    with pytest.raises(NoSuchDevice):
        cards.call_and_wait(lambda: choose([], "", "input"), 60)
    cards.end()
