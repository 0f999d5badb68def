"""Sound between threads. The blocked loop is a real one."""

import asyncio
import threading
import time

import pytest

from libs.audio.ring import SoundRing

BLOCK = 320
PCM = bytes(2 * BLOCK)


async def test_what_was_appended_is_taken_all_at_once_and_in_order() -> None:
    ring = SoundRing(10 * BLOCK)
    for number in range(3):
        ring.append(number * BLOCK, PCM, number * 0.02)
    await ring.wait()
    taken = ring.take()
    assert [piece.position for piece in taken] == [0, BLOCK, 2 * BLOCK]
    assert [piece.at for piece in taken] == [0.0, 0.02, 0.04]
    assert ring.take() == []
    assert ring.lost_samples == 0


async def test_what_does_not_fit_is_lost_oldest_first_and_counted_exactly() -> None:
    ring = SoundRing(3 * BLOCK)
    for number in range(10):
        ring.append(number * BLOCK, PCM, 0.0)
    taken = ring.take()
    assert [piece.position // BLOCK for piece in taken] == [7, 8, 9]
    assert ring.lost_samples == 7 * BLOCK == taken[0].position


async def test_a_jump_of_the_source_is_sound_that_was_lost() -> None:
    ring = SoundRing(10 * BLOCK)
    ring.append(1_000, PCM, 0.0)
    ring.append(1_000 + BLOCK + 77, PCM, 0.0)
    assert ring.lost_samples == 77


async def test_a_piece_larger_than_the_ring_is_kept() -> None:
    ring = SoundRing(10)
    ring.append(0, PCM, 0.0)
    assert ring.take()[0].samples == BLOCK


async def test_positions_that_go_back_are_refused() -> None:
    ring = SoundRing(10 * BLOCK)
    ring.append(500, PCM, 0.0)
    with pytest.raises(ValueError, match="comes after"):
        ring.append(499 + BLOCK, PCM, 0.0)


async def test_samples_of_many_channels_are_counted_once() -> None:
    ring = SoundRing(100, bytes_per_sample=14)
    ring.append(0, bytes(14 * 60), 0.0)
    ring.append(60, bytes(14 * 60), 0.0)
    assert ring.lost_samples == 60


async def test_the_reader_is_woken_once_for_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    calls: list[object] = []
    real = loop.call_soon_threadsafe

    def counted(callback: object, *more: object, **options: object) -> object:
        calls.append(callback)
        return real(callback, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    ring = SoundRing(100 * BLOCK)
    for batch in range(3):
        for number in range(20):
            ring.append((batch * 20 + number) * BLOCK, PCM, 0.0)
        await ring.wait()
        assert len(ring.take()) == 20
        assert len(calls) == batch + 1


async def test_a_blocked_loop_loses_only_the_oldest_sound_and_the_card_never_waits() -> None:
    """One second of a standing event loop, a ring of half a second, a card of 20 ms blocks."""
    ring = SoundRing(25 * BLOCK)
    longest = [0.0]
    blocks = 50

    def card() -> None:
        for number in range(blocks):
            before = time.perf_counter()
            ring.append(number * BLOCK, number.to_bytes(2, "little") * BLOCK, number * 0.02)
            longest[0] = max(longest[0], time.perf_counter() - before)
            time.sleep(0.02)

    thread = threading.Thread(target=card)
    thread.start()
    await ring.wait()
    thread.join()  # the loop stands still for as long as the card records
    taken = ring.take()
    lost = blocks - 25
    assert ring.lost_samples == lost * BLOCK
    assert [piece.position for piece in taken] == [n * BLOCK for n in range(lost, blocks)]
    assert [piece.pcm[:2] for piece in taken] == [
        n.to_bytes(2, "little") for n in range(lost, blocks)
    ]
    assert longest[0] < 0.5, "a ring that waited for the loop would have taken a second"


def test_a_card_that_outlives_the_loop_is_not_disturbed() -> None:
    loop = asyncio.new_event_loop()
    ring = SoundRing(BLOCK, loop)
    loop.close()
    ring.append(0, PCM, 0.0)
    assert len(ring.take()) == 1
