from pathlib import Path

import pytest
from pydantic import BaseModel

from apps.orchestrator.panel import protocol
from scripts import panel_types


def test_the_committed_types_are_what_the_models_generate() -> None:
    assert panel_types.TARGET.read_text(encoding="utf-8") == panel_types.render(), (
        "run python scripts/panel_types.py"
    )


def test_the_same_models_always_give_the_same_text() -> None:
    assert panel_types.render() == panel_types.render()


def test_every_message_and_command_has_a_type() -> None:
    text = panel_types.render()
    models = {
        name
        for name, value in vars(protocol).items()
        if isinstance(value, type)
        and issubclass(value, BaseModel)
        and name not in ("Message", "Command", "BaseModel")
    }
    missing = {name for name in models if f"export interface {name} {{" not in text}
    assert missing == set()


def test_a_command_must_name_itself_on_the_wire() -> None:
    assert 'readonly command: "panic";' in panel_types.render()


def test_a_schema_without_a_typescript_twin_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="blob"):
        panel_types.typescript_type({"type": "blob"})


def test_the_check_finds_an_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "contracts.ts"
    old.write_text("export {};\n", encoding="utf-8")
    monkeypatch.setattr(panel_types, "TARGET", old)
    monkeypatch.setattr(panel_types, "ROOT", tmp_path)
    assert panel_types.main(["--check"]) == 1
    assert "python scripts/panel_types.py" in capsys.readouterr().out
    assert panel_types.main([]) == 0
    assert panel_types.main(["--check"]) == 0
