"""`kitsu bench floor`: the comparison in the form of every other bench."""

from pathlib import Path

import pytest

from apps.cli.bench.chat_floor import bench_chat_floor
from apps.cli.failures import Failed


async def test_the_bench_shows_both_ways_and_checks_what_no_machine_can_change(
    tmp_path: Path,
) -> None:
    report = await bench_chat_floor(1_500, tmp_path)
    found = report.as_json()
    assert found["unaccounted"] == 0
    assert found["parts"]["floor"]["lines"] == found["parts"]["first_come"]["lines"]
    checks = {check["what"]: check["met"] for check in found["checks"]}
    assert checks["lines without an outcome"]
    assert checks["oldest line answered"]
    assert checks["undeserved answers"]


async def test_a_log_of_ones_own_is_compared_without_what_only_a_made_up_one_knows(
    tmp_path: Path,
) -> None:
    log = tmp_path / "chat.jsonl"
    log.write_text('{"at": 1, "id": "a", "viewer_id": "v", "name": "v", "text": "hi kitsu"}\n')
    report = await bench_chat_floor(500, tmp_path, log)
    assert report.parts["floor"]["answers"] == 1
    assert "undeserved answers" not in {check.what for check in report.checks}


async def test_a_log_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    log = tmp_path / "chat.jsonl"
    log.write_text("not json\n")
    with pytest.raises(Failed, match=r"chat\.jsonl, line 1"):
        await bench_chat_floor(500, tmp_path, log)
