import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.audio.loudness import CEILING, SILENCE_DBFS, level_dbfs, limited, peak, samples_of


def tone(amplitude: float) -> bytes:
    wave = np.sin(np.arange(8_000) * 2 * np.pi * 440 / 16_000)
    return (wave * amplitude * 32_767).astype("<i2").tobytes()


@given(st.binary(max_size=2_000), st.floats(0, 50, allow_nan=False))
def test_no_gain_ever_clips(pcm: bytes, gain: float) -> None:
    assert peak(limited(pcm, gain)) <= CEILING + 1e-4
    assert len(limited(pcm, gain)) == len(pcm) // 2 * 2


def test_a_quiet_sound_keeps_its_shape() -> None:
    before = samples_of(tone(0.2)).astype(float)
    after = samples_of(limited(tone(0.2), 2.0)).astype(float)
    assert np.abs(after - 2 * before).max() <= 2


def test_a_loud_sound_becomes_louder_and_keeps_its_order() -> None:
    ramp = np.arange(-32_768, 32_767, 50).astype("<i2").tobytes()
    bent = samples_of(limited(ramp, 1.7))
    assert (np.diff(bent.astype(int)) >= 0).all()
    assert level_dbfs(limited(tone(0.5), 1.7)) > level_dbfs(tone(0.5)) + 3


def test_a_full_tone_has_the_level_of_a_full_tone() -> None:
    assert level_dbfs(tone(1.0)) == pytest.approx(-3.01, abs=0.05)
    assert peak(tone(1.0)) == pytest.approx(1.0, abs=0.001)


def test_nothing_and_silence_have_the_level_of_silence() -> None:
    assert level_dbfs(b"") == SILENCE_DBFS
    assert level_dbfs(bytes(100)) == SILENCE_DBFS
    assert peak(b"") == 0.0
