"""`configs/characters`: what may stand in a file, and what the stage gives out of it."""

import os
from pathlib import Path

import httpx
import pytest

from apps.stage.character import ShownCharacter
from libs.contracts.health import ErrorReported, ModuleState
from libs.settings.characters import (
    CHARACTERS_FOLDER,
    CharacterError,
    FoxCharacter,
    PictureCharacter,
    load_character,
)
from tests.stage.conftest import RunningStage, a_stage

TWO_PICTURES = """\
title: Me
rig: pictures
size: [80, 100]
layers:
  - pictures: [{file: open.png, when: {mouth: open}}, {file: shut.svg}]
"""
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15"
    b"\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00"
    b"\x00\x00IEND\xaeB`\x82"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="100"/>'


def jpeg(side: int) -> bytes:
    """Its beginning, with the frame header behind another one, and its end."""
    frame = b"\xff\xc2\x00\x11\x08" + side.to_bytes(2, "big") * 2
    return bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + frame + b"\xff\xd9"


def webp(side: int, kind: bytes = b"VP8L") -> bytes:
    """Its beginning."""
    if kind == b"VP8L":
        body = b"\x2f" + ((side - 1) | (side - 1) << 14).to_bytes(4, "little")
    else:
        body = bytes(4) + (side - 1).to_bytes(3, "little") * 2
    chunks = b"WEBP" + kind + b"\x0f\0\0\0" + body
    return b"RIFF" + len(chunks).to_bytes(4, "little") + chunks


def a_character(folder: Path, text: str, **pictures: bytes) -> Path:
    """A character's folder; pictures by their names with an underscore for the dot."""
    folder.mkdir(parents=True)
    (folder / "character.yaml").write_text(text, "utf-8")
    for name, content in pictures.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return folder


@pytest.mark.parametrize("folder", sorted(CHARACTERS_FOLDER.iterdir()), ids=lambda path: path.name)
def test_every_character_that_comes_with_kitsu_is_whole(folder: Path) -> None:
    assert ShownCharacter(folder.name).troubles == ()
    named = set(load_character(folder).files)
    assert named == {path.name for path in folder.iterdir()} - {"character.yaml"}


def test_kitsus_palettes_can_all_be_used() -> None:
    kitsu = load_character(CHARACTERS_FOLDER / "kitsu")
    assert isinstance(kitsu, FoxCharacter)
    assert len(kitsu.palettes) >= 3
    assert kitsu.told()["colours"] == kitsu.palettes[kitsu.palette or ""]


def test_two_pictures_in_five_lines_are_a_character(tmp_path: Path) -> None:
    me = load_character(a_character(tmp_path / "me", TWO_PICTURES))
    assert isinstance(me, PictureCharacter)
    assert me.files == ("open.png", "shut.svg")
    assert me.told()["layers"] == [
        {"pictures": [{"file": "open.png", "when": {"mouth": ["open"]}}, {"file": "shut.svg"}]}
    ]


FOX = "title: Fox\nrig: fox\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "the file: "),
        ("title: Fox\n", 1, "rig"),
        ("title: Fox\nrig: cat\n", 1, "fox"),
        (FOX + "palettes:\n  snow: {fur: white}\n", 4, "palettes.snow.fur: "),
        (FOX + "palettes:\n  snow: {wings: '#ffffff'}\n", 4, "palettes.snow.wings"),
        (FOX + "palette: ember\npalettes:\n  snow: {}\n", 3, "no palette ember; there are: snow"),
        (FOX + "palette: ember\n", 3, "no palette ember; there are: none"),
        (FOX + "title: Again\n", 3, "title: stands here twice"),
        (FOX + "palettes: {\n", 4, "not valid YAML"),
        (FOX + "palettes:\n  a: &a {}\n  b: *a\n", 5, "*a: write it out instead"),
        (TWO_PICTURES.replace("shut.svg", "../kitsu.svg"), 5, "layers.0.pictures.1.file: "),
        (TWO_PICTURES.replace("shut.svg", "/etc/passwd"), 5, "layers.0.pictures.1.file: "),
        (TWO_PICTURES.replace("shut.svg", "shut.exe"), 5, "layers.0.pictures.1.file: "),
        (TWO_PICTURES.replace("mouth: open", "mouth: agape"), 5, "mouth"),
        (TWO_PICTURES.replace("[80, 100]", "[80, 100000]"), 3, "size.1: "),
        (TWO_PICTURES.replace("layers:\n", "layer:\n"), 4, "layer: is not a setting"),
        (TWO_PICTURES + "    swing: .inf\n", 6, "swing: "),
    ],
)
def test_a_wrong_file_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    folder = a_character(tmp_path / "odd", text)
    with pytest.raises(CharacterError) as problem:
        load_character(folder)
    told = str(problem.value).splitlines()
    at_line = [one for one in told if one.startswith(f"odd/character.yaml, line {line}: ")]
    assert any(says in one for one in at_line), told


def test_a_file_that_is_no_text_or_is_far_too_large_is_refused(tmp_path: Path) -> None:
    binary = a_character(tmp_path / "binary", "")
    (binary / "character.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CharacterError, match="not UTF-8 text"):
        load_character(binary)
    huge = a_character(tmp_path / "huge", FOX + "#" * 70_000)
    with pytest.raises(CharacterError, match="larger than"):
        load_character(huge)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("odd", "odd/character.yaml, line 3: palette: "),
        ("nobody", "there is no character nobody in characters; there are: kitsu, mochi, odd."),
    ],
)
async def test_where_a_character_cannot_be_shown_the_fox_is_and_the_line_is_said(
    tmp_path: Path, name: str, line: str
) -> None:
    a_character(tmp_path / "characters" / "odd", FOX + "palette: 7\n")
    async with a_stage(tmp_path, stage_character=name) as stage:
        health = stage.worker.health()
        assert (health.state, line in health.detail) == (ModuleState.DEGRADED, True)
        assert stage.worker.counters["error_character_wrong"] == 1
        assert (await get(stage, "/overlay/character.json")).json()["title"] == "Kitsu"


def test_a_wrong_colour_is_told_in_words(tmp_path: Path) -> None:
    wrong = a_character(tmp_path / "odd", FOX + "palettes: {mine: {fur: orange}}\n")
    with pytest.raises(CharacterError, match=r'line 3: .*fur: must be a colour like "#'):
        load_character(wrong)


def test_ones_own_characters_come_before_those_of_kitsu(tmp_path: Path) -> None:
    a_character(tmp_path / "kitsu", "title: Mine\nrig: fox\n")
    assert ShownCharacter("kitsu", (tmp_path, CHARACTERS_FOLDER)).title == "Mine"


async def get(stage: RunningStage, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"{stage.url}{path}")


async def test_the_stage_gives_out_the_pictures_that_are_named_and_nothing_else(
    tmp_path: Path,
) -> None:
    a_character(tmp_path / "characters" / "me", TWO_PICTURES, open_png=PNG, shut_svg=SVG)
    (tmp_path / "characters" / "me" / "other.png").write_bytes(PNG)
    async with a_stage(tmp_path, stage_character="me") as stage:
        description = (await get(stage, "/overlay/character.json")).json()
        assert (description["title"], description["size"]) == ("Me", [80, 100])
        for name, media_type in (("open.png", "image/png"), ("shut.svg", "image/svg+xml")):
            found = await get(stage, f"/overlay/character/{name}")
            assert (found.status_code, found.headers["content-type"]) == (200, media_type)
            assert found.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in found.headers["content-security-policy"]
        for path in (
            "other.png",
            "character.yaml",
            "..%2Fme%2Fopen.png",
            "%2e%2e/me/open.png",
            "..%5Cme%5Copen.png",
            "open.png%00",
            "",
        ):
            assert (await get(stage, f"/overlay/character/{path}")).status_code == 404, path
        assert not [event for event in stage.told if isinstance(event, ErrorReported)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "me/shut.svg is not there"),
        (b"<html><svg></svg></html>", "is neither PNG, JPEG, WebP nor SVG"),
        (b"MZ\x90\x00", "is neither"),
        (b"", "is neither"),
        (PNG[:16] + b"\x00\x01\x00\x00" * 2 + PNG[24:], "is more than 8192 pixels"),
        (jpeg(65_500), "is more than 8192 pixels"),
        (jpeg(16)[:-11], "is a broken JPEG"),
        (webp(16_000), "is more than 8192 pixels"),
        (webp(10**7, b"VP8X"), "is more than 8192 pixels"),
        (SVG + b" " * (9 << 20), "is larger than 8 MB"),
    ],
)
async def test_a_picture_that_cannot_be_shown_is_told_and_not_given_out(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    pictures = {} if content is None else {"shut_svg": content}
    a_character(tmp_path / "characters" / "me", TWO_PICTURES, open_png=PNG, **pictures)
    reported: list[str] = []
    async with a_stage(tmp_path, stage_character="me") as stage:
        reported += stage.worker._character.troubles
        assert stage.worker.counters["error_picture_missing"] == 1
        assert (await get(stage, "/overlay/character/shut.svg")).status_code == 404
        assert (await get(stage, "/overlay/character/open.png")).status_code == 200
    [told] = reported
    assert says in told
    assert "kitsu restart stage" in told


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SVG,
        b'<?xml version="1.0"?>\n<!-- by me -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD" "x">\n' + SVG,
        PNG,
        webp(37),
        jpeg(37),
    ],
)
def test_a_picture_is_known_by_its_content(tmp_path: Path, content: bytes) -> None:
    a_character(tmp_path / "me", TWO_PICTURES, open_png=PNG, shut_svg=content)
    assert ShownCharacter("me", (tmp_path,)).troubles == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (PNG[:-12], "is cut off"),
        (jpeg(37)[:-1], "is cut off"),
        (webp(37)[:-4], "is cut off"),
        (SVG[:-2], "is a broken SVG in line 1"),
        (SVG + b"\n<b>", "is a broken SVG in line 2"),
        (b'<?xml version="1.0" encoding="klingon"?>' + SVG, "is a broken SVG"),
        (SVG.replace(b"/>", b'><use xlink:href="#a"/></svg>'), "is a broken SVG in line 1"),
        (b"<svg></svg>", 'is an SVG without xmlns="http://www.w3.org/2000/svg"'),
        (b"<svg>" * 100_000, "is a broken SVG"),
    ],
)
def test_a_picture_that_a_browser_shows_in_part_or_not_at_all_is_told(
    tmp_path: Path, content: bytes, says: str
) -> None:
    a_character(tmp_path / "me", TWO_PICTURES, open_png=PNG, shut_svg=content)
    [told] = ShownCharacter("me", (tmp_path,)).troubles
    assert f"me/shut.svg {says}" in told


@pytest.mark.skipif(os.name != "posix", reason="links and pipes in folders")
def test_what_lies_elsewhere_or_has_no_end_is_no_picture(tmp_path: Path) -> None:
    secret = tmp_path / "private.png"
    secret.write_bytes(PNG)
    folder = a_character(tmp_path / "me", TWO_PICTURES)
    open_mouth, shut_mouth = folder / "open.png", folder / "shut.svg"
    open_mouth.symlink_to(secret)
    shut_mouth.symlink_to("/dev/zero")
    troubles = ShownCharacter("me", (tmp_path,)).troubles
    assert ["is a link to another folder" in troubles[0], "is no file" in troubles[1]] == [True] * 2
    open_mouth.unlink()
    shut_mouth.unlink()
    os.mkfifo(open_mouth)
    shut_mouth.symlink_to("shut.svg")
    troubles = ShownCharacter("me", (tmp_path,)).troubles
    assert "is no file" in troubles[0]
    assert len(troubles) == 2
    open_mouth.unlink()
    (folder / "drawn.png").write_bytes(PNG)
    open_mouth.symlink_to("drawn.png")
    assert len(ShownCharacter("me", (tmp_path,)).troubles) == 1, "in its own folder it may be one"


def test_a_whole_folder_may_be_a_link(tmp_path: Path) -> None:
    a_character(tmp_path / "elsewhere" / "me", TWO_PICTURES, open_png=PNG, shut_svg=SVG)
    (tmp_path / "characters").mkdir()
    try:
        (tmp_path / "characters" / "me").symlink_to(tmp_path / "elsewhere" / "me")
    except OSError:
        pytest.skip("links need a right here")
    assert ShownCharacter("me", (tmp_path / "characters",)).troubles == ()
