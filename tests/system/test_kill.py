"""Workers may die: `kitsu bench kill` finds nothing lost and nothing said twice."""

from pathlib import Path

import pytest

from apps.cli.bench.kill import bench_kill
from libs.bus.embedded import find_binary
from tests.conftest import need

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


async def test_no_kill_loses_or_repeats_anything(tmp_path: Path) -> None:
    need(find_binary(), "a Redis-compatible server")
    report = await bench_kill(1, tmp_path, every_moment=False)
    assert report.counts["lost"] == 0, report.as_text()
    assert report.counts["duplicated"] == 0, report.as_text()
