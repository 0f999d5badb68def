"""Logs of hostile and secret things."""

import datetime
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.settings import ShowSettings
from libs.telemetry import logs
from libs.telemetry.daily_file import DailyFile, path_of, today
from libs.telemetry.redaction import Redactor, visible

SECRET_URL = "redis://kitsu:s3cr3t-pass@10.0.0.1:6379/0"


class Shy:
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.fixture
def settings(tmp_path: Path) -> ShowSettings:
    return ShowSettings(
        kitsu_log_root=tmp_path / "logs",
        kitsu_data_dir=tmp_path / "data",
        kitsu_redis_url=SECRET_URL,
        kitsu_supervised=True,
    )


@pytest.fixture
def log(settings: ShowSettings) -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    logs.configure("stage", settings)
    yield logging.getLogger("kitsu.stage")
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)
    sys.excepthook = hook


def lines_of(settings: ShowSettings, service: str = "stage") -> list[dict[str, Any]]:
    path = path_of(settings.kitsu_log_root, service, today())
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_line_has_the_agreed_fields_and_the_extras_beside_them(
    log: logging.Logger, settings: ShowSettings
) -> None:
    log.info("ready", extra={"bus": "Valkey 9", "took_ms": 1.5})

    [line] = lines_of(settings)
    assert datetime.datetime.fromisoformat(line.pop("ts")).tzinfo is not None
    assert line == {
        "service": "stage",
        "logger": "kitsu.stage",
        "level": "INFO",
        "message": "ready",
        "bus": "Valkey 9",
        "took_ms": 1.5,
    }


@pytest.mark.parametrize(
    "text",
    [
        f"cannot reach {SECRET_URL}",
        "the password is s3cr3t-pass, really",
        "amqp://u:s3cr3t-pass@host/",
        "Authorization: Bearer s3cr3t-pass",
        "GET /ws?key=s3cr3t-pass HTTP/1.1",
        "GET /?code=s3cr3t-pass",
        '{"obs_password": "s3cr3t-pass"}',
        "TWITCH_OAUTH_TOKEN=oauth:s3cr3t-pass",
    ],
)
def test_no_secret_reaches_the_file(log: logging.Logger, settings: ShowSettings, text: str) -> None:
    log.error(text)
    log.error("extra", extra={"address": text, "api_key": "s3cr3t-pass"})
    log.error("failed", exc_info=RuntimeError(text))

    written = path_of(settings.kitsu_log_root, "stage", today()).read_text("utf-8")
    assert "s3cr3t-pass" not in written
    assert "(hidden)" in written


def test_secrets_that_look_like_nothing_are_hidden_when_they_are_known() -> None:
    assert Redactor(["hunter2-hunter2"])("I typed hunter2-hunter2 here") == "I typed (hidden) here"
    assert Redactor(["ab"])("abacus") == "abacus"


def test_hostile_text_stays_one_line_that_cannot_move_a_cursor(
    log: logging.Logger, settings: ShowSettings
) -> None:
    hostile = 'a\n{"level":"INFO"}\r\x1b[2J\x9b31m\u202edetrevni\u2028\u0000\ud800<script>%s%d'
    log.warning(hostile)
    log.warning("said %s", hostile, extra={"author": hostile})

    raw = path_of(settings.kitsu_log_root, "stage", today()).read_bytes()
    assert raw.count(b"\n") == 2
    text = raw.decode("utf-8")
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
    assert lines_of(settings)[0]["message"] == hostile


def test_a_terminal_gets_no_control_characters_either() -> None:
    line = logs.plain_line({"ts": "2026-01-01T10:11:12.000Z", "message": "a\x1b]0;x\x07\nb"})
    assert line.startswith("10:11:12")
    assert "\x1b" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("message", "arguments"),
    [("%d items", ("many",)), ("%s", (Shy(),)), ("too few %s %s", ("one",)), (Shy(), ())],
)
def test_a_wrong_log_call_still_gives_a_line(
    tmp_path: Path, message: Any, arguments: tuple[Any, ...]
) -> None:
    handler = logs.DailyHandler(DailyFile(tmp_path, "stage"))
    handler.setFormatter(logs.JsonLines("stage", Redactor()))
    record = logging.makeLogRecord({"msg": message, "thing": Shy()})
    record.args = arguments

    handler.handle(record)

    handler.close()
    line = json.loads(path_of(tmp_path, "stage", today()).read_text("utf-8"))
    assert "cannot be shown" in line["thing"]
    assert line["message"]


def test_a_huge_line_is_cut(log: logging.Logger, settings: ShowSettings) -> None:
    log.error("x" * 200_000, extra={"raw": "y" * 200_000})
    [line] = lines_of(settings)
    assert len(line["message"]) == logs.MESSAGE_LIMIT
    assert len(line["raw"]) == logs.EXTRA_LIMIT


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path, log: logging.Logger) -> None:
    (tmp_path / "file").write_text("not a folder")
    handler = logs.DailyHandler(DailyFile(tmp_path / "file" / "logs", "stage"))
    handler.handle(logging.makeLogRecord({"msg": "hello"}))
    assert handler.lost == 1


def test_files_of_the_service_that_are_older_than_two_weeks_go_away(tmp_path: Path) -> None:
    old = today() - datetime.timedelta(days=14)
    kept = today() - datetime.timedelta(days=13)
    for service, day in (("stage", old), ("stage", kept), ("stage-two", old)):
        path_of(tmp_path, service, day).write_text("{}\n")
    (tmp_path / "stage-notes.txt").write_text("mine")

    file = DailyFile(tmp_path, "stage")
    file.append("{}")
    file.close()

    assert not path_of(tmp_path, "stage", old).exists()
    assert path_of(tmp_path, "stage", kept).exists()
    assert path_of(tmp_path, "stage-two", old).exists()
    assert (tmp_path / "stage-notes.txt").exists()


@given(st.text())
def test_whatever_is_logged_is_a_line_of_json_that_says_the_same(text: str) -> None:
    line = logs.JsonLines("x", Redactor()).format(
        logging.makeLogRecord({"msg": "%s", "args": (text,)})
    )
    assert "\n" not in line
    assert "\r" not in line
    assert isinstance(json.loads(line)["message"], str)
