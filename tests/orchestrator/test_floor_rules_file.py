"""configs/floor.yaml: a mistake is told with its line, and stops the start."""

from pathlib import Path

import pytest

from apps.orchestrator.floor import FloorError, FloorRules, load_rules
from apps.orchestrator.settings import OrchestratorSettings
from libs.settings.base import SettingsError, load


def test_the_shipped_file_is_what_the_code_would_do_without_it() -> None:
    words = {"names", "question_words", "question_signs", "idle"}
    shipped = load_rules()
    assert shipped.model_dump(exclude=words) == FloorRules().model_dump(exclude=words)
    assert shipped.idle.after_seconds == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("window_seconds: soon\n", "floor.yaml, line 1: window_seconds: must be a number"),
        ("points:\n  base: 1\n  charm: 3\n", "line 3: points.charm: is not a setting of this file"),
        ("spam:\n  limit: -1\n", "line 2: spam.limit: must be greater than or equal to 0"),
        ("names: [kitsu]\nnames: [luna]\n", "line 2: names: stands here twice"),
        ("idle:\n  prompts: []\n", "line 2: idle.prompts: must not be empty"),
        ("points: [1,\n", "line 2: not valid YAML"),
        ("- a\n- b\n", "line 1: the file: must be names with their values"),
        ("base: .inf\npoints:\n  base: .nan\n", "is not a setting of this file"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "floor.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(FloorError, match=f"(?s).*{told}"):
        load_rules(file)


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "floor.yaml"
    with pytest.raises(FloorError, match="cannot be read"):
        load_rules(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FloorError, match="not UTF-8"):
        load_rules(file)
    file.write_bytes(b"#" * 300_000)
    with pytest.raises(FloorError, match="larger than"):
        load_rules(file)


def test_an_empty_file_means_the_rules_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "floor.yaml"
    file.write_text("# nothing\n", "utf-8")
    assert load_rules(file) == FloorRules()


def test_a_wrong_file_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("waiting_lines: 0\n", "utf-8")
    monkeypatch.setenv("FLOOR_FILE", str(file))
    with pytest.raises(SettingsError, match=r"FLOOR_FILE.*mine\.yaml, line 1: waiting_lines"):
        load(OrchestratorSettings)
