"""Mouth shapes at a moment, from chunks that may be anything."""

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.avatar_controller.engines.base import SHUT, Mouth
from apps.avatar_controller.mouth_form import FORMS, MouthMotion, loudness_of, shaped
from apps.avatar_controller.mouth_player import MAXIMUM_TRACKS, MouthPlayer
from apps.avatar_controller.mouth_track import (
    MAXIMUM_CUES,
    MAXIMUM_CUES_OF_ALL,
    MAXIMUM_SENTENCE_SECONDS,
    MAXIMUM_SENTENCES,
    MouthTrack,
)
from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.speaking import LEVELS_HZ, MouthChunk, MouthCue, PlaybackStarted, Viseme
from libs.speech.playback_clock import PlaybackClock

T = 1_000.0
FRAME = 1 / 60


def chunk(
    *cues: tuple[float, Viseme], levels: tuple[int, ...] = (-10,) * 60, **fields: object
) -> MouthChunk:
    return MouthChunk(
        utterance_id="u1",
        mouth=tuple(MouthCue(at_seconds=at, viseme=viseme) for at, viseme in cues),
        levels=levels,
        **{"index": 0, "starts_at_seconds": 0.0, **fields},
    )


def playing(*chunks: MouthChunk) -> MouthPlayer:
    clock = PlaybackClock()
    clock.take(
        PlaybackStarted(
            utterance_id="u1", text="x", output="o", started_at=T, first_chunk_at=T, epoch=1
        )
    )
    player = MouthPlayer(clock, hears=lambda: False)  # the stage says no more, and need not
    for one in chunks:
        player.take(one)
    return player


def mouth_at(player: MouthPlayer, seconds: float) -> Mouth:
    """As it is then, after frames from the beginning on."""
    mouth = SHUT
    for frame in range(int(seconds / FRAME) + 1):
        mouth = player.at(T + frame * FRAME)
    return mouth


def in_range(mouth: Mouth) -> bool:
    vowels = mouth.vowels
    parts = (mouth.open, vowels.a, vowels.i, vowels.u, vowels.e, vowels.o)
    return all(0 <= part <= 1 for part in parts) and -1 <= mouth.form <= 1


# Shapes ---------------------------------------------------------------------------------------


def test_every_shape_has_a_form_within_its_range() -> None:
    assert set(FORMS) == set(Viseme)
    assert all(in_range(form) for form in FORMS.values())


def test_the_curve_of_loudness_is_that_of_the_ear() -> None:
    assert [loudness_of(dbfs) for dbfs in (-90, -45, -10, 0)] == [0, 0, 1, 1]
    assert 0.61 < loudness_of(-27.5) < 0.62


def test_quiet_shapes_are_less_open_and_in_silence_all_are_shut() -> None:
    loud, quiet = (shaped(Viseme.AA, 1.0, loudness).mouth.open for loudness in (1.0, 0.2))
    assert (loud, round(quiet, 2)) == (1.0, 0.68)
    assert all(shaped(viseme, 1.0, 0.0).mouth == SHUT for viseme in Viseme)


def test_lips_that_meet_do_so_within_their_short_sound() -> None:
    player = playing(chunk((0.0, Viseme.AA), (0.3, Viseme.PP), (0.37, Viseme.AA)))
    opened = [player.at(T + frame * FRAME).open for frame in range(60)]
    assert opened[15] > 0.9
    assert min(opened[15:30]) < 0.15
    assert opened[40] > 0.9


def test_vowels_follow_the_shapes() -> None:
    player = playing(chunk((0.0, Viseme.OU), (0.5, Viseme.IH)))
    rounded = mouth_at(player, 0.4)
    assert rounded.vowels.u > 0.9
    assert rounded.form < -0.9
    for frame in range(25, 54):
        wide = player.at(T + frame * FRAME)
    assert wide.vowels.i > 0.9
    assert wide.form > 0.7


def test_attack_and_release_are_as_quick_as_lips_are() -> None:
    motion = MouthMotion()
    motion.move(shaped(Viseme.SIL, 1, 0), 0.0)
    assert 0.6 < motion.move(shaped(Viseme.AA, 1, 1), 0.03).open < 0.66
    for frame in range(30):
        motion.move(shaped(Viseme.AA, 1, 1), 0.03 + frame * FRAME)
    at = 0.03 + 29 * FRAME
    assert 0.3 < motion.move(shaped(Viseme.NN, 1, 0.0), at + 0.06).open < 0.4


# What is known --------------------------------------------------------------------------------


def test_between_sentences_the_mouth_is_shut() -> None:
    player = playing(
        chunk((0.0, Viseme.AA), levels=(-10,) * 30, whole=True),
        chunk((0.0, Viseme.AA), levels=(-10,) * 30, index=1, starts_at_seconds=1.2),
    )
    assert mouth_at(player, 0.4).open > 0.9
    for frame in range(25, 60):
        between = player.at(T + frame * FRAME)
    assert between.open < 0.01
    for frame in range(60, 84):
        again = player.at(T + frame * FRAME)
    assert again.open > 0.9


def test_chunks_that_come_twice_or_in_another_order_change_nothing() -> None:
    first = chunk((0.0, Viseme.AA), (0.4, Viseme.OH), levels=(-10,) * 30)
    second = chunk((0.6, Viseme.E), levels=(-20,) * 30, levels_from=30)
    following = chunk((0.0, Viseme.IH), index=1, starts_at_seconds=1.1)
    one, other = playing(first, second, following), playing(following, first, first, second, first)
    assert [one.at(T + n * FRAME) for n in range(100)] == [
        other.at(T + n * FRAME) for n in range(100)
    ]


def test_of_what_is_not_playing_nothing_moves_and_little_is_kept() -> None:
    player = MouthPlayer(PlaybackClock())
    for number in range(50):
        player.take(chunk((0.0, Viseme.AA)).model_copy(update={"utterance_id": f"u{number}"}))
    assert player.at(T + 0.5) == SHUT
    assert len(player._tracks) <= MAXIMUM_TRACKS


def test_what_has_ended_is_not_taken_any_more() -> None:
    player = playing(chunk((0.0, Viseme.AA)))
    player._clock.end("u1")
    player.ended("u1")
    player.take(chunk((0.0, Viseme.AA)))
    assert not player._tracks


def test_paused_the_mouth_is_shut_in_the_next_frame() -> None:
    player = playing(chunk((0.0, Viseme.AA)))
    assert mouth_at(player, 0.3).open > 0.9
    player._clock.take(HoldSpeaking(hold=SpeechHold.PAUSED, emitted_at=T + 0.3))
    assert player.at(T + 0.31) == SHUT
    assert player.loudness == 0


CHUNKS = st.builds(
    MouthChunk,
    utterance_id=st.sampled_from(["u1", "u2", "", None]),
    index=st.integers(0, 10**9),
    starts_at_seconds=st.floats(0, allow_nan=False),
    mouth=st.lists(
        st.builds(MouthCue, at_seconds=st.floats(), viseme=st.sampled_from(Viseme)), max_size=6
    ).map(tuple),
    levels_from=st.integers(0, 10**15),
    levels=st.lists(st.integers(-(10**9), 10**9), max_size=9).map(tuple),
    whole=st.booleans(),
)


@settings(deadline=None)
@given(st.lists(CHUNKS, max_size=20), st.floats(0, 3))
def test_chunks_that_make_no_sense_do_no_harm(chunks: list[MouthChunk], seconds: float) -> None:
    player = playing(*chunks)
    for frame in range(10):
        assert in_range(player.at(T + seconds + frame * FRAME))


def test_a_flood_of_chunks_takes_no_more_memory_than_a_long_reply() -> None:
    track = MouthTrack()
    for index in range(MAXIMUM_SENTENCES * 2):
        track.take(chunk(index=index, starts_at_seconds=float(index)))
    assert len(track._by_index) == MAXIMUM_SENTENCES
    limit = MAXIMUM_SENTENCE_SECONDS * LEVELS_HZ
    for begin in range(0, limit * 2, 5_000):
        cues = tuple((begin / 60 + n / 1_000, Viseme.AA) for n in range(1_000))
        track.take(
            chunk(
                *cues, levels=(-10,) * 5_000, levels_from=begin, index=10**6, starts_at_seconds=1e6
            )
        )
    sentence = track._by_index[10**6]
    assert len(sentence.levels) <= limit
    assert len(sentence.shapes) == len(sentence.cue_times) <= MAXIMUM_CUES
    many = chunk(*((n / 100, Viseme.AA) for n in range(MAXIMUM_CUES)))
    for index in range(MAXIMUM_SENTENCES):
        place = {"index": 2 * 10**6 + index, "starts_at_seconds": 2e6 + index}
        track.take(many.model_copy(update=place))
    assert sum(len(one.shapes) for one in track._by_index.values()) <= MAXIMUM_CUES_OF_ALL


def test_of_a_very_long_reply_the_mouth_knows_what_is_said_now() -> None:
    track = MouthTrack()
    for index in range(MAXIMUM_SENTENCES + 50):
        track.take(chunk((0.0, Viseme.OH), index=index, starts_at_seconds=float(index)))
    found = track.at(MAXIMUM_SENTENCES + 49.5)
    assert found is not None
    assert found[0].starts_at == MAXIMUM_SENTENCES + 49
    track.take(chunk((0.0, Viseme.OH), index=0, starts_at_seconds=0.0))
    assert track.at(10.0) is None, "long said: it is not taken for something new"
