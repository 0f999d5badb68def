import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.audio.framing import Framer


@given(st.lists(st.binary(max_size=700), max_size=30))
def test_no_sample_is_lost_added_or_moved(pieces: list[bytes]) -> None:
    framer = Framer(1_000, first_seconds=0.02, next_seconds=0.1)
    frames = [frame for piece in pieces for frame in framer.push(piece)]
    frames += framer.flush()
    whole = b"".join(pieces)
    assert b"".join(frame.pcm for frame in frames) == whole[: len(whole) // 2 * 2]
    position = 0
    for frame in frames:
        assert frame.offset_samples == position
        position = frame.end_samples


def test_the_first_chunk_is_short_and_the_others_are_long() -> None:
    framer = Framer(22_050)
    frames = [*framer.push(bytes(22_050 * 2)), *framer.flush()]
    assert frames[0].samples == 662
    assert {frame.samples for frame in frames[1:-1]} == {2_205}
    assert sum(frame.samples for frame in frames) == 22_050


def test_a_chunk_leaves_as_soon_as_it_is_whole() -> None:
    framer = Framer(1_000, first_seconds=0.02)
    assert list(framer.push(bytes(39))) == []
    assert [frame.samples for frame in framer.push(bytes(1))] == [20]


def test_nothing_in_nothing_out() -> None:
    framer = Framer(1_000)
    assert list(framer.push(b"")) == []
    assert list(framer.flush()) == []


@pytest.mark.parametrize(("rate", "seconds"), [(0, 0.1), (16_000, 0.0), (-1, 0.1)])
def test_impossible_lengths_are_refused(rate: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Framer(rate, seconds, seconds)
