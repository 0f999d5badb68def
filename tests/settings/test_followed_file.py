"""A file that changes and is wrong while it is used: something that can be used is always there."""

import os
from pathlib import Path

import pytest

from libs.settings.followed_file import FollowedFile
from libs.settings.strict_yaml import FileError, SettingsFile, Strict


class Tea(Strict):
    cups: int = 1


class TeaFile:
    """A file on the disk, and what was read of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tea.yaml"
        self.reads = 0
        self._writes = 0

    def write(self, text: str | bytes) -> None:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self._writes += 1
        os.utime(self.path, ns=(self._writes * 10**9, self._writes * 10**9))

    def follow(self) -> FollowedFile[Tea]:
        return FollowedFile(self.path, self._read, Tea)

    def _read(self, path: Path) -> Tea:
        self.reads += 1
        try:
            return SettingsFile(path, FileError).check(Tea)
        except FileNotFoundError:
            raise FileError(f"there is no {path.name}") from None


@pytest.fixture
def tea(tmp_path: Path) -> TeaFile:
    return TeaFile(tmp_path)


def test_what_is_saved_counts_from_the_next_look_on(tea: TeaFile) -> None:
    tea.write("cups: 2")
    file = tea.follow()
    assert (file.content.cups, file.trouble) == (2, "")
    tea.write("cups: 3")
    assert file.changed
    assert file.content.cups == 2
    assert file.look()
    assert (file.content.cups, file.changed) == (3, False)
    tea.write("cups: 4")
    assert file.now.cups == 4


def test_a_file_that_has_not_changed_is_not_read_again(tea: TeaFile) -> None:
    tea.write("cups: many")
    file = tea.follow()
    for _ in range(5):
        assert not file.look()
        assert not file.changed
    assert tea.reads == 1


def test_one_that_was_wrong_from_the_start_leaves_what_is_usual(tea: TeaFile) -> None:
    tea.write("cups: many")
    file = tea.follow()
    assert file.content == Tea()
    assert file.trouble.startswith("tea.yaml, line 1: cups: ")
    assert file.trouble.endswith("until that is corrected the usual settings count.")


def test_one_that_goes_wrong_leaves_what_it_said_before_until_it_is_mended(tea: TeaFile) -> None:
    tea.write("cups: 6")
    file = tea.follow()
    for wrong in (
        "cups: many\nspoons: 3\n",
        "\tcups",
        b"\xff\xfe",
        "cups: 1\ncups: 2",
        "[" * 9_000,
    ):
        tea.write(wrong)
        assert file.look()
        assert file.content.cups == 6
        assert file.trouble.startswith("tea.yaml")
        assert file.trouble.endswith("until that is corrected its settings of before count.")
        assert "\n" not in file.trouble
    tea.write("cups: 7")
    assert file.look()
    assert (file.content.cups, file.trouble) == (7, "")


def test_more_than_one_complaint_is_counted(tea: TeaFile) -> None:
    tea.write("spoons: 3\nforks: 3\n")
    assert "spoons: is not a setting of this file; there are: cups (and 1 more)" in (
        tea.follow().trouble
    )


def test_one_that_is_taken_away_or_becomes_a_folder_is_told_and_comes_back(tea: TeaFile) -> None:
    tea.write("cups: 6")
    file = tea.follow()
    tea.path.unlink()
    assert file.look()
    assert (file.content.cups, "there is no tea.yaml" in file.trouble) == (6, True)
    assert not file.look()
    tea.path.mkdir()
    assert file.look()
    assert "cannot be read" in file.trouble
    tea.path.rmdir()
    tea.write("cups: 8")
    assert file.now.cups == 8


@pytest.mark.skipif(os.name == "nt", reason="there is no date of a change there")
def test_one_that_was_copied_with_its_date_or_may_be_read_at_last_is_read(tea: TeaFile) -> None:
    tea.write("cups: 6")
    file, known = tea.follow(), tea.path.stat()
    while tea.path.stat().st_ctime_ns == known.st_ctime_ns:  # clocks of disks go by steps
        tea.path.write_text("cups: 7")
        os.utime(tea.path, ns=(known.st_atime_ns, known.st_mtime_ns))
        tea.path.chmod(0o644)
    assert file.now.cups == 7


@pytest.mark.parametrize(
    "value", ["!!bool maybe", '!!int ""', "!!timestamp x", "2026-13-45", "!!python/name:os.sep x"]
)
def test_a_value_that_is_not_what_it_says_is_told_and_raises_nothing(
    tea: TeaFile, value: str
) -> None:
    tea.write("cups: 6")
    file = tea.follow()
    tea.write(f"cups: {value}\n")
    assert file.look()
    assert file.content.cups == 6
    assert file.trouble.startswith("tea.yaml")


def test_a_change_that_changes_nothing_is_no_news(tea: TeaFile) -> None:
    tea.write("cups: 6")
    file = tea.follow()
    tea.write("cups: 6  # of porcelain")
    assert file.changed
    assert not file.look()
