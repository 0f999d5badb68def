"""Fetching a model through the real huggingface_hub, from a stand-in of the hub."""

import asyncio
import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from libs.speech_models.catalogue import Model
from libs.speech_models.download import Download, DownloadFailed, Hub
from libs.speech_models.shelf import ModelShelf
from libs.testing.stand_ins.model_hub import ModelHubStandIn
from libs.testing.tiny_whisper import write_tiny_whisper
from tests.packages import need_packages

MODEL = Model("tiny", "Systran/faster-whisper-tiny", 1, "for tests")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    need_packages("huggingface_hub", "ctranslate2")
    folder = write_tiny_whisper(tmp_path_factory.mktemp("hub"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_packages("huggingface_hub")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_TOKEN", raising=False)


class Fetched:
    """What became of one fetching."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.error = ""

    def progress(self, done: int, total: int) -> None:
        self.seen.append((done, total))


async def fetch(hub: ModelHubStandIn | str, folder: Path, model: Model = MODEL) -> Fetched:
    fetched = Fetched()
    url = hub if isinstance(hub, str) else hub.url
    download = Download(model, folder, Hub(url))
    try:
        await asyncio.to_thread(download.run, fetched.progress)
    except DownloadFailed as error:
        fetched.error = str(error)
    return fetched


def large_parts(hub: ModelHubStandIn) -> list[str]:
    return [wanted for name, wanted in hub.asked_for if name == "model.bin"]


def problems(folder: Path) -> dict[str, str]:
    return {model.name: model.problem for model in ModelShelf(folder).models()}


async def test_a_model_is_fetched_whole(tmp_path: Path, files: dict[str, bytes]) -> None:
    others = {"README.md": b"no", "flax_model.msgpack": b"no", "../evil": b"no", "a/model.bin": b""}
    async with ModelHubStandIn(MODEL.repository, {**files, **others}) as hub:
        fetched = await fetch(hub, tmp_path)
    assert fetched.error == ""
    assert {p.name: p.read_bytes() for p in (tmp_path / "tiny").iterdir()} == files
    assert problems(tmp_path) == {"tiny": ""}
    total = sum(map(len, files.values()))
    assert fetched.seen[-1] == (total, total)
    assert [done for done, _ in fetched.seen] == sorted(done for done, _ in fetched.seen)


async def test_a_model_that_is_here_is_not_fetched_again(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    async with ModelHubStandIn(MODEL.repository, files) as hub:
        await fetch(hub, tmp_path)
        count = len(hub.asked_for)
        await fetch(hub, tmp_path)
        assert len(hub.asked_for) == count


async def test_a_broken_connection_is_gone_on_with(tmp_path: Path, files: dict[str, bytes]) -> None:
    async with ModelHubStandIn(MODEL.repository, files, faults=["break", "reset", "break"]) as hub:
        fetched = await fetch(hub, tmp_path)
    assert fetched.error == ""
    half = len(files["model.bin"]) // 2
    assert large_parts(hub)[:3] == ["", f"bytes={half}-", f"bytes={half}-"]
    assert hub.sent_bytes == sum(map(len, files.values()))
    assert (tmp_path / "tiny" / "model.bin").read_bytes() == files["model.bin"]


async def test_a_stopped_download_goes_on_where_it_was(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    faults = ["break", *["reset"] * 9]
    async with ModelHubStandIn(MODEL.repository, files, faults=faults) as hub:
        fetched = await fetch(hub, tmp_path)
        assert "goes on where it stopped" in fetched.error
        assert problems(tmp_path) == {"tiny": "it was not fetched to its end"}
        assert ModelShelf(tmp_path).whole("whisper") == []
        hub.faults.clear()
        hub.asked_for.clear()
        assert (await fetch(hub, tmp_path)).error == ""
    assert large_parts(hub) == [f"bytes={len(files['model.bin']) // 2}-"]
    assert problems(tmp_path) == {"tiny": ""}


async def test_a_server_without_ranges_sends_all_of_it_again(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    async with ModelHubStandIn(MODEL.repository, files, faults=["break", "no-range"]) as hub:
        assert (await fetch(hub, tmp_path)).error == ""
    assert (tmp_path / "tiny" / "model.bin").read_bytes() == files["model.bin"]


async def test_what_was_changed_on_the_way_is_not_kept(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    async with ModelHubStandIn(MODEL.repository, files, faults=["other"] * 2) as hub:
        assert "not what was announced" in (await fetch(hub, tmp_path)).error
        assert ModelShelf(tmp_path).whole("whisper") == []
        hub.faults.clear()
        assert (await fetch(hub, tmp_path)).error == ""


async def test_a_file_without_end_is_not_read_to_it(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    async with ModelHubStandIn(MODEL.repository, files, faults=["endless"] * 2) as hub:
        assert (await fetch(hub, tmp_path)).error
    there = sum(model.size_bytes for model in ModelShelf(tmp_path).models())
    assert there <= sum(map(len, files.values())) + (1 << 20)


async def test_a_broken_model_is_mended(tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = write_tiny_whisper(tmp_path / "tiny")
    (folder / "tokenizer.json").write_text("{", "utf-8")
    (folder / "model.bin").write_bytes(files["model.bin"][:5_000])
    async with ModelHubStandIn(MODEL.repository, files) as hub:
        assert (await fetch(hub, tmp_path)).error == ""
    assert problems(tmp_path) == {"tiny": ""}


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "sign in at"), (403, "sign in at"), (404, "has no Systran"), (503, "out of order")],
)
async def test_a_hub_that_refuses_is_told_plainly(
    tmp_path: Path, files: dict[str, bytes], status: int, said: str
) -> None:
    async with ModelHubStandIn(MODEL.repository, files, about_status=status) as hub:
        fetched = await fetch(hub, tmp_path)
    assert said in fetched.error
    assert "Traceback" not in fetched.error


async def test_a_refusal_in_the_middle_is_told_plainly(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    async with ModelHubStandIn(MODEL.repository, files, faults=["500"]) as hub:
        assert "out of order (status 500)" in (await fetch(hub, tmp_path)).error


async def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    fetched = await fetch("http://127.0.0.1:9", tmp_path)
    assert "cannot be reached" in fetched.error
    assert "copy a model's folder" in fetched.error


async def test_what_is_no_hub_is_told_plainly(tmp_path: Path, files: dict[str, bytes]) -> None:
    async with ModelHubStandIn("somebody/else", files) as hub:
        assert "has no Systran" in (await fetch(hub, tmp_path)).error


async def test_a_repository_without_a_model_is_told(tmp_path: Path) -> None:
    async with ModelHubStandIn(MODEL.repository, {"README.md": b"moved"}) as hub:
        assert "none of the files" in (await fetch(hub, tmp_path)).error


async def test_half_a_model_on_the_hub_is_not_taken_for_one(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    half = {name: content for name, content in files.items() if name != "tokenizer.json"}
    async with ModelHubStandIn(MODEL.repository, half) as hub:
        assert "tokenizer.json is missing" in (await fetch(hub, tmp_path)).error
    assert ModelShelf(tmp_path).whole("whisper") == []


async def test_a_disk_that_is_too_small_is_told_before(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    async with ModelHubStandIn(MODEL.repository, files) as hub:
        assert "The disk has 1 MB free" in (await fetch(hub, tmp_path)).error
        assert hub.asked_for == []


async def test_a_disk_that_fills_up_meanwhile_is_told(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *arguments: Any, **more: Any) -> Any:
        if self.name == "model.bin" and "b" in str(arguments):
            raise OSError(errno.ENOSPC, "No space left on device")
        return kept(self, *arguments, **more)

    kept = Path.open
    monkeypatch.setattr(Path, "open", full)
    async with ModelHubStandIn(MODEL.repository, files) as hub:
        assert "The disk is full" in (await fetch(hub, tmp_path)).error
