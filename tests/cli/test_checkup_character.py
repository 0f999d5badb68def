"""What `kitsu doctor` says of the drawn character."""

from pathlib import Path

import pytest

from apps.cli import checkup_character
from apps.cli.check import Check
from apps.cli.settings import CliSettings
from libs.settings.items import load_items

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="100"/>'
PICTURES = """\
title: Me
rig: pictures
size: [80, 100]
layers:
  - pictures: [{file: open.svg, when: {mouth: open}}, {file: shut.svg}]
"""


def look(folder: Path, name: str) -> list[Check]:
    settings = CliSettings(_env_file=None, kitsu_data_dir=folder / "data", stage_character=name)
    found = checkup_character.character(settings)
    assert all((one.state == "ok") == (one.mend == "") for one in found)
    return found


def own(folder: Path, name: str, text: str, *pictures: str) -> Path:
    """A character of one's own."""
    place = folder / "data" / "characters" / name
    place.mkdir(parents=True)
    (place / "character.yaml").write_text(text, "utf-8")
    for picture in pictures:
        (place / picture).write_text(SVG, "utf-8")
    return place


@pytest.mark.parametrize("name", ["kitsu", "mochi"])
def test_those_that_come_with_kitsu_are_well(tmp_path: Path, name: str) -> None:
    [found] = look(tmp_path, name)
    assert found.state == "ok"
    assert found.found.endswith(f"{name})")


def test_one_of_ones_own_is_looked_at_before_one_of_that_name_that_ships(tmp_path: Path) -> None:
    place = own(tmp_path, "mochi", PICTURES, "open.svg", "shut.svg")
    assert look(tmp_path, "mochi") == [Check("character", "ok", f"Me ({place})")]


def test_a_file_that_is_wrong_is_told_with_its_line_and_what_is_drawn_instead(
    tmp_path: Path,
) -> None:
    own(tmp_path, "me", "title: Me\nrig: fox\npalette: snow\nwings: 2\n")
    [found] = look(tmp_path, "me")
    assert found.state == "warn"
    assert "me/character.yaml, line 3: palette: there is no palette snow" in found.found
    assert "line 4: wings: is not a setting of this file" in found.found
    assert "the usual fox is drawn" in found.found
    assert found.mend == "Correct that, then: kitsu restart stage"


def test_a_character_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    own(tmp_path, "me", PICTURES)
    [found] = look(tmp_path, "you")
    assert found.state == "warn"
    assert "there is no character you" in found.found
    assert "kitsu, me, mochi" in found.found
    assert "STAGE_CHARACTER" in found.mend


def test_pictures_that_cannot_be_shown_are_named(tmp_path: Path) -> None:
    place = own(tmp_path, "me", PICTURES, "open.svg")
    (place / "open.svg").write_text("no picture", "utf-8")
    [found] = look(tmp_path, "me")
    assert found.state == "warn"
    assert found.found == (
        "me/open.svg is neither PNG, JPEG, WebP nor SVG; me/shut.svg is not there"
    )
    assert str(place / "character.yaml") in found.mend


@pytest.mark.parametrize("name", ["", "../kitsu", "Kitsu", "a/b", "x" * 100])
def test_a_name_that_is_none_is_left_to_the_settings(tmp_path: Path, name: str) -> None:
    assert look(tmp_path, name) == []


def test_without_the_fox_that_ships_the_stage_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped"
    (shipped / "kitsu").mkdir(parents=True)
    (shipped / "kitsu" / "character.yaml").write_text("title: 5", "utf-8")
    monkeypatch.setattr(checkup_character, "CHARACTERS_FOLDER", shipped)
    [found] = look(tmp_path, "kitsu")
    assert found.state == "fail"
    assert "the stage does not start" in found.found


def test_a_wrong_file_of_items_is_told_with_its_line_and_one_that_is_well_is_not_mentioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = CliSettings(_env_file=None, kitsu_data_dir=tmp_path / "data")
    assert checkup_character.drawn_items(settings) == []
    path = tmp_path / "items.yaml"
    path.write_text("items:\n  star: {}\n", "utf-8")
    monkeypatch.setattr(checkup_character, "load_items", lambda: load_items(path))
    [found] = checkup_character.drawn_items(settings)
    assert found.state == "warn"
    assert "items.yaml, line 2: items.star.shapes" in found.found
    assert found.mend
