"""One JSON document in a private file: what was written comes back, or words for people do."""

import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from libs.worker.private_json import PrivateJson

SECRET = "abc-secret"


def cups(document: Any) -> int:
    found = document["cups"]
    if type(found) is not int:
        raise ValueError("no cups")
    return found


@pytest.fixture
def file(tmp_path: Path) -> PrivateJson:
    return PrivateJson(tmp_path / "secrets" / "tea.json", "note of cups")


def test_what_was_written_comes_back_and_is_its_owners_only(file: PrivateJson) -> None:
    assert file.read(cups) == (None, "")
    assert file.write({"cups": 2, "of": "茶"}) == ""
    assert file.read(cups) == (2, "")
    assert "茶" in file.path.read_text("utf-8")
    assert os.name != "posix" or stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_half_a_letter_is_written_too(file: PrivateJson) -> None:
    assert file.write({"cups": 1, "of": "\ud800"}) == ""
    assert file.read(lambda document: document["of"]) == ("\ud800", "")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\x00", b"[]", b"null", b"7", b"[" * 200_000, b"{}",
        f'{{"cups": "{SECRET}"}}'.encode(),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_set_aside_and_said_without_its_contents(
    file: PrivateJson, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    caplog.set_level(logging.DEBUG)
    found, trouble = file.read(cups)
    [aside] = file.path.parent.iterdir()
    assert found is None
    assert trouble == f"The stored note of cups was broken (kept as {aside.name})."
    assert aside.read_bytes() == content
    assert trouble in caplog.text
    assert SECRET not in caplog.text
    assert file.write({"cups": 3}) == ""
    assert file.read(cups) == (3, "")


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file where the folder should be")
    said = PrivateJson(tmp_path / "secrets" / "tea.json", "note of cups").write({"cups": SECRET})
    assert said.startswith("The note of cups cannot be written to ")
    assert said.endswith("make room, or make the folder yours.")
    assert SECRET not in said


@pytest.mark.skipif(os.name != "posix", reason="a folder cannot be a file's name there")
def test_what_cannot_be_read_is_said_and_left_where_it_is(file: PrivateJson) -> None:
    file.path.mkdir(parents=True)
    found, trouble = file.read(cups)
    assert (found, file.path.is_dir()) == (None, True)
    assert trouble.endswith("make it yours, or delete it.")
