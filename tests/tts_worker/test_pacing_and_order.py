import asyncio

from apps.tts_worker.pacing import Pacing
from apps.tts_worker.sentence_order import SentenceOrder


def test_sound_leaves_at_once_up_to_the_lead_and_then_in_real_time() -> None:
    pacing = Pacing(lead_seconds=2)
    for _ in range(20):
        assert pacing.wait_seconds("u", 100.0) <= 0.375
        pacing.sent("u", 0.125, 100.0)
    assert pacing.wait_seconds("u", 100.0) == 0.5
    assert pacing.wait_seconds("u", 100.25) == 0.25
    assert pacing.wait_seconds("u", 101.0) == 0


def test_another_utterance_is_not_held_back() -> None:
    pacing = Pacing(lead_seconds=1)
    pacing.sent("long", 60, 0.0)
    assert pacing.wait_seconds("long", 0.0) == 59
    assert pacing.wait_seconds("other", 0.0) == 0


def test_a_pause_gives_no_credit() -> None:
    pacing = Pacing(lead_seconds=1)
    pacing.sent("u", 1, 0.0)
    pacing.sent("u", 3, 50.0)
    assert pacing.wait_seconds("u", 50.0) == 2


def test_old_utterances_are_forgotten() -> None:
    pacing = Pacing(lead_seconds=1)
    for number in range(1_000):
        pacing.sent(f"u{number}", 60, 0.0)
    assert len(pacing._ends_at) <= 64


async def test_sentences_of_an_utterance_leave_in_order() -> None:
    order = SentenceOrder()
    left: list[int] = []

    async def leave(index: int) -> None:
        async with order.turn_of("u", index):
            await asyncio.sleep(0)
            left.append(index)

    first = order.turn_of("u", 0)
    await first.__aenter__()
    others = [asyncio.create_task(leave(index)) for index in (3, 1, 2)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert left == []
    await first.__aexit__(None, None, None)
    await asyncio.gather(*others)
    assert left == [1, 2, 3]
    assert not order._in_work


async def test_a_sentence_that_gives_up_lets_the_next_one_pass() -> None:
    order = SentenceOrder()

    async def hold() -> None:
        async with order.turn_of("u", 0):
            await asyncio.Event().wait()

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0)
    holding.cancel()
    async with asyncio.timeout(10), order.turn_of("u", 1):
        pass


async def test_utterances_do_not_wait_for_each_other() -> None:
    order = SentenceOrder()
    async with order.turn_of("u", 0), asyncio.timeout(10), order.turn_of("v", 5):
        pass
