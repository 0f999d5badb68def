"""A fresh checkout on a bare machine: the real installation, into an empty folder."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from libs.settings import ROOT
from tests.conftest import need

pytestmark = pytest.mark.system


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What git would give, in a folder with a space in its name."""
    need((ROOT / ".git").exists() and shutil.which("git"), "a git checkout with git")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    target = tmp_path / "my checkout"
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    return target


def kitsu(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KITSU_", "PYTHON", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [sys.executable, str(checkout / "scripts" / "kitsu.py"), *arguments],
        cwd=checkout.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(400)
def test_the_first_command_installs_and_the_second_does_not(checkout: Path) -> None:
    first = kitsu(checkout, "--version")
    need("cannot be reached" not in first.stderr, "a package index that can be reached")
    assert first.returncode == 0, first.stderr
    assert "unpacking" in first.stdout
    assert first.stdout.splitlines()[-1].startswith("kitsu, version")

    [log] = (checkout / "logs").glob("install-*.log")
    written = log.stat().st_size
    began = time.perf_counter()
    second = kitsu(checkout, "--version")
    print(f"second start: {time.perf_counter() - began:.2f} s")
    assert second.stdout.startswith("kitsu, version")
    assert log.stat().st_size == written

    # An installation that was cut before its last step goes on there, with what is there.
    (checkout / ".venv" / "kitsu-install.json").unlink()
    third = kitsu(checkout, "panel")
    assert third.returncode == 0, third.stderr
    assert "/?code=" in third.stdout
