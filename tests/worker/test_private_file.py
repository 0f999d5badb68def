"""A file with secrets stays private and whole, whatever happens while it is written."""

import os
import stat
from pathlib import Path

import pytest

from libs.worker.private_file import PrivateFile


@pytest.fixture
def file(tmp_path: Path) -> PrivateFile:
    return PrivateFile(tmp_path / "secrets" / "one.json")


def test_what_was_written_is_read_and_nothing_else_lies_about(file: PrivateFile) -> None:
    assert file.read() is None
    file.write("old")
    file.write("new ü")
    assert file.read() == "new ü".encode()
    assert [path.name for path in file.path.parent.iterdir()] == ["one.json"]
    assert os.name != "posix" or stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert os.name != "posix" or stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_a_leftover_of_a_killed_process_is_in_nobodys_way(file: PrivateFile) -> None:
    file.write("old")
    file.path.with_name(f"one.{os.getpid()}.new").write_text("half of it")
    file.write("new")
    assert file.read() == b"new"


def test_a_write_that_fails_leaves_the_old_text_whole(
    file: PrivateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.write("new")
    assert file.read() == b"old"
    assert [path.name for path in file.path.parent.iterdir()] == ["one.json"]


def test_a_file_that_somebody_holds_for_a_moment_is_replaced_later(
    file: PrivateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As virus scanners do on Windows."""
    held = 3
    replace = Path.replace

    def scanned(self: Path, target: Path) -> Path:
        nonlocal held
        held -= 1
        if held >= 0:
            raise PermissionError(13, "in use")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", scanned)
    file.write("new")
    assert file.read() == b"new"
    held = 99
    with pytest.raises(PermissionError):
        file.write("newer")
    assert file.read() == b"new"


def test_what_is_set_aside_keeps_its_content(file: PrivateFile) -> None:
    file.write("broken")
    aside = file.path.with_name(file.set_aside())
    assert aside.read_text() == "broken"
    assert file.read() is None
    assert aside.name.startswith("one.broken-")


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices in folders")
def test_what_has_no_end_is_not_read(file: PrivateFile, tmp_path: Path) -> None:
    file.path.parent.mkdir()
    file.path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="no file"):
        file.read()
    file.path.unlink()
    os.mkfifo(file.path)
    with pytest.raises(OSError, match="no file"):
        file.read()
    file.path.unlink()
    with file.path.open("wb") as large:
        large.truncate(10 * 2**30)
    with pytest.raises(OSError, match="too large"):
        file.read()
