from pathlib import Path

import pytest

from apps.tts_worker.settings import TtsSettings
from libs.settings import SettingsError, load


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TTS_ENGINE", "robot", "auto"),
        ("TTS_RATE", "900", "350"),
        ("TTS_PITCH", "-1", "0"),
        ("TTS_CACHE_MB", "lots", "whole number"),
        ("TTS_VOICE", "v" * 65, "64"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf"{name} = .*{said}"):
        load(TtsSettings)


def test_sounds_are_kept_in_the_data_folder_or_where_they_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TTS_OUTPUT_DIR", "")
    assert load(TtsSettings).cache_folder == tmp_path.resolve() / "tts_cache"
    monkeypatch.setenv("TTS_OUTPUT_DIR", str(tmp_path / "elsewhere"))
    assert load(TtsSettings).cache_folder == tmp_path.resolve() / "elsewhere"
