"""`configs/avatar.yaml`: what it may say, and what is told of one that is wrong."""

from pathlib import Path

import pytest

from libs.contracts.speaking import Mood
from libs.settings.avatar import (
    AVATAR_FILE,
    GESTURE_WORDS,
    MOOD_WORDS,
    AvatarFile,
    AvatarFileError,
    AvatarFileSettings,
    load_avatar_file,
)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_file_says_what_counts_without_it() -> None:
    assert load_avatar_file(AVATAR_FILE) == AvatarFile()


def test_a_file_of_two_lines_keeps_all_other_words(tmp_path: Path) -> None:
    text = (
        "moods: {words: {happy: [grin], sad: []}}\ngestures: {spin: [spin]}\nidle: {breath: on}\n"
    )
    file = load_avatar_file(written(tmp_path, text))
    assert file.moods.words[Mood.HAPPY] == ("grin",)
    assert file.moods.words[Mood.SAD] == ()
    assert file.moods.words[Mood.ANGRY] == MOOD_WORDS[Mood.ANGRY]
    assert file.gestures == {**GESTURE_WORDS, "spin": ("spin",)}
    assert file.idle.breath == "on"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("moods: {words: {hapy: [x]}}", "line 1: moods.words.hapy"),
        ("items:\n  heart: {file: ../../secret.png}\n", "line 2: items.heart.file"),
        ("items:\n  heart: {file: heart.exe}\n", "line 2: items.heart.file"),
        ("idle:\n  sway_degrees: 90\n", "line 2: idle.sway_degrees"),
        ("idle: {blink: sometimes}", "idle.blink"),
        ("what: 1", "what"),
        ("idle: {}\nidle: {}\n", "line 2: idle: stands here twice"),
        ("\tidle", "not valid YAML"),
        ("[1, 2]", "the file"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(AvatarFileError, match=r"mine\.yaml") as problem:
        load_avatar_file(written(tmp_path, text))
    assert told in str(problem.value)


def test_a_setting_that_is_empty_is_the_usual_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_FILE", "")
    assert AvatarFileSettings(_env_file=None).avatar_file == AVATAR_FILE  # type: ignore[call-arg]


def test_a_file_that_is_not_there_is_no_silent_default(tmp_path: Path) -> None:
    with pytest.raises(AvatarFileError, match="AVATAR_FILE: there is no file"):
        load_avatar_file(tmp_path / "nowhere.yaml")
