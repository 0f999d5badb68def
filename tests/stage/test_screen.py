"""Which mood the drawn character shows, in virtual time: what is ordered beside what she says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.stage.screen import MOOD_STAYS_SECONDS, Screen
from libs.bus.base import Delivery
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression
from libs.contracts.streams import STAGE
from tests.stage.conftest import a_stage, until
from tests.stage.scripted_voice import ScriptedVoice
from tests.stage.test_props import HeardPages
from tests.stage.test_stage_worker import a_page
from tests.stage.virtual_stage import VirtualStage, closing_journals

HAPPY, SAD, SMUG, NEUTRAL = Mood.HAPPY, Mood.SAD, Mood.SMUG, Mood.NEUTRAL


class SeenStage(VirtualStage):
    """A stage whose pages are looked at; the screen has its clock."""

    def __post_init__(self) -> None:
        self.pages = HeardPages()
        self.screen = Screen(self.pages, lambda: self.now)
        self.watcher = self.screen
        super().__post_init__()

    def says(self, mood: Mood, seconds: float) -> None:
        voice = ScriptedVoice()
        self.hear(*voice.sentence("Hello there.", seconds, mood=mood), voice.finished())

    def goes_on(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.pass_time(0.1)
            self.screen.refresh()

    @property
    def moods(self) -> list[object]:
        """Those that were shown, one after the other."""
        told = [fields["mood"] for kind, fields in self.pages.told if kind.endswith("scene")]
        return [mood for at, mood in enumerate(told) if at == 0 or mood != told[at - 1]]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SeenStage]:
    with closing_journals(monkeypatch):
        yield SeenStage(tmp_path / "journal.jsonl")


def test_what_she_says_shows_its_mood_and_a_moment_longer(stage: SeenStage) -> None:
    stage.says(HAPPY, 2.0)
    stage.goes_on(2.0 + MOOD_STAYS_SECONDS / 2)
    assert stage.moods == [HAPPY]
    stage.goes_on(MOOD_STAYS_SECONDS)
    assert stage.moods == [HAPPY, NEUTRAL]


def test_an_order_for_a_time_wins_over_what_she_is_saying_and_what_she_says_next(
    stage: SeenStage,
) -> None:
    stage.says(HAPPY, 2.0)
    stage.goes_on(1.0)
    stage.screen.set_mood(SMUG, 4.0)
    stage.goes_on(2.0)
    stage.says(SAD, 5.0)
    stage.goes_on(1.0)
    assert stage.moods == [HAPPY, SMUG]
    stage.goes_on(2.0)
    assert stage.moods == [HAPPY, SMUG, SAD]


def test_an_order_until_further_notice_wins_until_she_says_the_next_thing(
    stage: SeenStage,
) -> None:
    stage.says(HAPPY, 3.0)
    stage.goes_on(1.0)
    stage.screen.set_mood(SMUG, None)
    stage.goes_on(10.0)
    assert stage.moods == [HAPPY, SMUG]
    stage.says(SAD, 1.0)
    stage.goes_on(1.0 + MOOD_STAYS_SECONDS + 0.5)
    assert stage.moods == [HAPPY, SMUG, SAD, SMUG]


def test_of_what_was_cut_no_mood_stays_and_an_order_does(stage: SeenStage) -> None:
    stage.says(SAD, 5.0)
    stage.goes_on(1.0)
    stage.player.interrupt(lambda utterance: True, "stopped")
    assert stage.moods == [SAD, NEUTRAL]
    stage.says(SAD, 5.0)
    stage.screen.set_mood(SMUG, 60.0)
    stage.player.interrupt(lambda utterance: True, "stopped")
    assert stage.moods == [SAD, NEUTRAL, SAD, SMUG]


def test_a_panic_takes_back_what_was_ordered_and_said(stage: SeenStage) -> None:
    stage.screen.set_mood(SMUG, None)
    stage.screen.set_mood(SAD, 60.0)
    stage.screen.set_panic(True)
    stage.screen.set_panic(False)
    stage.goes_on(1.0)
    assert stage.moods == [SMUG, SAD, NEUTRAL]


async def test_an_order_that_comes_late_or_of_a_turn_that_was_cut_changes_nothing(
    tmp_path: Path,
) -> None:
    async with a_stage(tmp_path) as stage:
        page = await a_page(stage)
        await until(lambda: "scene" in page.kinds())
        stage.worker.fences.raise_epoch("main", 5)
        late = SetExpression(mood=SAD)
        await stage.worker.set_expression(late, Delivery(late, STAGE, age_seconds=60.0))
        await stage.bus.publish(SetExpression(mood=SAD, turn_id="t1", epoch=4))
        await stage.bus.publish(SetExpression(mood=SMUG, turn_id="t2", epoch=5))
        await until(lambda: [m["mood"] for m in page.told if m["type"] == "scene"][-1] == "smug")
        assert "sad" not in [m["mood"] for m in page.told if m["type"] == "scene"]
        await page.close()
