"""`kitsu bench heard`: what was heard of the show's own voice, told from its sound alone."""

from pathlib import Path

import pytest

from apps.cli.bench.heard import bench_heard
from libs.bus.embedded import find_binary
from tests.conftest import need

pytestmark = [pytest.mark.system, pytest.mark.timeout(200)]


async def test_words_told_from_the_sound_are_less_than_one_off(tmp_path: Path) -> None:
    need(find_binary(), "a Redis-compatible server")
    report = await bench_heard(200, tmp_path)
    assert report.passed, report.as_text()
    assert report.parts["from_the_sound"]["mean"] < report.parts["spread_evenly"]["mean"]
