import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tts_worker.engines.espeak_wire import (
    HEADER,
    PHONE_EVENT,
    EngineEvent,
    SoundMessage,
    WireError,
    read_header,
    read_json,
    read_sound,
    sound_message,
    symbol_text,
)


def test_sound_and_events_come_back_as_they_were() -> None:
    sound = SoundMessage(
        7,
        (EngineEvent(1, 100, 4, 5), EngineEvent(PHONE_EVENT, 200, 4, 0, "ˈɔːɹ")),
        b"\x01\x02" * 10,
    )
    raw = sound_message(sound)
    assert read_header(raw[: HEADER.size]) == (b"P", len(raw) - HEADER.size)
    assert read_sound(raw[HEADER.size :]) == sound


@pytest.mark.parametrize(
    ("raw", "symbol"),
    [(b"a\0\0junk", "a"), ("ˈɔːɹ".encode()[:8], "ˈɔːɹ"), (b"\0", ""), ("ɔːɹˈ".encode()[:7], "ɔːɹ")],
)
def test_a_phone_may_fill_all_its_bytes(raw: bytes, symbol: str) -> None:
    assert symbol_text(raw) == symbol


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_an_error_of_ours(raw: bytes) -> None:
    for read in (read_sound, read_json):
        try:
            read(raw)
        except WireError:
            continue


def test_an_endless_message_is_refused() -> None:
    with pytest.raises(WireError, match="4000000000"):
        read_header(HEADER.pack(b"P", 4_000_000_000))
