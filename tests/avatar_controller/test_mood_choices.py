"""What was chosen for moods is kept, whole at any moment."""

import json
import logging
from pathlib import Path

import pytest

from apps.avatar_controller.mood_choices import MAXIMUM_MODELS, MoodChoices, choices_file
from libs.contracts.speaking import Mood


def test_what_was_chosen_is_there_after_a_restart_for_its_avatar_and_model(tmp_path: Path) -> None:
    path = choices_file(tmp_path, "main")
    choices = MoodChoices(path)
    choices.choose("vtube_studio", "m1", Mood.HAPPY, "笑顔 😊")
    choices.choose("vtube_studio", "m1", Mood.SAD, "")
    choices.choose("veadotube", "m1", Mood.HAPPY, "smile")
    again = MoodChoices(path)
    assert again.of("vtube_studio", "m1") == {Mood.HAPPY: "笑顔 😊", Mood.SAD: ""}
    assert again.of("veadotube", "m1") == {Mood.HAPPY: "smile"}
    assert again.of("vtube_studio", "m2") == {}


def test_a_choice_can_be_taken_back(tmp_path: Path) -> None:
    path = choices_file(tmp_path, "main")
    choices = MoodChoices(path)
    choices.choose("vtube_studio", "m1", Mood.HAPPY, "a")
    choices.choose("vtube_studio", "m1", Mood.HAPPY, None)
    choices.choose("vtube_studio", "never", Mood.SAD, None)
    assert MoodChoices(path).of("vtube_studio", "m1") == {}


@pytest.mark.parametrize(
    "garbage",
    [
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b'{"vtube_studio": {"m": {"happy": 3}}}',
        b'{"vtube_studio": {"m": {"hungry": "x"}}}',
        b"[" * 200_000,
        b'"' + b"x" * 2_000_000 + b'"',
    ],
)
def test_a_file_that_is_garbage_is_set_aside_and_said(
    tmp_path: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = choices_file(tmp_path, "main")
    path.parent.mkdir()
    path.write_bytes(garbage)
    with caplog.at_level(logging.WARNING):
        choices = MoodChoices(path)
    assert choices.of("vtube_studio", "m") == {}
    assert "was broken (kept as" in caplog.text
    aside = [each for each in path.parent.iterdir() if "broken" in each.name]
    assert [each.read_bytes() for each in aside] == [garbage]
    choices.choose("vtube_studio", "m", Mood.HAPPY, "a")
    assert MoodChoices(path).of("vtube_studio", "m") == {Mood.HAPPY: "a"}


def test_a_folder_that_cannot_be_written_costs_no_more_than_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "avatar").write_text("a file where the folder should be")
    choices = MoodChoices(choices_file(tmp_path, "main"))
    choices.choose("vtube_studio", "m", Mood.HAPPY, "a")
    assert choices.of("vtube_studio", "m") == {Mood.HAPPY: "a"}
    assert "cannot be written" in caplog.text


def test_models_beyond_the_limit_are_forgotten_oldest_first(tmp_path: Path) -> None:
    path = choices_file(tmp_path, "main")
    path.parent.mkdir()
    kept = {f"m{number}": {"happy": "a"} for number in range(MAXIMUM_MODELS)}
    path.write_text(json.dumps({"vtube_studio": kept}))
    choices = MoodChoices(path)
    choices.choose("vtube_studio", "m0", Mood.SAD, "b")
    choices.choose("vtube_studio", "new", Mood.SAD, "b")
    assert choices.of("vtube_studio", "m0")
    assert not choices.of("vtube_studio", "m1")
