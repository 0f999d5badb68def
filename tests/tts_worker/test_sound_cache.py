import os
from dataclasses import replace
from pathlib import Path

import pytest

from apps.tts_worker.engines.base import Recipe
from apps.tts_worker.sound_cache import KeptSound, SoundCache, key_of
from libs.audio.wav import Recording, decode_wav
from libs.contracts.speaking import MouthCue, Viseme, WordCue

RECIPE = Recipe("espeak", "en-us+f5", "Hello there", {"rate": 162, "version": "1.52"})


def sound(samples: int = 500) -> KeptSound:
    return KeptSound(
        Recording(os.urandom(samples * 2), 22_050),
        mouth=(MouthCue(at_seconds=0.1, viseme=Viseme.AA),),
        words=(WordCue(at_seconds=0.0, start=0, length=5),),
    )


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def kept_file(folder: Path, kind: str) -> Path:
    return next(folder.glob(f"*.{kind}"))


async def opened(folder: Path, maximum_bytes: int = 1_000_000) -> SoundCache:
    cache = SoundCache(folder, maximum_bytes)
    await cache.open()
    return cache


async def test_what_was_kept_comes_back_also_after_a_restart(tmp_path: Path) -> None:
    kept = sound()
    cache = await opened(tmp_path)
    assert await cache.get(RECIPE) is None
    await cache.keep(RECIPE, kept)
    assert await cache.get(RECIPE) == kept
    assert await (await opened(tmp_path)).get(RECIPE) == kept


async def test_a_kept_sound_is_a_wav_file_with_a_sheet(tmp_path: Path) -> None:
    cache = await opened(tmp_path)
    await cache.keep(RECIPE, sound(700))
    wav = kept_file(tmp_path, "wav")
    assert decode_wav(wav.read_bytes()).samples == 700
    sheet = wav.with_suffix(".json").read_text("utf-8")
    for word in ("Hello there", "en-us+f5", "espeak", "162", "22050", "mouth", "made_at"):
        assert word in sheet


@pytest.mark.parametrize(
    "other",
    [
        replace(RECIPE, text="Hello There"),
        replace(RECIPE, voice="en-us+f2"),
        replace(RECIPE, engine="piper"),
        replace(RECIPE, details={"rate": 163, "version": "1.52"}),
    ],
)
def test_all_that_shapes_the_sound_is_in_its_name(other: Recipe) -> None:
    assert key_of(other) != key_of(RECIPE)
    assert key_of(Recipe(**RECIPE.__dict__)) == key_of(RECIPE)


@pytest.mark.parametrize("kind", ["wav", "json"])
@pytest.mark.parametrize("damage", [b"", b"garbage", b"\x00" * 2_000])
async def test_a_damaged_sound_is_missed_and_removed(
    tmp_path: Path, kind: str, damage: bytes
) -> None:
    cache = await opened(tmp_path)
    await cache.keep(RECIPE, sound())
    kept_file(tmp_path, kind).write_bytes(damage)
    assert await cache.get(RECIPE) is None
    assert files_in(tmp_path) == []
    await cache.keep(RECIPE, sound())
    assert await cache.get(RECIPE) is not None


async def test_changed_sound_under_an_intact_header_is_noticed(tmp_path: Path) -> None:
    cache = await opened(tmp_path)
    await cache.keep(RECIPE, sound())
    wav = kept_file(tmp_path, "wav")
    data = bytearray(wav.read_bytes())
    data[100] ^= 0xFF
    wav.write_bytes(data)
    assert await cache.get(RECIPE) is None


async def test_a_sound_removed_by_someone_else_is_missed(tmp_path: Path) -> None:
    cache = await opened(tmp_path)
    await cache.keep(RECIPE, sound())
    for path in files_in(tmp_path):
        path.unlink()
    assert await cache.get(RECIPE) is None
    assert cache.total_bytes == 0


async def test_the_oldest_go_first_when_the_folder_is_full(tmp_path: Path) -> None:
    cache = await opened(tmp_path, maximum_bytes=20_000)
    recipes = [replace(RECIPE, text=f"sentence {number}") for number in range(30)]
    for recipe in recipes:
        await cache.keep(recipe, sound(1_000))
        assert sum(path.stat().st_size for path in files_in(tmp_path)) <= 20_000
    assert await cache.get(recipes[0]) is None
    assert await cache.get(recipes[-1]) is not None
    assert cache.total_bytes == sum(path.stat().st_size for path in files_in(tmp_path))


async def test_a_folder_that_was_fuller_is_trimmed_at_start(tmp_path: Path) -> None:
    cache = await opened(tmp_path)
    for number in range(10):
        await cache.keep(replace(RECIPE, text=f"sentence {number}"), sound(1_000))
    smaller = await opened(tmp_path, maximum_bytes=8_000)
    assert 0 < smaller.total_bytes <= 8_000


async def test_files_of_others_are_never_touched(tmp_path: Path) -> None:
    for name in ("holiday.wav", "notes.json", "a" * 63 + ".wav"):
        (tmp_path / name).write_bytes(bytes(5_000))
    cache = await opened(tmp_path, maximum_bytes=3_000)
    for number in range(5):
        await cache.keep(replace(RECIPE, text=f"sentence {number}"), sound(600))
    assert {"holiday.wav", "notes.json", "a" * 63 + ".wav"} <= {p.name for p in files_in(tmp_path)}


async def test_a_sound_without_its_sheet_is_cleared_away(tmp_path: Path) -> None:
    cache = await opened(tmp_path)
    await cache.keep(RECIPE, sound())
    kept_file(tmp_path, "json").unlink()
    assert len(await opened(tmp_path)) == 0
    assert files_in(tmp_path) == []


async def test_nothing_is_kept_when_it_is_switched_off(tmp_path: Path) -> None:
    cache = await opened(tmp_path / "none", maximum_bytes=0)
    await cache.keep(RECIPE, sound())
    assert await cache.get(RECIPE) is None
    assert not (tmp_path / "none").exists()


async def test_a_folder_that_cannot_be_used_is_a_remark_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = await opened(tmp_path / "file" / "cache")
    await cache.keep(RECIPE, sound())
    assert await cache.get(RECIPE) is None
    assert "file" in cache.problem
