"""A worker that was killed tells what it missed; its note may be anything."""

from pathlib import Path

import pytest

from apps.twitch_ingest.engines.base import Gap
from apps.twitch_ingest.engines.twitch import heard_note
from apps.twitch_ingest.engines.twitch.ear import Ear
from apps.twitch_ingest.engines.twitch.heard_note import (
    LONGEST_GAP_SECONDS,
    RESTARTED,
    HeardNote,
)
from apps.twitch_ingest.engines.twitch.platform import HEARD_FILE
from tests.twitch_ingest.engines.channel_stand import ChannelStand, until

HEARD_AT = 1_700_000_000.0


def gap_after(path: Path, seconds: float) -> Gap | None:
    """What a process that starts so long after `HEARD_AT` has missed when it listens."""

    def clock() -> float:
        return HEARD_AT + seconds

    ear = Ear(clock)
    HeardNote(path, ear, clock).take_up()
    return ear.back()


def test_the_time_between_two_processes_is_a_gap(tmp_path: Path) -> None:
    ear = Ear(lambda: HEARD_AT)
    ear.heard()
    HeardNote(tmp_path / "note", ear).note()
    assert gap_after(tmp_path / "note", 3.0) == Gap(HEARD_AT, HEARD_AT + 3.0, RESTARTED)


def test_another_evening_is_no_gap(tmp_path: Path) -> None:
    (tmp_path / "note").write_text(f"{HEARD_AT}\n")
    assert gap_after(tmp_path / "note", LONGEST_GAP_SECONDS + 1) is None


@pytest.mark.parametrize("note", ["", "yesterday", "nan", "inf", "1e999", "-5", "9e9", "\u00e9"])
def test_a_note_that_makes_no_sense_is_no_gap(tmp_path: Path, note: str) -> None:
    (tmp_path / "note").write_text(note, "utf-8")
    assert gap_after(tmp_path / "note", 3.0) is None


def test_a_note_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "note").mkdir()
    ear = Ear(lambda: HEARD_AT)
    ear.heard()
    HeardNote(tmp_path / "note", ear).note()
    assert gap_after(tmp_path / "note", 3.0) is None


def test_switched_off_and_on_again_is_not_told_twice(tmp_path: Path) -> None:
    (tmp_path / "note").write_text(f"{HEARD_AT}\n")
    ear = Ear(lambda: HEARD_AT + 1)
    note = HeardNote(tmp_path / "note", ear, lambda: HEARD_AT + 1)
    note.take_up()
    assert ear.back() is not None
    ear.forget()
    note.take_up()
    assert ear.back() is None


async def test_a_platform_that_was_killed_tells_its_gap_when_it_listens_again(
    stand: ChannelStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heard_note, "NOTE_SECONDS", 0.01)
    stand.sign_in()
    async with stand:
        await until(lambda: (stand.options.data_dir / HEARD_FILE).exists())
    again = ChannelStand(stand.twitch, stand.options.data_dir)
    async with again:
        assert (await again.gap()).reason == RESTARTED
