"""What lies in the models folder, whole and broken."""

import importlib
import json
import re
import struct
from pathlib import Path

import pytest

from libs.speech_models.catalogue import ALIASES, BY_NAME, MODELS, model_of
from libs.speech_models.ctranslate2_file import NotAModel, check_model_file
from libs.speech_models.shelf import ModelMissing, ModelShelf, whisper_problem
from libs.testing.tiny_whisper import write_tiny_whisper
from tests.packages import need_packages


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    need_packages("ctranslate2")
    return write_tiny_whisper(tmp_path / "tiny")


def test_a_whole_model_is_found_by_name_and_by_path(tiny: Path) -> None:
    shelf = ModelShelf(tiny.parent)
    assert shelf.find("tiny", "whisper").folder == tiny
    assert shelf.find(str(tiny), "whisper").name == "tiny"
    assert [model.name for model in shelf.whole("whisper")] == ["tiny"]


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_model_without_one_of_its_files_is_refused(tiny: Path, name: str) -> None:
    (tiny / name).unlink()
    with pytest.raises(ModelMissing, match=rf"{name} is missing: kitsu ears get tiny"):
        ModelShelf(tiny.parent).find("tiny", "whisper")
    assert ModelShelf(tiny.parent).whole("whisper") == []


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.9999])
def test_a_model_that_is_cut_short_is_refused(tiny: Path, share: float) -> None:
    content = (tiny / "model.bin").read_bytes()
    (tiny / "model.bin").write_bytes(content[: int(len(content) * share)])
    assert "model.bin is broken" in whisper_problem(tiny)


def test_every_length_but_the_right_one_is_cut_short(tiny: Path) -> None:
    content = (tiny / "model.bin").read_bytes()
    path = tiny / "short.bin"
    for length in [*range(200), *range(0, len(content), len(content) // 200), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(NotAModel):
            check_model_file(path)
    check_model_file(tiny / "model.bin")


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><html>Log in first</html>" * 100,
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 75538270\n",
        bytes(5_000),
        struct.pack("<I", 6) + b"\xff" * 5_000,
        struct.pack("<IH", 6, 2) + b"a\0" + struct.pack("<II", 3, 0xFFFFFFFF),
    ],
)
def test_something_else_is_no_model(tiny: Path, content: bytes) -> None:
    (tiny / "model.bin").write_bytes(content)
    assert "model.bin is broken" in whisper_problem(tiny)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "vocabulary.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_broken_document_is_told(tiny: Path, name: str, content: bytes) -> None:
    (tiny / name).write_bytes(content)
    assert whisper_problem(tiny) == f"{name} is broken"


def test_what_is_not_here_can_be_got(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path / "none yet")
    assert shelf.models() == []
    with pytest.raises(ModelMissing, match="kitsu ears get base"):
        shelf.find("base", "whisper")
    with pytest.raises(ModelMissing, match="kitsu ears get turbo"):
        shelf.find("large-v3-turbo", "whisper")


def test_a_path_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="there is no folder"):
        ModelShelf(tmp_path).find(str(tmp_path / "away"), "whisper")
    with pytest.raises(ModelMissing, match="holds no model"):
        ModelShelf(tmp_path).find(str(tmp_path), "whisper")


def test_models_of_another_kind_are_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "gigaam-v2-rnnt"
    folder.mkdir()
    (folder / "v2_rnnt_encoder.int8.onnx").write_bytes(b"onnx")
    (folder / "v2_vocab.txt").write_text("a 0")
    shelf = ModelShelf(tmp_path)
    assert [model.kind for model in shelf.models()] == ["onnx"]
    with pytest.raises(ModelMissing, match="another kind"):
        shelf.find("gigaam-v2-rnnt", "whisper")


def test_what_was_measured_is_kept_whatever_stood_there(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path / "models")
    shelf.note_measured("tiny", 0.123456, "cpu int8")
    shelf.note_measured("base", 0.5, "cpu int8")
    assert shelf.measured()["tiny"]["seconds_per_pass"] == 0.123
    for content in ("", "[]", "{", '{"tiny": 7}', "[" * 100_000):
        (shelf.folder / "measured.json").write_text(content)
        assert shelf.measured() == {}


def test_the_catalogue_is_that_of_faster_whisper() -> None:
    need_packages("faster_whisper")
    theirs = importlib.import_module("faster_whisper.utils")._MODELS
    ours = {model.name: model.repository for model in MODELS if model.kind == "whisper"}
    assert {name: theirs[name] for name in ours} == ours
    assert {alias: theirs[alias] for alias in ALIASES} == {
        alias: BY_NAME[name].repository for alias, name in ALIASES.items()
    }


def test_the_catalogue_is_that_of_onnx_asr() -> None:
    need_packages("onnx_asr", "onnxruntime")
    resolver = importlib.import_module("onnx_asr.resolver")
    loader = importlib.import_module("onnx_asr.loader")
    for model in MODELS:
        if model.kind == "onnx":
            assert resolver.model_repos[model.name] == model.repository
            kind = loader.create_asr_resolver(model.name).model_type
            patterns = set(kind._get_model_files("int8").values())
            narrowed = {re.sub("^v[23]_", "v?_", name) for name in model.files} | set(model.files)
            assert patterns <= narrowed


def test_a_name_is_a_plain_one() -> None:
    assert all(re.fullmatch(r"[a-z0-9.-]+", model.name) for model in MODELS)
    assert model_of("large") is BY_NAME["large-v3"]
    assert model_of("../base") is None
    assert json.dumps([model.name for model in MODELS])
