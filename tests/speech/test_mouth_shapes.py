import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.speaking import MouthCue, Viseme
from libs.speech.mouth_shapes import (
    FALLBACK,
    MouthTrack,
    Phone,
    mouth_of_loudness,
    mouth_of_phones,
    visemes_of,
)

PHONES = st.lists(
    st.tuples(st.text(max_size=4), st.floats(0, 60, allow_nan=False)), max_size=20
).map(lambda pairs: [Phone(symbol, at) for symbol, at in sorted(pairs, key=lambda p: p[1])])


def shapes(cues: tuple[MouthCue, ...]) -> list[tuple[float, str]]:
    return [(cue.at_seconds, cue.viseme.value) for cue in cues]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("p", [Viseme.PP]),
        ("ˈɑː", [Viseme.AA]),
        ("tʃ", [Viseme.CH]),
        ("t͡ʃ", [Viseme.CH]),
        ("ts", [Viseme.SS]),
        ("aɪ", [Viseme.AA, Viseme.IH]),
        ("ˈoʊ", [Viseme.OH, Viseme.OU]),
        ("ɔːɹ", [Viseme.OH, Viseme.RR]),
        ("(ru)", [Viseme.SIL]),
        ("(en)n", [Viseme.NN]),
        ("ɐ̃", [Viseme.AA]),
        ("mʲ", [Viseme.PP]),
        ("ma˥˩", [Viseme.PP, Viseme.AA]),
        ("", [Viseme.SIL]),
        ("ˈː", [Viseme.SIL]),
    ],
)
def test_a_phone_has_its_mouth_shapes(symbol: str, expected: list[Viseme]) -> None:
    assert visemes_of(symbol) == (tuple(expected), 0)


def test_a_letter_nobody_knows_moves_the_mouth_and_is_counted() -> None:
    assert visemes_of("ꙮ") == ((FALLBACK,), 1)
    assert mouth_of_phones([Phone("ꙮ", 0.1), Phone("p", 0.2)], 0.3).unknown_symbols == 1


def test_the_mouth_follows_the_phones_and_closes_at_the_end() -> None:
    timeline = mouth_of_phones([Phone("h", 0.01), Phone("ˈɛ", 0.1), Phone("l", 0.2)], 0.5)
    assert shapes(timeline.cues) == [
        (0.0, "sil"),
        (0.01, "kk"),
        (0.1, "E"),
        (0.2, "nn"),
        (0.5, "sil"),
    ]


def test_a_diphthong_is_two_shapes_of_half_its_length() -> None:
    timeline = mouth_of_phones([Phone("aɪ", 0.0), Phone("p", 0.2)], 0.3)
    assert shapes(timeline.cues) == [(0.0, "aa"), (0.1, "ih"), (0.2, "PP"), (0.3, "sil")]


def test_equal_neighbours_are_one_cue() -> None:
    timeline = mouth_of_phones([Phone("t", 0.1), Phone("d", 0.2), Phone("", 0.3)], 0.5)
    assert shapes(timeline.cues) == [(0.0, "sil"), (0.1, "DD"), (0.3, "sil")]


def test_no_phone_at_all_is_a_closed_mouth() -> None:
    assert shapes(mouth_of_phones([], 1.0).cues) == [(0.0, "sil")]


def test_a_track_says_up_to_when_its_cues_are_final() -> None:
    track = MouthTrack()
    assert track.settled_seconds == float("inf")
    track.add(Phone("aɪ", 0.25))
    assert track.settled_seconds == 0.25
    track.add(Phone("t", 0.5))
    assert track.settled_seconds == float("inf")


@given(PHONES)
def test_cues_are_in_order_inside_the_sound_and_end_closed(phones: list[Phone]) -> None:
    cues = mouth_of_phones(phones, 60.0).cues
    times = [cue.at_seconds for cue in cues]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 60
    assert cues[-1].viseme is Viseme.SIL


@given(PHONES)
def test_no_cue_comes_out_behind_what_was_called_settled(phones: list[Phone]) -> None:
    track = MouthTrack()
    settled = 0.0
    for phone in phones:
        for cue in track.add(phone):
            assert cue.at_seconds >= round(settled, 4)
        settled = min(track.settled_seconds, phone.at_seconds)
    for cue in track.finish(60.0):
        assert cue.at_seconds >= round(settled, 4)


def test_without_phones_the_mouth_opens_where_it_is_loud() -> None:
    rate = 16_000
    tone = np.sin(np.arange(rate // 2) * 2 * np.pi * 200 / rate)
    quiet = np.zeros(rate // 2)
    sound = (np.concatenate([quiet, tone, quiet]) * 20_000).astype(np.int16)
    cues = mouth_of_loudness(sound, rate).cues
    opened = [cue.at_seconds for cue in cues if cue.viseme is Viseme.AA]
    assert min(opened) == pytest.approx(0.5, abs=0.05)
    assert cues[0].viseme is Viseme.SIL
    assert cues[-1].viseme is Viseme.SIL
    assert cues[-1].at_seconds == pytest.approx(1.0, abs=0.05)


def test_sound_that_ends_loud_still_ends_with_a_closed_mouth() -> None:
    cues = mouth_of_loudness(np.full(1_600, 9_000, dtype=np.int16), 16_000).cues
    assert (cues[-1].viseme, cues[-1].at_seconds) == (Viseme.SIL, 0.1)


@pytest.mark.parametrize("samples", [0, 1, 5_000])
def test_silence_keeps_the_mouth_shut(samples: int) -> None:
    cues = mouth_of_loudness(np.zeros(samples, dtype=np.int16), 22_050).cues
    assert {cue.viseme for cue in cues} == {Viseme.SIL}
