"""Whatever happens in whatever order, each speech has one end and nothing is left behind."""

import asyncio
import random
from pathlib import Path

import pytest

from libs.contracts.control import SetMicrophone
from libs.contracts.listening import DismissReason, ListeningMode, SpeechStarted
from libs.speech.turn_taking import FixedSilence, TextAware
from tests.asr_worker.hearing_stand import HearingStand, turns_of_the_loop
from tests.asr_worker.scripted_parts import NoRecogniser

ANSWERS = ("Hello there.", "and", "", "um", "MADE UP", "Kitsu!", NoRecogniser("away"), OSError())


async def _happen(it: HearingStand, chance: random.Random) -> None:
    """One thing of many."""
    it.ladder.otherwise = chance.choice(ANSWERS)
    it.interruption.speaking = chance.random() < 0.3
    it.interruption.reason = chance.choice((None, None, DismissReason.BACK_CHANNEL))
    match chance.randint(0, 11):
        case 0 | 1 | 2 | 3:
            await it.say(chance.uniform(0.02, 2.5))
        case 4 | 5 | 6:
            await it.silence(chance.uniform(0.02, 2.5))
        case 7:
            it.lose(chance.uniform(0.001, 3.0))
        case 8:
            it.key(chance.random() < 0.5, chance.uniform(0.0, 2.0))
        case 9:
            it.mute(chance.random() < 0.25)
            it.microphone.set(
                SetMicrophone(mode=chance.choice([ListeningMode.OPEN, *ListeningMode]))
            )
        case 10:
            it.now += chance.uniform(0.0, 3.0)
            await it.hearing.idle()
        case 11:
            chance.choice((it.ladder.hold, it.ladder.release, it.ladder.release))()
            it.hearing.order_heard("stop talking")


@pytest.mark.parametrize("seed", range(12))
async def test_each_speech_has_one_end_whatever_happens(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    strategy = chance.choice((TextAware(0.6, 1.6), FixedSilence(0.3)))
    it = HearingStand(tmp_path, strategy=strategy)
    it.ladder.wants_partials = seed % 2 == 0
    it.interruption.hers = lambda window: chance.random() < 0.02
    for _ in range(120):
        await _happen(it, chance)
    it.ladder.release()
    it.hearing.stop(DismissReason.MUTED)
    await it.hearing.settled()
    await turns_of_the_loop(50)
    assert len(it.all_of(SpeechStarted)) > 2
    it.check_every_speech_has_one_end()
    assert it.ladder.most_at_once == 1
    assert it.interruption.names()[-1] == "over"
    assert it.interruption.names().count("started") == len(it.all_of(SpeechStarted))
    assert asyncio.all_tasks() == {asyncio.current_task()}
