"""`kitsu models` and `kitsu persona`: looks and orders, and programs that answer anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli.__main__ import kitsu
from apps.cli.progress_line import ProgressLine
from tests.cli.module_port import ModulePort, module_port, problem

AWAY = "Ollama does not answer at 127.0.0.1:11434: start it with `ollama serve`"
NO_MODEL = "Ollama has no model llama3.2: run `ollama pull llama3.2`"
HOSTILE = "fox\u202e\x1b[2J\u200b"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path / "data"))
    for name in ("ORCH_PORT", "POLICY_WORKER_PORT"):
        monkeypatch.setenv(name, "1")


def run(port: ModulePort | None, *arguments: str) -> Result:
    names = ("ORCH_PORT", "POLICY_WORKER_PORT")
    environment = dict.fromkeys(names, str(port.number)) if port else {}
    result = CliRunner().invoke(kitsu, arguments, env=environment)
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output
    assert "--json" in arguments or "\u202e" not in result.output
    return result


def told(complaint: str = "", *missing: str, **more: Any) -> dict[str, Any]:
    there = not complaint
    ollama = {
        "engine": "ollama",
        "label": "Ollama (llama3.2)",
        "complaint": complaint,
        "first": there,
    }
    scripted = {"engine": "scripted", "label": "scripted", "first": not there}
    document = {
        "functions": {"chat": [ollama, scripted], "code": [ollama, scripted], "vision": []},
        "ollama": {"address": "127.0.0.1:11434", "answers": complaint != AWAY, "models": []},
        "missing": list(missing),
        "pull": None,
    }
    return {**document, **more}


def events(*documents: dict[str, Any]) -> bytes:
    return "".join(
        f"event: progress\ndata: {json.dumps(document)}\n\n" for document in documents
    ).encode()


def step(percent: float, **more: Any) -> dict[str, Any]:
    total = 2_000_000_000
    done = int(percent / 100 * total)
    base = {"model": "fox", "completed_bytes": done, "total_bytes": total, "percent": percent}
    return {**base, **more}


# kitsu models ------------------------------------------------------------------------------------


def test_who_answers_and_what_ollama_has_is_listed() -> None:
    models = [{"name": "llama3.2:latest", "size_bytes": 2_019_393_189}]
    ollama = {"address": "127.0.0.1:11434", "answers": True, "models": models}
    with module_port({"GET /models": (200, told(ollama=ollama))}) as port:
        result = run(port, "models")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split("  ")[0] == "chat"
    assert "Ollama (llama3.2)" in lines[0]
    assert lines[2].startswith("pictures  nobody")
    assert lines[3:] == ["Ollama at 127.0.0.1:11434 has:", "  llama3.2:latest  2.0 GB"]


def test_without_ollama_the_one_step_is_said_once() -> None:
    with module_port({"GET /models": (200, told(AWAY))}) as port:
        result = run(port, "models")
    assert result.exit_code == 0
    assert "chat      the scripted persona" in result.output
    assert result.output.count("ollama serve") == 1
    assert "kitsu models pull" not in result.output


def test_a_missing_model_is_named_with_the_command_that_gets_it() -> None:
    with module_port({"GET /models": (200, told(NO_MODEL, "llama3.2"))}) as port:
        result = run(port, "models")
    assert "Get it with: kitsu models pull llama3.2" in result.output


def test_as_json_there_is_one_document_as_it_came() -> None:
    document = told(more="kept")
    with module_port({"GET /models": (200, document)}) as port:
        result = run(port, "models", "--json")
    assert json.loads(result.stdout) == document


def test_hostile_names_are_made_visible() -> None:
    ollama = {"address": HOSTILE, "answers": True, "models": [{"name": HOSTILE}]}
    with module_port({"GET /models": (200, told(HOSTILE, HOSTILE, ollama=ollama))}) as port:
        result = run(port, "models")
    assert result.exit_code == 0
    assert "\\u202e" in result.output


@pytest.mark.parametrize("arguments", [("models",), ("models", "pull", "fox"), ("models", "stop")])
def test_without_a_brain_the_step_is_to_start_kitsu(arguments: tuple[str, ...]) -> None:
    result = run(None, *arguments)
    assert result.exit_code == 1
    assert "kitsu up" in result.output


@pytest.mark.parametrize(
    "answer",
    [(200, b"<html>"), (200, []), (200, {}), (200, {"functions": 7}), (401, {}), (500, b"")],
)
def test_what_is_no_answer_of_ours_is_told_in_one_or_two_lines(answer: tuple[int, Any]) -> None:
    with module_port({"GET /models": answer}) as port:
        result = run(port, "models")
    assert result.exit_code == 1
    assert 1 <= len(result.output.splitlines()) <= 2


def test_a_pull_shows_how_far_it_is_and_ends_well() -> None:
    answer = events(
        {"model": "fox", "status": "pulling manifest"},
        step(2.0),
        step(43.0),
        step(100.0, done=True, ok=True, message="fox is there."),
    )
    with module_port({"POST /models/pull": (200, answer)}) as port:
        result = run(port, "models", "pull", "fox")
    assert result.exit_code == 0
    assert result.stdout.strip() == "fox is there."
    assert "pulling manifest" in result.stderr
    assert "43 %  860 MB of 2.0 GB" in result.stderr
    assert port.heard == [("POST /models/pull", {"model": "fox"})]


def test_a_pull_as_json_says_only_how_it_ended() -> None:
    answer = events(step(2.0), step(100.0, done=True, ok=True, message="fox is there."))
    with module_port({"POST /models/pull": (200, answer)}) as port:
        result = run(port, "models", "pull", "fox", "--json")
    assert json.loads(result.stdout)["ok"] is True
    assert result.stderr == ""


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_pull_that_fails_says_why(as_json: tuple[str, ...]) -> None:
    failed = step(10.0, done=True, ok=False, reason="model_missing", message=f"no such {HOSTILE}")
    with module_port({"POST /models/pull": (200, events(failed))}) as port:
        result = run(port, "models", "pull", "fox", *as_json)
    assert result.exit_code == 1
    assert "no such fox" in result.output


def test_a_brain_that_breaks_off_in_a_pull_is_told() -> None:
    odd = b"data: not json\n\nevent: x\ndata: 7\n\n\xff\xfe\n: comment\n"
    for answer in (b"", odd, events(step(5.0)) + odd):
        with module_port({"POST /models/pull": (200, answer)}) as port:
            result = run(port, "models", "pull", "fox")
        assert result.exit_code == 1
        assert "kitsu models" in result.output


def test_a_name_that_is_none_is_wrong_use() -> None:
    refused = problem(422, "Wrong input", "model: String should match", "input")
    with module_port({"POST /models/pull": refused}) as port:
        result = run(port, "models", "pull", "../../etc")
    assert result.exit_code == 2
    assert "owner/name:tag" in result.output


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (problem(503, "Ollama is not there", "start it with `ollama serve`", "x"), "ollama serve"),
        (
            problem(409, "Another pull runs", "cat is being pulled: wait", "x"),
            "cat is being pulled",
        ),
    ],
)
def test_a_refused_pull_says_what_mends_it(answer: Any, says: str) -> None:
    with module_port({"POST /models/pull": answer}) as port:
        result = run(port, "models", "pull", "fox")
    assert result.exit_code == 1
    assert says in result.output


def test_ctrl_c_stops_the_pull_and_says_how_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(line: ProgressLine, percent: float, text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ProgressLine, "show", interrupted)
    answers = {
        "POST /models/pull": (200, events(step(2.0), step(3.0))),
        "DELETE /models/pull": (200, {"pull": step(2.0, done=True, message="Stopped.")}),
    }
    with module_port(answers) as port:
        result = run(port, "models", "pull", "fox")
    assert result.exit_code == 1
    assert "kitsu models pull fox" in result.output
    assert [asked for asked, _ in port.heard] == ["POST /models/pull", "DELETE /models/pull"]


@pytest.mark.parametrize(
    ("pull", "says"),
    [(None, "No pull runs."), (step(2.0, done=True, message="Stopped."), "fox: Stopped.")],
)
def test_a_pull_that_was_begun_elsewhere_can_be_stopped(pull: Any, says: str) -> None:
    with module_port({"DELETE /models/pull": (200, {"pull": pull})}) as port:
        result = run(port, "models", "stop")
    assert (result.exit_code, result.output.strip()) == (0, says)


# kitsu persona -----------------------------------------------------------------------------------

NOW = {
    "persona": "kitsu",
    "name": "Kitsu",
    "style": "playful",
    "styles": ["playful", "calm"],
    "chaos": 0.35,
    "energy": 0.6,
    "family_mode": True,
}
FILES = {
    "current": "kitsu",
    "personas": [
        {"persona": "kitsu", "name": "Kitsu", "language": "en", "problem": ""},
        {"persona": "kitsu-pt", "name": "Kitsu", "language": "pt-BR", "problem": ""},
        {"persona": "odd", "problem": f"odd.yaml, line 6: chaos: {HOSTILE}\nodd.yaml, line 9: x"},
    ],
}


def test_who_she_is_and_whom_she_can_become_is_listed() -> None:
    answers = {"GET /status": (200, {"persona": NOW}), "GET /personas": (200, FILES)}
    with module_port(answers) as port:
        result = run(port, "persona")
        as_json = run(port, "persona", "--json")
    assert result.exit_code == 0
    first = "Kitsu (kitsu): playful, chaos 0.35, energy 0.60, family mode on"
    assert result.output.splitlines()[0] == first
    assert "*  kitsu     Kitsu  en" in result.output
    assert "   kitsu-pt  Kitsu  pt-BR" in result.output
    assert "odd cannot be used:" in result.output
    assert "  odd.yaml, line 9: x" in result.output
    assert json.loads(as_json.stdout) == {**NOW, "personas": FILES["personas"]}


def test_she_becomes_another_persona_and_only_what_was_said_is_changed() -> None:
    with module_port({"POST /persona": (200, {**NOW, "persona": "kitsu-pt"})}) as port:
        result = run(port, "persona", "kitsu-pt")
        run(port, "persona", "--style", "calm", "--chaos", "0.2", "--no-family")
        run(port, "persona", "--chaos", "0")
    assert "Kitsu (kitsu-pt)" in result.output
    assert [body for _, body in port.heard] == [
        {"persona": "kitsu-pt"},
        {"style": "calm", "chaos": 0.2, "family_mode": False},
        {"chaos": 0.0},
    ]


def test_a_refused_persona_is_told_with_its_lines() -> None:
    detail = f"odd.yaml, line 6: chaos: {HOSTILE}\nodd.yaml, line 9: energie: is not a setting"
    refused = problem(422, "The persona is still the same", detail, "persona")
    with module_port({"POST /persona": refused}) as port:
        result = run(port, "persona", "odd")
    assert result.exit_code == 1
    assert "odd.yaml, line 9: energie" in result.output


@pytest.mark.parametrize(
    "wrong", [("--chaos", "2"), ("--energy", "lots"), ("--style",), ("a", "b")]
)
def test_wrong_use_is_exit_code_2_and_asks_nobody(wrong: tuple[str, ...]) -> None:
    with module_port({}) as port:
        assert run(port, "persona", *wrong).exit_code == 2
    assert port.heard == []


@pytest.mark.parametrize("status", [{}, {"persona": 7}, {"persona": {}}, {"persona": {"name": []}}])
def test_another_program_is_not_believed(status: Any) -> None:
    answers = {"GET /status": (200, status), "GET /personas": (200, FILES)}
    with module_port(answers) as port:
        result = run(port, "persona")
    assert result.exit_code == 1
    assert len(result.output.splitlines()) <= 2
