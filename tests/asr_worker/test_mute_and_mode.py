from pathlib import Path

import pytest

from apps.asr_worker.microphone import FILE, Microphone
from libs.contracts.control import HoldToTalk, SetMicrophone
from libs.contracts.listening import ListeningMode

OPEN, PUSH, WAKE = ListeningMode.OPEN, ListeningMode.PUSH_TO_TALK, ListeningMode.WAKE_NAME


def test_a_new_one_is_open_or_what_the_settings_say(tmp_path: Path) -> None:
    microphone = Microphone(tmp_path, WAKE)
    assert (microphone.muted, microphone.mode, microphone.problem) == (False, WAKE, "")


def test_mute_and_mode_survive_a_restart_and_are_stronger_than_the_settings(tmp_path: Path) -> None:
    before = Microphone(tmp_path / "new" / "folder", OPEN)
    assert before.set(SetMicrophone(muted=True, mode=PUSH))
    before.keep()
    after = Microphone(tmp_path / "new" / "folder", OPEN)
    assert (after.muted, after.mode, after.problem) == (True, PUSH, "")


def test_an_order_changes_only_what_it_names(tmp_path: Path) -> None:
    microphone = Microphone(tmp_path, OPEN)
    microphone.set(SetMicrophone(mode=PUSH))
    microphone.set(SetMicrophone(muted=True))
    assert (microphone.muted, microphone.mode) == (True, PUSH)
    assert not microphone.set(SetMicrophone())
    assert not microphone.set(SetMicrophone(muted=True, mode=PUSH))


@pytest.mark.parametrize(
    "damaged",
    [
        "", "{", "[]", "null", '{"muted": false}', '{"muted": "no", "mode": "open"}',
        '{"muted": false, "mode": "loud"}', '{"muted": null, "mode": "open"}', "\x00" * 100,
        "[" * 100_000, '{"muted": 0, "mode": "open"}',
    ],
)  # fmt: skip
def test_a_damaged_file_counts_as_muted_until_somebody_says_otherwise(
    tmp_path: Path, damaged: str
) -> None:
    (tmp_path / FILE).write_text(damaged, "utf-8")
    microphone = Microphone(tmp_path, OPEN)
    assert microphone.muted
    assert "unmute" in microphone.problem
    assert microphone.set(SetMicrophone(muted=False))
    assert not microphone.muted
    assert microphone.problem == ""
    microphone.keep()
    assert not Microphone(tmp_path, OPEN).muted


def test_bytes_that_are_no_text_and_a_folder_in_its_place_count_as_muted(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x80")
    assert Microphone(tmp_path, OPEN).muted
    (tmp_path / "other" / FILE).mkdir(parents=True)
    assert Microphone(tmp_path / "other", OPEN).muted


def test_a_disk_that_takes_nothing_leaves_the_order_in_force(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    microphone = Microphone(tmp_path / "file" / "folder", OPEN)
    microphone.set(SetMicrophone(muted=True))
    microphone.keep()
    assert microphone.muted


def test_what_it_listens_to(tmp_path: Path) -> None:
    microphone = Microphone(tmp_path, OPEN)
    assert microphone.listens_at(0.0)
    microphone.set(SetMicrophone(mode=PUSH))
    assert not microphone.listens_at(0.0)
    microphone.hold(HoldToTalk(held=True, at_most_seconds=5.0), 10.0)
    assert microphone.listens_at(12.0)
    assert microphone.listens_at(15.2)
    assert not microphone.listens_at(15.4)
    microphone.hold(HoldToTalk(held=True), 20.0)
    microphone.set(SetMicrophone(muted=True))
    assert not microphone.listens_at(20.1)


def test_a_key_that_is_read_of_late_is_held_only_for_what_is_left(tmp_path: Path) -> None:
    microphone = Microphone(tmp_path, PUSH)
    microphone.hold(HoldToTalk(held=True, at_most_seconds=5.0), 100.0, age_seconds=6.0)
    assert not microphone.listens_at(100.1)
    microphone.hold(HoldToTalk(held=True, at_most_seconds=5.0), 100.0, age_seconds=4.0)
    assert microphone.listens_at(100.9)
    assert not microphone.listens_at(101.4)
