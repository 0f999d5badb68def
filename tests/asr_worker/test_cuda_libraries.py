import os
import sys
from pathlib import Path

import pytest

from apps.asr_worker.engines.cuda_libraries import cuda_environment
from apps.asr_worker.host.cuda import gpu_memory_bytes


def test_libraries_that_pip_installed_are_on_the_path_of_a_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, below = ("PATH", "bin") if sys.platform == "win32" else ("LD_LIBRARY_PATH", "lib")
    monkeypatch.setenv(name, "before")
    for package in ("cublas", "cudnn"):
        (tmp_path / "nvidia" / package / below).mkdir(parents=True)
    (tmp_path / "nvidia" / "headers" / "include").mkdir(parents=True)
    parts = cuda_environment([tmp_path / "nvidia"])[name].split(os.pathsep)
    assert [Path(part).parent.name for part in parts[:2]] == ["cublas", "cudnn"]
    assert parts[2:] == ["before"]


def test_where_there_are_none_nothing_is_changed(tmp_path: Path) -> None:
    assert cuda_environment([]) == {}
    assert cuda_environment([tmp_path]) == {}


def test_memory_of_a_gpu_is_a_number_also_where_there_is_none() -> None:
    assert gpu_memory_bytes() >= 0
