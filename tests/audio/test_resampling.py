import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.audio.resampling import Resampler

RATES = (8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)


def tone(rate_hz: int, seconds: float = 1.0, tone_hz: float = 440.0) -> np.ndarray:
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    return np.asarray(np.rint(10_000 * np.sin(2 * np.pi * tone_hz * at)), dtype="<i2")


def resampled(sound: np.ndarray, from_hz: int, to_hz: int, piece: int) -> np.ndarray:
    resampler = Resampler(from_hz, to_hz)
    pcm = sound.tobytes()
    out = b"".join(resampler.push(pcm[at : at + piece]) for at in range(0, len(pcm), piece))
    return np.frombuffer(out + resampler.finish(), "<i2")


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("tone_hz", [440.0, 3_000.0])
def test_a_tone_of_any_rate_is_the_same_tone_at_the_same_moment(
    rate_hz: int, tone_hz: float
) -> None:
    out = resampled(tone(rate_hz, tone_hz=tone_hz), rate_hz, 16_000, rate_hz // 50 * 2)
    assert len(out) == pytest.approx(16_000, abs=1)
    wanted = tone(16_000, tone_hz=tone_hz)[500:15_500].astype(float)
    error = out[500:15_500] - wanted
    assert np.sqrt(np.mean(error**2)) < 0.04 * np.sqrt(np.mean(wanted**2))


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 192_000])
def test_what_16_khz_cannot_hold_is_not_folded_into_it(rate_hz: int) -> None:
    out = resampled(tone(rate_hz, tone_hz=10_500.0), rate_hz, 16_000, 2_000)
    assert np.abs(out[500:-500].astype(int)).max() < 10


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000, 192_000])
def test_it_holds_back_less_than_one_more_block(rate_hz: int) -> None:
    resampler = Resampler(rate_hz, 16_000)
    sound = tone(rate_hz).tobytes()
    given = 0
    for at in range(0, len(sound), block := rate_hz * 32 // 1000 * 2):
        given += len(resampler.push(sound[at : at + block])) // 2
        came = min(len(sound), at + block) // 2 * 16_000 / rate_hz
        assert came - given <= 0.023 * 16_000
        assert resampler.delay_samples == pytest.approx(came - given, abs=2)


def test_equal_rates_pass_every_byte() -> None:
    resampler = Resampler(16_000, 16_000)
    assert resampler.push(b"\x01\x02\x03") + resampler.push(b"\x04") == b"\x01\x02\x03\x04"
    assert resampler.finish() == b""
    assert resampler.delay_samples == 0


@given(st.lists(st.integers(min_value=1, max_value=701), min_size=1, max_size=40))
@settings(deadline=None, max_examples=30)
def test_how_it_was_cut_makes_no_difference(cuts: list[int]) -> None:
    pcm = tone(44_100, 0.1).tobytes()
    whole = resampled(tone(44_100, 0.1), 44_100, 16_000, len(pcm))
    resampler, out, at = Resampler(44_100, 16_000), b"", 0
    for cut in [*cuts, len(pcm)]:
        out += resampler.push(pcm[at : at + cut])
        at += cut
    pieces = np.frombuffer(out + resampler.finish(), "<i2")
    assert len(pieces) == len(whole)
    assert np.abs(pieces.astype(int) - whole).max() <= 1


def test_after_the_end_a_new_sound_begins() -> None:
    resampler = Resampler(48_000, 16_000)
    resampler.push(tone(48_000).tobytes())
    resampler.finish()
    silence = resampler.push(bytes(9_600)) + resampler.finish()
    assert len(silence) == 3_200
    assert not any(silence)


@pytest.mark.parametrize("rate_hz", [-1, 0, 7_999, 192_001, 10**9])
def test_other_rates_are_refused_with_what_is_possible(rate_hz: int) -> None:
    with pytest.raises(ValueError, match="8000 to 192000"):
        Resampler(rate_hz, 16_000)
