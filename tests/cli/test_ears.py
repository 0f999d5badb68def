"""`kitsu ears` and `kitsu stt`: models, packages, orders, and programs that answer anything."""

import hashlib
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli import checkup_ears, package_install
from apps.cli.__main__ import kitsu
from apps.cli.check import Check
from apps.cli.checkup_ears import microphone, recogniser
from apps.cli.commands import ears
from apps.cli.failures import Failed
from apps.cli.package_install import PackageInstall, missing
from apps.cli.settings import CliSettings
from libs.settings import ROOT
from libs.speech_models.shelf import ModelShelf
from libs.testing.tiny_whisper import write_tiny_whisper
from tests.cli.module_port import ModulePort, module_port, problem
from tests.packages import need_packages

HOSTILE = "fox\u202e\x1b[2J\u200b"
LISTENING: dict[str, Any] = {
    "state": "listening", "mode": "open", "muted": False, "talking": False, "voice": True,
    "source": "device", "device": "USB microphone", "recogniser": "Whisper base (processor, int8)",
    "problem": "", "level_dbfs": -23.4, "peak_dbfs": -9.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path / "data"))
    for name in ("ORCH_PORT", "ASR_WORKER_PORT"):
        monkeypatch.setenv(name, "1")
    return tmp_path / "data"


def run(port: ModulePort | None, *arguments: str) -> Result:
    names = ("ORCH_PORT", "ASR_WORKER_PORT")
    environment = dict.fromkeys(names, str(port.number)) if port else {}
    result = CliRunner().invoke(kitsu, arguments, env=environment)
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output
    assert "--json" in arguments or "\u202e" not in result.output
    return result


# Steering ----------------------------------------------------------------------------------------


def test_status_says_whether_she_hears() -> None:
    with module_port({"GET /microphone": (200, LISTENING)}) as port:
        result = run(port, "ears", "status")
        assert result.exit_code == 0
        for part in (
            "listening",
            "USB microphone (sound device)",
            "-23 dBFS, a voice",
            "Whisper base",
        ):
            assert part in result.output
        as_json = json.loads(run(port, "ears", "status", "--json").output)
    assert as_json == LISTENING


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (("mute",), {"muted": True}),
        (("unmute",), {"muted": False}),
        (("mode", "push_to_talk"), {"mode": "push_to_talk"}),
        (("mode", "wake_name"), {"mode": "wake_name"}),
    ],
)
def test_orders_are_sent_and_what_came_of_them_is_shown(
    arguments: tuple[str, ...], body: dict[str, Any]
) -> None:
    with module_port({"POST /microphone": lambda sent: (200, {**LISTENING, **sent})}) as port:
        result = run(port, "ears", *arguments)
    assert result.exit_code == 0, result.output
    assert port.heard == [("POST /microphone", body)]


def test_an_order_that_was_not_obeyed_is_a_failure() -> None:
    with module_port({"POST /microphone": (200, LISTENING)}) as port:
        result = run(port, "ears", "mute")
    assert result.exit_code == 1
    assert "kitsu ears status" in result.output


def test_status_says_no_level_where_nothing_is_heard_and_keeps_a_mute_in_sight() -> None:
    unable = {
        **LISTENING,
        "state": "unable",
        "recogniser": "",
        "muted": True,
        "problem": "none here",
    }
    with module_port({"GET /microphone": (200, unable)}) as port:
        told = run(port, "ears", "status").output
    assert told.startswith("hears nothing")
    assert "dBFS" not in told
    assert "kitsu ears unmute" in told
    assert told.rstrip().endswith("none here")


def test_status_is_not_plainly_listening_where_the_sound_is_not_right() -> None:
    silent = {**LISTENING, "problem": "it is silent: switch it on", "level_dbfs": -120.0}
    with module_port({"GET /microphone": (200, silent)}) as port:
        told = run(port, "ears", "status").output
    assert told.startswith("listening, but look at the microphone")
    assert "-120" not in told


@pytest.mark.parametrize("command", [("status",), ("mute",), ("mode", "open")])
def test_without_ears_it_says_how_to_start_them(command: tuple[str, ...]) -> None:
    gone = (200, {"state": "not_there"})
    with module_port({"GET /microphone": gone, "POST /microphone": gone}) as port:
        result = run(port, "ears", *command)
    assert result.exit_code == 1
    assert "kitsu restart asr_worker" in result.output
    nobody = run(None, "ears", *command)
    assert nobody.exit_code == 1
    assert "kitsu up" in nobody.output


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>"),
        (200, {}),
        (200, {"state": 7, "mode": []}),
        (200, {**LISTENING, "level_dbfs": "loud"}),
        (500, b"\xff\xfe"),
        problem(503, HOSTILE, HOSTILE, "odd"),
    ],
)
def test_odd_answers_end_plainly(answer: tuple[int, Any]) -> None:
    with module_port({"GET /microphone": answer, "POST /microphone": answer}) as port:
        for command in (("status",), ("mute",)):
            assert run(port, "ears", *command).exit_code == 1


def test_hostile_names_move_nothing() -> None:
    names = dict.fromkeys(("device", "recogniser", "problem", "mode", "state"), HOSTILE)
    with module_port({"GET /microphone": (200, {**LISTENING, **names})}) as port:
        assert run(port, "ears", "status").exit_code == 0


def test_a_mode_that_there_is_not_is_wrong_use() -> None:
    assert run(None, "ears", "mode", "loud").exit_code == 2


# Models ------------------------------------------------------------------------------------------


def test_models_are_listed_with_what_is_known_of_them(data: Path) -> None:
    need_packages("ctranslate2")
    shelf = ModelShelf(data / "asr_models")
    write_tiny_whisper(shelf.folder / "base")
    broken = write_tiny_whisper(shelf.folder / "my own")
    (broken / "tokenizer.json").unlink()
    shelf.note_measured("base", 0.42, "cpu int8")
    output = run(None, "ears", "models").output
    line = next(line for line in output.splitlines() if line.startswith("base "))
    assert "there" in line
    assert "0.42 s for 3 s of speech (cpu int8)" in line
    assert "tokenizer.json is missing" in output
    models = {
        m["name"]: m for m in json.loads(run(None, "ears", "models", "--json").output)["models"]
    }
    assert models["base"]["state"] == "there"
    assert models["my own"]["state"] == "broken"
    assert models["turbo"]["state"] == "available"


def test_an_empty_shelf_says_what_to_get() -> None:
    assert "kitsu ears get base" in run(None, "ears", "models").output


@pytest.mark.parametrize("name", ["nope", "../base", "", "https://evil"])
def test_a_model_that_there_is_not_is_wrong_use(name: str) -> None:
    result = run(None, "ears", "get", name)
    assert result.exit_code == 2
    assert "kitsu ears models" in result.output


def test_without_a_network_a_model_cannot_be_got(monkeypatch: pytest.MonkeyPatch) -> None:
    need_packages("huggingface_hub")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    result = run(None, "ears", "get", "tiny")
    assert result.exit_code == 1
    assert "cannot be reached" in result.output


# Packages ----------------------------------------------------------------------------------------


def wheel(folder: Path, name: str = "tinyears") -> Path:
    """A real package of one file."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "heard = True\n")
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
    return path


def lock(folder: Path, digest: str) -> Path:
    path = folder / "listening.lock"
    path.write_text(f"tinyears==1.0 \\\n    --hash=sha256:{digest}\n")
    return path


def pip_environment(folder: Path) -> dict[str, str]:
    own = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_TARGET": str(folder / "here")}
    return {**os.environ, **own, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}


def test_packages_of_a_lock_are_installed_with_progress(tmp_path: Path) -> None:
    need_packages("pip")
    digest = hashlib.sha256(wheel(tmp_path).read_bytes()).hexdigest()
    seen: list[tuple[float, str]] = []
    install = PackageInstall(lock(tmp_path, digest))
    install.run(lambda percent, text: seen.append((percent, text)), pip_environment(tmp_path))
    assert (tmp_path / "here" / "tinyears.py").is_file()
    assert seen[-1] == (100.0, "done")
    assert "tinyears" in seen[0][1]
    assert [percent for percent, _ in seen] == sorted(percent for percent, _ in seen)


def test_a_package_that_was_changed_is_not_installed(tmp_path: Path) -> None:
    need_packages("pip")
    wheel(tmp_path)
    with pytest.raises(Failed, match="changes files"):
        PackageInstall(lock(tmp_path, "0" * 64)).run(
            lambda percent, text: None, pip_environment(tmp_path)
        )
    assert not (tmp_path / "here").exists()


def test_an_index_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    need_packages("pip")
    with pytest.raises(Failed, match=r"cannot be reached|ready-made build"):
        PackageInstall(lock(tmp_path, "0" * 64)).run(
            lambda percent, text: None, pip_environment(tmp_path)
        )


def test_without_a_lock_the_command_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"kitsu-vtuber\[listening\]"):
        PackageInstall(tmp_path / "listening.lock").run(lambda percent, text: None)


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("ERROR: No space left on device", "disk is full"),
        ("No module named pip", "ensurepip"),
        ("Temporary failure in name resolution", "check the network"),
        ("error: externally-managed-environment", "belongs to the system"),
        ("something new", "Run the same command again"),
    ],
)
def test_what_pip_complains_of_has_a_step(said: str, mend: str) -> None:
    assert mend in package_install._complaint([said])


def test_only_what_is_missing_is_counted() -> None:
    own = package_install._version("click")
    text = f"click=={own}\nfox-ears==1.0 \\\n    --hash=sha256:0\nother==2\n"
    text += "older==1 ; python_full_version < '3.2' \\\n    --hash=sha256:0\n"
    assert missing(text, "other==2\n") == ["fox-ears"]


def test_what_is_installed_is_not_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "missing", lambda *locks: [])
    monkeypatch.setattr(ears, "find_spec", lambda name: object())
    result = run(None, "ears", "install")
    assert result.exit_code == 0
    assert "Installed already" in result.output


# Sound files -------------------------------------------------------------------------------------


def test_a_sound_file_is_sent_and_its_text_shown(tmp_path: Path) -> None:
    file = tmp_path / "my hello.wav"
    file.write_bytes(b"RIFF and so on")
    answer = {"text": f"Hello {HOSTILE}", "language": "en", "engine": "x", "words": []}
    with module_port({"POST /transcribe?language=pt%26x": (200, answer)}) as port:
        result = run(port, "stt", str(file), "--language", "pt&x")
        assert result.exit_code == 0
        assert result.output.startswith("Hello fox")
        as_json = run(port, "stt", str(file), "--json", "--language", "pt&x").output
    assert json.loads(as_json) == answer
    assert port.heard[0][1] == b"RIFF and so on"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {"text": ""}), "nothing was understood"),
        ((200, {"text": 7}), "another version"),
        ((503, {"title": "No recogniser", "detail": "kitsu ears install"}), "kitsu ears install"),
        ((422, {"title": "Not a sound file", "detail": "send a WAV"}), "send a WAV"),
        ((200, b"<html>"), "not Kitsu"),
    ],
)
def test_what_came_of_a_sound_file_is_told(
    tmp_path: Path, answer: tuple[int, Any], said: str
) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(b"RIFF")
    with module_port({"POST /transcribe?language=": answer}) as port:
        result = run(port, "stt", str(file))
    assert said in result.output.replace("of another", "another")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run(None, "stt", str(tmp_path / "away.wav"))
    assert result.exit_code == 1
    assert "cannot be read" in result.output


def test_without_ears_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    result = run(None, "stt", str(tmp_path / "a.wav"))
    assert result.exit_code == 1
    assert "kitsu up" in result.output


# The doctor --------------------------------------------------------------------------------------


def settings(**values: Any) -> CliSettings:
    return CliSettings(**values)


def test_the_doctor_says_the_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    there: set[str] = set()
    monkeypatch.setattr(checkup_ears, "find_spec", lambda name: object() if name in there else None)
    check = recogniser(settings())
    assert (check.name, check.state) == ("recogniser", "warn")
    assert check.found == "no recogniser: typed and chat input only"
    assert "kitsu ears install" in check.mend
    there.add("faster_whisper")
    assert recogniser(settings()).mend == "Optional: kitsu ears get base"
    assert recogniser(settings(asr_model="base")).mend == "kitsu ears get base"
    onnx = recogniser(settings(asr_onnx_model="gigaam-v2-rnnt"))
    assert onnx.mend == "kitsu ears install onnx-asr"
    there.add("onnx_asr")
    onnx = recogniser(settings(asr_onnx_model="gigaam-v2-rnnt"))
    assert onnx.mend == "kitsu ears get gigaam-v2-rnnt"
    assert recogniser(settings(asr_engine="off")).state == "ok"
    assert recogniser(settings(asr_openai_base_url="http://127.0.0.1:9/v1")).state == "ok"


def test_the_doctor_finds_a_model(data: Path) -> None:
    need_packages("ctranslate2", "faster_whisper")
    write_tiny_whisper(data / "asr_models" / "base")
    check = recogniser(settings())
    assert (check.state, check.found) == ("ok", "Whisper: base")
    (data / "asr_models" / "base" / "tokenizer.json").unlink()
    check = recogniser(settings())
    assert check.state == "warn"
    assert "tokenizer.json is missing" in check.found


def test_the_doctor_asks_the_ears_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Running:
        state = object()

        def __init__(self, settings: CliSettings) -> None: ...

    monkeypatch.setattr(checkup_ears, "SupervisorClient", Running)
    for state, expected in (("ready", "ok"), ("degraded", "warn")):
        ears_state = {"state": state, "detail": "Whisper base"}
        answers = {"GET /status": (200, {"modules": {"asr_worker": ears_state}})}
        with module_port(answers) as port:
            check = recogniser(settings(orch_port=port.number))
        assert (check.state, check.found) == (expected, "Whisper base")
    for odd in ({"modules": 7}, {"modules": {"asr_worker": []}}, {}):
        with module_port({"GET /status": (200, odd)}) as port:
            assert recogniser(settings(orch_port=port.number)).name == "recogniser"


def test_the_doctor_tells_a_fault_of_the_sound_with_the_microphone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Running:
        state = object()

        def __init__(self, settings: CliSettings) -> None: ...

    monkeypatch.setattr(checkup_ears, "SupervisorClient", Running)
    device = Check("microphone", "ok", "device 1, USB")
    monkeypatch.setattr(checkup_ears.checkup_sound, "microphone", lambda _: device)
    module = {"state": "degraded", "detail": "it is silent: switch it on; listening on USB"}
    for changed, expected in (
        ({"problem": "it is silent: switch it on"}, ("warn", "it is silent", "switch it on")),
        ({"muted": True}, ("ok", f"{device.found}; muted for her, until: kitsu ears unmute", "")),
        ({"state": 7}, ("ok", device.found, "")),
    ):
        told = {**LISTENING, **changed}
        status = {"modules": {"asr_worker": module}, "microphone": told}
        with module_port({"GET /status": (200, status)}) as port:
            found = microphone(settings(orch_port=port.number))
            assert (found.state, found.found, found.mend) == expected
            if "state" not in changed:
                check = recogniser(settings(orch_port=port.number))
                assert (check.state, check.found) == ("ok", LISTENING["recogniser"])


# What is written of it ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "RUN_FIRST.md"])
def test_the_commands_that_a_first_evening_needs_can_be_typed_as_they_stand(name: str) -> None:
    written = re.findall(r"kitsu (ears [a-z ]+[a-z])", (ROOT / name).read_text("utf-8"))
    assert "ears get base" in written
    for command in written:
        help_text = run(None, *command.split(), "--help")
        assert help_text.exit_code == 0, command
        assert command != "ears get", "names no model"


def test_the_readme_names_every_bench_that_measures_a_budget_of_hearing() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for bench in ("endpointing", "heard", "interrupt"):
        assert f"`kitsu bench {bench}`" in text
