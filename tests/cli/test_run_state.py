"""Who runs a data folder."""

import json
import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from apps.cli.supervisor.run_state import AlreadyRunning, RunState, RunStateFile


def path_of(folder: Path) -> Path:
    return folder / "run" / "supervisor.json"


def test_the_second_claim_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    own = RunStateFile(tmp_path).claim()
    with pytest.raises(AlreadyRunning) as refused:
        RunStateFile(tmp_path).claim()
    assert refused.value.state.pid == own.pid == os.getpid()


def test_what_is_announced_is_read_by_others_and_gone_after_the_release(tmp_path: Path) -> None:
    file = RunStateFile(tmp_path)
    own = file.claim()
    file.announce(replace(own, control_port=4711))
    found = RunStateFile(tmp_path).read()
    assert found is not None
    assert found.control_port == 4711
    file.release()
    assert RunStateFile(tmp_path).read() is None
    assert not path_of(tmp_path).exists()


@pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX matter")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = RunStateFile(tmp_path)
    file.announce(file.claim())
    assert path_of(tmp_path).stat().st_mode & 0o077 == 0


def test_a_file_left_by_a_dead_supervisor_is_taken_over(tmp_path: Path) -> None:
    path_of(tmp_path).parent.mkdir()
    gone = RunState(pid=2**22 - 3, process_started_at=1.0, control_port=1)
    path_of(tmp_path).write_text(json.dumps(vars(gone)))
    assert RunStateFile(tmp_path).claim().pid == os.getpid()


def test_a_process_number_that_now_belongs_to_somebody_else_is_not_a_supervisor(
    tmp_path: Path,
) -> None:
    path_of(tmp_path).parent.mkdir()
    started_at = psutil.Process().create_time() - 3600
    path_of(tmp_path).write_text(json.dumps({"pid": os.getpid(), "process_started_at": started_at}))
    assert RunStateFile(tmp_path).read() is None


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"pid": "x"}', "\x00", '{"evil": 1}'])
def test_a_broken_file_is_in_nobodys_way(tmp_path: Path, text: str) -> None:
    path_of(tmp_path).parent.mkdir()
    path_of(tmp_path).write_text(text)
    assert RunStateFile(tmp_path).read() is None
    assert RunStateFile(tmp_path).claim().pid == os.getpid()
