"""Whether a model blinks by itself, seen through answers that come late; in virtual time."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from apps.avatar_controller.engines.vtube_studio.model_life import (
    LONGEST_WATCH_SECONDS,
    WATCH_SECONDS,
    ModelLife,
    watch,
)
from tests.avatar_controller.virtual_loop import run


@dataclass
class Eyes:
    """Of a model that blinks now and then, told by an app that takes its time."""

    blinks: bool
    late_seconds: float
    seed: int

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.blinks_at = self.dice.uniform(0.5, 5.0)

    async def ask(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """As they were half-way between the question and the answer."""
        assert kind == "Live2DParameterListRequest"
        late = self.late_seconds * self.dice.uniform(0.7, 1.3)
        await asyncio.sleep(late / 2)
        value = self.open()
        await asyncio.sleep(late / 2)
        return {"parameters": [{"name": "ParamEyeLOpen", "value": value, "min": 0, "max": 1}]}

    def open(self) -> float:
        """Shut within 0.1 s, for 0.1 s, and open again."""
        now = asyncio.get_running_loop().time()
        while now > self.blinks_at + 0.3:
            self.blinks_at += self.dice.uniform(2.0, 6.0)
        since = now - self.blinks_at
        if not self.blinks or not 0 <= since < 0.3:
            return 1.0
        return max(0.0, abs(since - 0.15) - 0.05) * 10


def seen(blinks: bool, late_seconds: float, seed: int) -> tuple[ModelLife | None, float]:
    """What is found, and after how long."""
    found: list[tuple[ModelLife | None, float]] = []

    async def look() -> None:
        life = await watch(Eyes(blinks, late_seconds, seed).ask)
        found.append((life, asyncio.get_running_loop().time()))

    run(look())
    return found[0]


@pytest.mark.parametrize("late_seconds", [0.01, 0.1, 0.25, 0.4])
def test_a_model_that_blinks_is_seen_to_also_where_answers_come_late(late_seconds: float) -> None:
    lives = [seen(True, late_seconds, seed)[0] for seed in range(60)]
    missed = sum(life is None or not life.blinks for life in lives)
    assert missed <= 1


@pytest.mark.parametrize("late_seconds", [0.01, 0.25])
def test_one_that_does_not_blink_is_known_within_a_minute(late_seconds: float) -> None:
    life, after = seen(False, late_seconds, 1)
    assert life is not None
    assert not life.blinks
    assert WATCH_SECONDS <= after < LONGEST_WATCH_SECONDS


def test_of_one_that_is_hardly_told_of_nothing_is_claimed() -> None:
    life, after = seen(False, 1.0, 1)
    assert life is not None
    assert life.blinks, "Kitsu does not blink for it"
    assert after < LONGEST_WATCH_SECONDS + 3
