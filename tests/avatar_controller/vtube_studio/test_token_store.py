"""The token's file: private, per show, whole, never thrown away."""

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from apps.avatar_controller.engines.vtube_studio.token_store import Stored, TokenStore

TOKEN = "0123456789abcdef" * 4


def test_every_show_has_its_own_token(tmp_path: Path) -> None:
    one, other = TokenStore(tmp_path, "one"), TokenStore(tmp_path, "other")
    assert one.write(TOKEN) == ""
    assert one.read() == Stored(TOKEN)
    assert other.read() == Stored()
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["vts-one.json"]


def test_a_denial_is_remembered(tmp_path: Path) -> None:
    store = TokenStore(tmp_path, "main")
    store.write("", denied=True)
    assert store.read() == Stored(denied=True)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    store = TokenStore(tmp_path, "main")
    store.write(TOKEN)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    store.path.chmod(0o644)
    assert store.read().token == TOKEN
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


GARBAGE: list[bytes] = [
    b"",
    b"\xff\x00garbage",
    b"[]",
    b"null",
    b"[" * 100_000,
    TOKEN.encode(),
    b'{"version": 1}',
    b'{"version": 9, "token": "abc-secret", "denied": false}',
    b'{"version": 1, "token": 7, "denied": false}',
    b'{"version": 1, "token": "abc-secret", "denied": "no"}',
    b'{"version": 1, "token": "abc-secret\\n", "denied": false}',
    json.dumps({"version": 1, "token": "x" * 257, "denied": False}).encode(),
]


@pytest.mark.parametrize("content", GARBAGE)
def test_a_broken_file_is_kept_aside_and_said(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = TokenStore(tmp_path, "main")
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(content)
    stored = store.read()
    [aside] = store.path.parent.iterdir()
    assert stored.token == ""
    assert not stored.denied
    assert aside.name in stored.trouble
    assert aside.read_bytes() == content
    assert os.name != "posix" or stat.S_IMODE(aside.stat().st_mode) == 0o600
    for secret in (TOKEN, "abc-secret"):
        assert secret not in caplog.text + repr(stored)


def test_a_disk_that_takes_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    said = TokenStore(blocked, "main").write(TOKEN)
    assert "make room" in said
    assert TOKEN not in said + caplog.text


@pytest.mark.skipif(os.name != "posix", reason="a folder cannot be a file's name there")
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    store = TokenStore(tmp_path, "main")
    store.path.mkdir(parents=True)
    assert "make it yours" in store.read().trouble
