import numpy as np
import pytest

from libs.audio.channels import VoiceChannel

RATE_HZ = 16_000


def frames(*levels: float, seconds: float = 0.032) -> bytes:
    """Noise of so much of full scale on each channel."""
    random = np.random.default_rng(7)
    noise = random.uniform(-1, 1, (round(RATE_HZ * seconds), len(levels)))
    return bytes(np.rint(noise * np.array(levels) * 32_000).astype("<i2").tobytes())


def column(pcm: bytes, channels: int, number: int) -> bytes:
    return bytes(np.frombuffer(pcm, "<i2").reshape(-1, channels)[:, number].tobytes())


def test_mono_passes_as_it_is() -> None:
    assert VoiceChannel(1, RATE_HZ).mono(b"abcd") == b"abcd"


def test_the_voice_on_the_fifth_of_seven_channels_is_heard_from_its_first_block() -> None:
    voice = VoiceChannel(7, RATE_HZ)
    assert voice.mono(frames(*[0.0] * 7)) == bytes(1_024)
    spoken = frames(0, 0, 0, 0, 0.3, 0, 0)
    assert voice.mono(spoken) == column(spoken, 7, 4)
    assert voice.chosen == 4


def test_a_channel_with_a_voice_is_not_left_for_a_louder_moment_on_another() -> None:
    voice = VoiceChannel(2, RATE_HZ)
    for _ in range(30):
        voice.mono(frames(0.1, 0.001))
    voice.mono(frames(0.0, 0.3))
    assert voice.chosen == 0


def test_a_channel_that_is_far_louder_for_a_while_is_taken() -> None:
    voice = VoiceChannel(2, RATE_HZ)
    for _ in range(30):
        voice.mono(frames(0.02, 0.0))
    for _ in range(60):
        voice.mono(frames(0.02, 0.5))
    assert voice.chosen == 1


def test_a_channel_that_was_named_is_kept_whatever_is_on_it() -> None:
    voice = VoiceChannel(3, RATE_HZ, fixed=2)
    sound = frames(0.5, 0.5, 0.0)
    assert voice.mono(sound) == bytes(1_024)


def test_a_part_of_a_frame_is_dropped() -> None:
    assert len(VoiceChannel(7, RATE_HZ).mono(bytes(14 * 10 + 13))) == 20
    assert VoiceChannel(7, RATE_HZ).mono(b"") == b""


@pytest.mark.parametrize("wrong", [(0, None), (2, 2), (2, -1)])
def test_channels_that_are_not_there_are_refused(wrong: tuple[int, int | None]) -> None:
    with pytest.raises(ValueError, match="channel"):
        VoiceChannel(wrong[0], RATE_HZ, wrong[1])
