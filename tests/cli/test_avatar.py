"""`kitsu avatar`: looks and orders over the orchestrator."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli.__main__ import kitsu
from tests.cli.module_port import Answers, ModulePort, module_port, problem

AKARI: dict[str, Any] = {
    "id": "vtube_studio",
    "title": "VTube Studio",
    "link": "ready",
    "model": "Akari",
    "moods": [
        {"mood": "happy", "expression": "Smile.exp3.json", "chosen_by": "panel"},
        {"mood": "sad", "expression": "", "chosen_by": "name"},
    ],
    "expressions": ["Smile.exp3.json", "Blush"],
    "mouth": ["MouthOpen"],
    "taken": ["MouthSmile"],
    "missing": ["vowels"],
}
DRAWN = {"id": "overlay", "title": "Drawn character", "link": "ready", "detail": "In the overlay."}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ORCH_PORT", "1")


def run(port: ModulePort, *arguments: str) -> Result:
    result = CliRunner().invoke(kitsu, ["avatar", *arguments], env={"ORCH_PORT": str(port.number)})
    assert "Traceback" not in result.output
    return result


def avatars(*told: dict[str, Any], **more: Any) -> Answers:
    document = {"there": True, "detail": "", "avatars": list(told), "mood": "happy", **more}
    return {"GET /avatar": (200, document)}


def test_status_says_how_each_avatar_is_and_what_it_lacks() -> None:
    with module_port(avatars(DRAWN, AKARI, bearing="listening")) as port:
        result = run(port, "status")
    assert result.exit_code == 0
    for line in (
        "In the overlay.",
        "Akari",
        "listening",
        "she is",
        "VTube Studio, moves the mouth: MouthOpen",
        "VTube Studio, moved by another program: MouthSmile",
        "VTube Studio, missing: vowels",
    ):
        assert line in result.output


def test_while_nothing_happens_she_rests_in_words_for_people() -> None:
    with module_port(avatars(DRAWN, bearing="idle")) as port:
        result = run(port, "status")
    assert "resting" in result.output
    assert "bearing" not in result.output
    assert "idle" not in result.output


def test_status_fails_when_no_avatar_can_be_moved() -> None:
    waiting = {**AKARI, "link": "waiting", "detail": "Start VTube Studio."}
    with module_port(avatars(waiting)) as port:
        result = run(port, "status")
        document = run(port, "status", "--json")
    assert (result.exit_code, document.exit_code) == (1, 1)
    assert "Start VTube Studio." in result.output
    assert json.loads(document.output)["avatars"][0]["link"] == "waiting"
    with module_port(avatars(there=False, detail="kitsu restart avatar_controller")) as port:
        result = run(port, "status")
    assert (result.exit_code, result.output) == (1, "kitsu restart avatar_controller\n")


def test_moods_tells_which_face_shows_which_mood_and_what_is_left() -> None:
    with module_port(avatars(DRAWN, AKARI)) as port:
        result = run(port, "moods")
        document = json.loads(run(port, "moods", "--json").output)
    assert result.output.splitlines() == [
        "happy  Smile.exp3.json  chosen live",
        "sad    (nothing)",
        "Other expressions: Blush",
    ]
    assert (document["model"], len(document["moods"])) == ("Akari", 2)


def test_moods_without_an_avatar_that_has_faces_says_why() -> None:
    asking = {**AKARI, "link": "asking", "detail": "Click Allow in VTube Studio."}
    with module_port(avatars(DRAWN, asking)) as port:
        named = run(port, "moods", "--avatar", "vtube_studio")
    assert named.exit_code == 1
    assert "Click Allow in VTube Studio." in named.output
    with module_port(avatars(DRAWN)) as port:
        result = run(port, "moods")
    assert result.exit_code == 1
    assert "kitsu avatar status" in result.output


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (DRAWN, "Drawn character: the page draws every mood by itself"),
        ({**AKARI, "moods": [], "detail": "No model is loaded: load one."}, "load one."),
    ],
)
def test_moods_of_an_avatar_without_faces_are_not_an_empty_answer(
    told: dict[str, Any], says: str
) -> None:
    with module_port(avatars(told)) as port:
        result = run(port, "moods", "--avatar", told["id"])
    assert result.exit_code == 1
    assert says in result.output


ORDERS: list[tuple[tuple[str, ...], str, dict[str, Any]]] = [
    (
        ("map", "happy", "Big grin"),
        "PUT moods",
        {"avatar": None, "mood": "happy", "expression": "Big grin"},
    ),
    (("map", "sad", "--none"), "PUT moods", {"avatar": None, "mood": "sad", "expression": ""}),
    (
        ("map", "sad", "--found", "--avatar", "veadotube"),
        "PUT moods",
        {"avatar": "veadotube", "mood": "sad", "expression": None},
    ),
    (("try", "Blush"), "POST try", {"avatar": None, "expression": "Blush", "seconds": 3.0}),
    (
        ("try", "Blush", "--seconds", "5"),
        "POST try",
        {"avatar": None, "expression": "Blush", "seconds": 5.0},
    ),
    (("do", "wave"), "POST hotkey", {"hotkey": "wave"}),
    (("item", "heart"), "POST item", {"item": "heart"}),
    (("sign-in",), "POST sign-in", {"avatar": None}),
]


@pytest.mark.parametrize(("arguments", "where", "body"), ORDERS)
def test_an_order_is_sent_and_what_was_done_is_told(
    arguments: tuple[str, ...], where: str, body: dict[str, Any]
) -> None:
    method, path = where.split()
    answers: Answers = {f"{method} /avatar/{path}": (200, {"done": "It is \x1b[31mdone."})}
    with module_port(answers) as port:
        result = run(port, *arguments)
        with_json = run(port, *arguments, "--json")
    assert result.exit_code == 0
    assert "done." in result.output
    assert "\x1b" not in result.output
    assert json.loads(with_json.output)["done"] == "It is \x1b[31mdone."
    assert port.heard[0] == (f"{method} /avatar/{path}", body)


def test_a_refusal_is_told_with_exit_code_1() -> None:
    answers: Answers = {
        "POST /avatar/hotkey": problem(
            404, "The avatar does not have that", "Did you mean 'Wave'?", "not_found"
        )
    }
    with module_port(answers) as port:
        result = run(port, "do", "wvae")
    assert result.exit_code == 1
    assert "Did you mean 'Wave'?" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("map", "happy"),
        ("map", "happy", "Smile", "--none"),
        ("map", "grumpy", "Smile"),
        ("try",),
        ("try", "Blush", "--seconds", "0"),
        ("try", "Blush", "--avatar", "vseeface"),
        ("item",),
        ("dance",),
    ],
)
def test_wrong_use_is_exit_code_2_and_nothing_is_sent(arguments: tuple[str, ...]) -> None:
    with module_port({}) as port:
        assert run(port, *arguments).exit_code == 2
    assert port.heard == []


@pytest.mark.parametrize("answer", [{"avatars": []}, {"there": True, "avatars": [{"id": "odd"}]}])
def test_an_orchestrator_of_another_version_is_said(answer: dict[str, Any]) -> None:
    with module_port({"GET /avatar": (200, answer)}) as port:
        result = run(port, "status")
    assert result.exit_code == 1
    assert "version" in result.output


def test_without_a_running_show_the_step_is_said() -> None:
    result = CliRunner().invoke(kitsu, ["avatar", "status"])
    assert result.exit_code == 1
    assert "kitsu up" in result.output
