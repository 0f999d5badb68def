"""The scripted viewers."""

import itertools
import random

from apps.cli import demo
from libs.contracts.people import Role


def test_every_scene_comes_once_before_any_comes_again_and_stays_together() -> None:
    total = sum(len(scene) for scene in demo.SCENES)
    spoken = list(itertools.islice(demo.lines(random.Random(1)), total))
    assert sorted(text for _, text in spoken) == sorted(t for s in demo.SCENES for _, t in s)
    texts = [text for _, text in spoken]
    for scene in demo.SCENES:
        at = texts.index(scene[0][1])
        assert texts[at : at + len(scene)] == [text for _, text in scene]


def test_there_are_several_viewers_with_known_roles() -> None:
    viewers = {viewer for scene in demo.SCENES for viewer, _ in scene}
    assert len({viewer.name for viewer in viewers}) >= 4
    assert {viewer.role for viewer in viewers} <= {role.value for role in Role}


def test_nobody_says_more_than_chat_takes() -> None:
    assert max(len(text) for scene in demo.SCENES for _, text in scene) <= 500
