"""What somebody who writes a settings file by hand is told of a mistake."""

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.settings import SettingsError, load
from libs.settings.avatar import AvatarFile
from libs.settings.base import ShowSettings
from libs.settings.characters import (
    FILE_NAME,
    CharacterError,
    FoxCharacter,
    PictureCharacter,
    load_character,
)
from libs.settings.plain_complaints import plainly

#: Words of those who write programs.
JARGON = re.compile(
    r"tuple|dict|instance|boolean|string|pattern|discriminator|input tag|\^\[", re.I
)


def told(content: type, document: object) -> list[str]:
    with pytest.raises(ValidationError) as problem:
        TypeAdapter(content).validate_python(document)
    return [plainly(dict(item), ()) for item in problem.value.errors()]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"gestures": {"wave": "wave"}}, "must be a list, like [one, two]"),
        ({"moods": {"words": {"happy": 3}}}, "must be a list, like [one, two]"),
        ({"moods": []}, "must be names with their values, like a: 1"),
        ({"models": {"Akari": {"happy": True}}}, "must be words; numbers, true and false stand in"),
        ({"idle": {"gaze": "perhaps"}}, "must be true or false"),
        ({"idle": {"sway_degrees": "far"}}, "must be a number"),
        ({"items": {"heart": {"file": "a/b.png"}}}, "the name of a file, without a folder"),
        ({"items": {"heart": {"file": "b.tiff"}}}, ".png or .jpg or .jpeg or .gif"),
        ({"items": {"Heart": {"file": "b.png"}}}, "a to z, digits, spaces, - and _; at most 32"),
    ],
)
def test_a_mistake_in_the_avatar_file_is_told_without_jargon(document: object, said: str) -> None:
    (complaint,) = told(AvatarFile, document)
    assert said in complaint
    assert not JARGON.search(complaint)


@pytest.mark.parametrize(
    ("content", "document", "said"),
    [
        (PictureCharacter, {"title": "", "size": [99, 99]}, "must not be empty"),
        (PictureCharacter, {"layers": [{"pictures": ["../me.png"]}]}, "without a folder"),
        (PictureCharacter, {"layers": []}, "must not be empty"),
        (
            FoxCharacter,
            {"palettes": {"a b": {}}},
            "a to z or a digit, then a to z, digits, - and _",
        ),
        (FoxCharacter, {"palettes": {"mine": {"fur": "red"}}}, 'a colour like "#f2903b"'),
    ],
)
def test_a_mistake_in_a_character_is_told_without_jargon(
    content: type, document: dict[str, object], said: str
) -> None:
    complaints = told(content, document)
    assert any(said in complaint for complaint in complaints), complaints
    assert not [complaint for complaint in complaints if JARGON.search(complaint)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: Me\n", "me/character.yaml, line 1: the file: rig is missing"),
        ("title: Me\nrig: fish\n", "the file: rig must be 'fox' or 'pictures'"),
        ("title: Me\nrig: fox\npalettes: {a: {fur: }}\n", "fur: is empty; what begins with #"),
        ("just words\n", "the file: must be names with their values"),
    ],
)
def test_a_character_without_its_rig_is_told_what_there_is(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "me").mkdir()
    (tmp_path / "me" / FILE_NAME).write_text(text, "utf-8")
    with pytest.raises(CharacterError) as problem:
        load_character(tmp_path / "me")
    assert said in str(problem.value)


def test_what_is_wrong_within_a_list_does_not_make_the_list_empty(tmp_path: Path) -> None:
    (tmp_path / "me").mkdir()
    text = "title: Me\nrig: pictures\nsize: [99, 99]\nlayers:\n- pictures: [../me.png]\n"
    (tmp_path / "me" / FILE_NAME).write_text(text, "utf-8")
    with pytest.raises(CharacterError) as problem:
        load_character(tmp_path / "me")
    [line] = str(problem.value).splitlines()
    assert "line 5: layers.0.pictures.0.file: must be the name of a file" in line


def test_a_setting_of_the_environment_is_told_without_jargon_too() -> None:
    with pytest.raises(SettingsError) as problem:
        load(ShowSettings, kitsu_show="../../etc", orch_port="eighty")
    told = str(problem.value)
    assert "KITSU_SHOW = '../../etc': must be a to z or a digit, then a to z, digits" in told
    assert "ORCH_PORT = 'eighty': must be a whole number" in told
