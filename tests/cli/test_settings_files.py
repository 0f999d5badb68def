"""`.env.example` and `configs/kitsu.yaml` tell all settings there are, with their defaults."""

import importlib
import os
import re
from pathlib import Path

import pytest
import yaml

from apps.cli.setting_names import unknown_names
from libs.settings import ROOT, SettingsError, ShowSettings, load

ENV_EXAMPLE = ROOT / ".env.example"
SETTING = re.compile(r"^#?(?P<name>[A-Z][A-Z0-9_]+)=(?P<value>.*)$", re.MULTILINE)

#: Read by scripts/kitsu.py and libs.settings themselves.
ENVIRONMENT_ONLY = {"KITSU_VENV", "KITSU_CONFIG"}

#: Names that other documents of such systems expect, for modules that come later.
RESERVED = set(
    re.findall(
        r"\w+",
        """
    ORCH_CORS_ALLOW_ORIGINS ORCH_CORS_ALLOW_ALL ORCHESTRATOR_URL ORCHESTRATOR_API_KEY
    TELEMETRY_API_URL TELEMETRY_API_KEY GPU_METRICS_INTERVAL_SECONDS
    TTS_MODEL_NAME PIPER_MODEL PIPER_PATH TTS_DISABLE_COQUI TTS_DISABLE_PIPER
    SOAK_POLICY_URL SOAK_TELEMETRY_URL
    """,
    )
)


def settings_classes() -> list[type[ShowSettings]]:
    found = [ShowSettings]
    for path in sorted((ROOT / "apps").glob("*/settings.py")):
        module = importlib.import_module(f"apps.{path.parent.name}.settings")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, ShowSettings)
            and value.__module__ == module.__name__
        ]
    return found


def names_in_example() -> set[str]:
    return {match["name"] for match in SETTING.finditer(ENV_EXAMPLE.read_text("utf-8"))}


def names_read() -> set[str]:
    return {name.upper() for found in settings_classes() for name in found.model_fields}


def test_every_name_in_the_example_is_read_or_reserved() -> None:
    assert names_in_example() <= names_read() | RESERVED | ENVIRONMENT_ONLY


def test_every_setting_that_is_read_is_in_the_example() -> None:
    assert names_read() <= names_in_example()


@pytest.mark.parametrize("settings_class", settings_classes())
def test_the_example_as_it_is_changes_nothing(
    settings_class: type[ShowSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name in names_in_example():
            monkeypatch.delenv(name)
    opened = tmp_path / ".env"
    opened.write_text(SETTING.sub(r"\g<name>=\g<value>", ENV_EXAMPLE.read_text("utf-8")), "utf-8")

    given = settings_class(_env_file=opened)
    plain = settings_class(_env_file=None)

    assert given.model_dump() == plain.model_dump()


@pytest.mark.parametrize("settings_class", settings_classes())
def test_the_yaml_sample_opened_up_changes_nothing(
    settings_class: type[ShowSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name in names_in_example():
            monkeypatch.delenv(name)
    sample = (ROOT / "configs" / "kitsu.yaml").read_text("utf-8")
    opened = tmp_path / "kitsu.yaml"
    opened.write_text(re.sub(r"^#(?=[a-z_]+:)", "", sample, flags=re.MULTILINE), "utf-8")
    assert {
        name.upper() for name in yaml.safe_load(opened.read_text("utf-8"))
    } <= names_in_example()

    plain = settings_class(_env_file=None)
    monkeypatch.setenv("KITSU_CONFIG", str(opened))
    given = settings_class(_env_file=None)

    assert given.model_dump() == plain.model_dump()


def test_a_name_that_nothing_reads_is_told_with_the_one_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file, config = tmp_path / ".env", tmp_path / "kitsu.yaml"
    env_file.write_text("TTS_RATEE=150\n#TTS_PICHT=1\nTTS_PITCH=50\nOBS_SCENES=a\n", "utf-8")
    config.write_text("orch_prot: 8100\nstage_port: 8110\n", "utf-8")
    monkeypatch.setenv("KITSU_CONFIG", str(config))
    assert unknown_names(env_file) == [
        ".env: nothing reads TTS_RATEE (did you mean TTS_RATE?)",
        "kitsu.yaml: nothing reads orch_prot (did you mean ORCH_PORT?)",
    ]


@pytest.mark.parametrize("value", ["2026-13-45", "!!bool maybe"])
def test_a_value_that_is_not_what_it_says_stops_the_start_in_words_and_no_look_at_names(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kitsu.yaml"
    config.write_text(f"kitsu_show: {value}\n", "utf-8")
    monkeypatch.setenv("KITSU_CONFIG", str(config))
    with pytest.raises(SettingsError, match=r"kitsu\.yaml is not valid YAML"):
        load(ShowSettings)
    assert unknown_names(tmp_path / ".env") == []


@pytest.mark.parametrize("name", ["KITSU_HOST", "ORCH_HOST"])
def test_a_port_open_to_others_must_be_wanted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "0.0.0.0")
    with pytest.raises(SettingsError, match=f"{name} = '0.0.0.0': .* needs KITSU_REMOTE=1"):
        load(ShowSettings)
    monkeypatch.setenv("KITSU_REMOTE", "1")
    assert load(ShowSettings).kitsu_remote
    monkeypatch.setenv("KITSU_REMOTE", "0")
    for loopback in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        monkeypatch.setenv(name, loopback)
        load(ShowSettings)


def test_a_config_file_that_is_not_there_is_no_silent_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITSU_CONFIG", str(tmp_path / "nowhere.yaml"))
    with pytest.raises(SettingsError, match=r"nowhere.*must be the path of a file"):
        load(ShowSettings)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"- a\n", "names with their values"),
        (b"orch_port: [\n", "not valid YAML"),
        (b"[" * 5_000, "inside each other"),
        (b"orch_port: 2024-99-99\n", "not valid YAML"),
        (b"orch_host: \xff\xfe\n", "not valid YAML"),
    ],
)
def test_a_file_that_sets_nothing_readable_stops_the_start_with_its_name(
    content: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kitsu.yaml"
    config.write_bytes(content)
    monkeypatch.setenv("KITSU_CONFIG", str(config))
    with pytest.raises(SettingsError, match=rf"(?s)kitsu\.yaml .*{told}"):
        load(ShowSettings, _env_file=None)


@pytest.mark.parametrize("content", ["", "# nothing\n", "null\n"])
def test_a_file_that_says_nothing_sets_nothing(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kitsu.yaml"
    config.write_text(content, "utf-8")
    monkeypatch.setenv("KITSU_CONFIG", str(config))
    assert load(ShowSettings, _env_file=None).orch_port == ShowSettings(_env_file=None).orch_port
