import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.audio.wav import NotAWave, Recording, decode_wav, encode_wav


def test_a_recording_comes_back_as_it_was() -> None:
    recording = Recording(bytes(range(100)), 22_050)
    assert decode_wav(encode_wav(recording)) == recording
    assert recording.seconds == pytest.approx(50 / 22_050)


def test_stereo_is_named_and_refused() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(8_000)
        writer.writeframes(bytes(8))
    with pytest.raises(NotAWave, match="2 channels"):
        decode_wav(file.getvalue())


@pytest.mark.parametrize("length", [0, 3, 20, 43, 60])
def test_a_file_that_was_cut_short_is_refused(length: int) -> None:
    with pytest.raises(NotAWave):
        decode_wav(encode_wav(Recording(bytes(100), 22_050))[:length])


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(NotAWave):
        decode_wav(b"RIFF" + data)
