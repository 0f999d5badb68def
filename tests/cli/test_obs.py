"""`kitsu obs`: orders and looks over the orchestrator."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli.__main__ import kitsu
from apps.cli.commands.obs import obs_command
from libs.contracts.studio import (
    PanicStep,
    StudioChanged,
    StudioInput,
    StudioLink,
    StudioPanic,
)
from libs.worker.access import Access, Scope
from tests.cli.module_port import Answers, ModulePort, module_port, problem

STUDIO = StudioChanged(
    show="main",
    source="test",
    link=StudioLink.READY,
    detail="OBS 29.0.2 answers",
    obs_version="29.0.2",
    scene="Live",
    scenes=("Starting", "Live", "BRB"),
    inputs=(
        StudioInput(name="Mic", muted=True, volume_db=-3.25, role="mic"),
        StudioInput(name="Kitsu overlay", role="voice"),
    ),
    transition="Fade",
    recording="paused",
    missing=("BRB scene",),
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ORCH_PORT", "1")
    return tmp_path / "data"


def run(port: ModulePort, *arguments: str) -> Result:
    environment = {"ORCH_PORT": str(port.number)}
    result = CliRunner().invoke(kitsu, ["obs", *arguments], env=environment)
    assert "Traceback" not in result.output
    return result


def studio(answer: Any = None) -> Answers:
    return {"GET /obs": (200, answer if answer is not None else STUDIO.model_dump(mode="json"))}


ORDERS: list[tuple[tuple[str, ...], str, dict[str, Any]]] = [
    (("scene", "Just chatting"), "scene", {"scene": "Just chatting"}),
    (("scene",), "scene", {"scene": ""}),
    (("mute", "Mic"), "mute", {"input": "Mic", "muted": True}),
    (("mute", "Mic", "--off"), "mute", {"input": "Mic", "muted": False}),
    (("volume", "Mic", "-12.5"), "volume", {"input": "Mic", "volume_db": -12.5}),
    (("volume", "Mic", "0"), "volume", {"input": "Mic", "volume_db": 0}),
    (
        ("source", "Sparkles", "--show"),
        "source",
        {"scene": "", "source": "Sparkles", "visible": True},
    ),
    (
        ("source", "Sparkles", "--hide", "--scene", "Live"),
        "source",
        {"scene": "Live", "source": "Sparkles", "visible": False},
    ),
    (
        ("filter", "Live", "Disco", "--on"),
        "filter",
        {"source": "Live", "filter": "Disco", "enabled": True},
    ),
    (
        ("filter", "Live", "Disco", "--off"),
        "filter",
        {"source": "Live", "filter": "Disco", "enabled": False},
    ),
    (("text", "Title", "Back\nat nine"), "text", {"source": "Title", "text": "Back\nat nine"}),
    (("media", "Applause", "play"), "media", {"source": "Applause", "action": "play"}),
    (("record", "pause"), "record", {"action": "pause"}),
    (("replay", "save"), "replay", {"action": "save"}),
    (
        ("transition", "Fade", "--ms", "500"),
        "transition",
        {"transition": "Fade", "duration_ms": 500},
    ),
    (("transition", "Cut"), "transition", {"transition": "Cut"}),
    (("action", "applause"), "action", {"action": "applause"}),
]


@pytest.mark.parametrize(("arguments", "path", "body"), ORDERS)
def test_an_order_is_one_post_as_the_operator(
    data: Path, arguments: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    done = {"done": "that is done now", "path": "/videos/a.mkv"}
    with module_port({f"POST /obs/{path}": (200, done)}) as port:
        said = run(port, *arguments)
        document = run(port, *arguments, "--json")
    assert (said.exit_code, said.stdout) == (0, "that is done now\n")
    assert port.heard == [(f"POST /obs/{path}", body)] * 2
    assert port.tokens == {f"Bearer {Access(data).token(Scope.OPERATOR)}"}
    assert json.loads(document.stdout) == done


def test_the_file_of_a_recording_is_told(data: Path) -> None:
    answer = {"done": "recording stopped", "file": "/videos/a.mkv"}
    with module_port({"POST /obs/record": (200, answer)}) as port:
        assert run(port, "record", "stop").stdout == "recording stopped: /videos/a.mkv\n"


def test_a_refusal_is_not_said_twice(data: Path) -> None:
    refusal = problem(409, "Panic is engaged", "Panic is engaged. Release it first.", "panic")
    with module_port({"POST /obs/mute": refusal}) as port:
        assert run(port, "mute", "Mic").stderr == "Panic is engaged. Release it first.\n"


def test_every_order_is_tried_here() -> None:
    looks = {"status", "scenes", "screenshot", "setup"}
    assert {arguments[0] for arguments, *_ in ORDERS} == set(obs_command.commands) - looks


def test_every_command_explains_itself_with_an_example() -> None:
    for name in obs_command.commands:
        result = CliRunner().invoke(kitsu, ["obs", name, "--help"], prog_name="kitsu")
        assert f"\n    kitsu obs {name}" in result.output.partition("Example")[2]


def test_the_help_of_the_group_shows_a_whole_sentence_for_each_command() -> None:
    result = CliRunner().invoke(kitsu, ["obs", "--help"], prog_name="kitsu", terminal_width=80)
    assert "..." not in result.output.partition("Commands:")[2]


def test_a_refusal_is_told_in_the_words_of_the_problem(data: Path) -> None:
    refusal = problem(404, "Not found in OBS", "No scene 'Lve'. Did you mean 'Live'?", "not_found")
    with module_port({"POST /obs/scene": refusal}) as port:
        result = run(port, "scene", "Lve")
    assert result.exit_code == 1
    assert result.stderr == "Not found in OBS: No scene 'Lve'. Did you mean 'Live'?\n"
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("volume", "Mic", "3"), "-100<=x<=0"),
        (("volume", "Mic", "loud"), "not a valid float"),
        (("volume", "Mic", "nan"), "from -100 to 0"),
        (("source", "Sparkles"), "--show or --hide"),
        (("filter", "Live", "Disco"), "--on or --off"),
        (("record", "rewind"), "'resume'"),
        (("transition", "Fade", "--ms", "5"), "50<=x<=20000"),
        (("screenshot", "-o", "now.gif"), ".png or .jpg"),
        (("screenshot", "-o", "now.png", "--width", "9000"), "64<=x<=1920"),
        (("mute",), "INPUT"),
    ],
)
def test_wrong_use_is_code_2_and_nothing_is_sent(
    data: Path, arguments: tuple[str, ...], says: str
) -> None:
    with module_port({}) as port:
        result = run(port, *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert port.heard == []


def test_without_a_running_kitsu_the_step_is_named(data: Path) -> None:
    for arguments in (("status",), ("scenes",), ("mute", "Mic"), ("screenshot", "-o", "now.png")):
        result = CliRunner().invoke(kitsu, ["obs", *arguments])
        assert result.exit_code == 1
        assert "kitsu up" in result.output


def test_status_tells_scene_inputs_and_outputs(data: Path) -> None:
    with module_port(studio()) as port:
        result = run(port, "status")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines == [
        "OBS ready OBS 29.0.2 answers",
        "scene Live others: Starting, BRB",
        "Mic muted -3.2 dB, microphone",
        "Kitsu overlay on her voice",
        "transition Fade",
        "recording paused",
        "replay off",
        "stream off",
        "missing BRB scene",
        "Make it with: kitsu obs setup",
    ]


def test_status_tells_what_panic_could_not_do(data: Path) -> None:
    steps = (
        PanicStep(what="mute", target="Mic", ok=True),
        PanicStep(what="filter", target="Grey", ok=False, message="no such filter"),
    )
    changes = {"panic": StudioPanic.PARTLY, "panic_steps": steps}
    about = STUDIO.model_copy(update=changes).model_dump(mode="json")
    with module_port(studio(about)) as port:
        assert "partly failed: Grey" in " ".join(run(port, "status").stdout.split())


def test_status_of_an_obs_that_is_not_there_is_code_1_with_the_step(data: Path) -> None:
    about = StudioChanged(
        show="main", source="test", link=StudioLink.WAITING, detail="Nothing answers: start OBS."
    )
    with module_port(studio(about.model_dump(mode="json"))) as port:
        said, document = run(port, "status"), run(port, "status", "--json")
        scenes = run(port, "scenes")
    assert (said.exit_code, document.exit_code, scenes.exit_code) == (1, 1, 1)
    assert "Nothing answers: start OBS." in said.stdout
    assert "Nothing answers: start OBS." in scenes.stderr
    assert json.loads(document.stdout)["link"] == "waiting"


def test_scenes_have_a_star_at_the_one_on_air(data: Path) -> None:
    with module_port(studio()) as port:
        assert run(port, "scenes").stdout == "   Starting\n*  Live\n   BRB\n"
        document = json.loads(run(port, "scenes", "--json").stdout)
    assert document == {"scene": "Live", "scenes": ["Starting", "Live", "BRB"]}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"link": ["ready"]},
        {"link": "ready", "scenes": None},
        {"link": "ready", "inputs": [1], "panic_steps": [2]},
    ],
)
def test_a_kitsu_of_another_version_is_named_as_such(data: Path, answer: Any) -> None:
    with module_port(studio(answer)) as port:
        for command in ("status", "scenes"):
            result = run(port, command)
            assert (result.exit_code, "another version" in result.stderr) == (1, True)


def test_names_from_obs_cannot_play_tricks_on_the_terminal(data: Path) -> None:
    about = STUDIO.model_copy(update={"scene": "\x1b[2Jx", "scenes": ("\x1b[2Jx", "\u202ey")})
    answers = {
        **studio(about.model_dump(mode="json")),
        "POST /obs/scene": (200, {"done": "on air: \x1b[2J"}),
    }
    with module_port(answers) as port:
        said = [run(port, *c).output for c in (("status",), ("scenes",), ("scene", "x"))]
    assert not any(sign in text for text in said for sign in ("\x1b", "\u202e"))


def test_a_screenshot_is_written_in_the_format_of_its_name(data: Path, tmp_path: Path) -> None:
    answers = {
        "GET /obs/screenshot?width=480&format=jpg": (200, b"\xff\xd8 jpg"),
        "GET /obs/screenshot?width=640&format=png": (200, b"\x89PNG"),
    }
    with module_port(answers) as port:
        assert run(port, "screenshot", "-o", str(tmp_path / "a.JPG")).exit_code == 0
        assert (
            run(port, "screenshot", "-o", str(tmp_path / "b.png"), "--width", "640").exit_code == 0
        )
        nowhere = run(port, "screenshot", "-o", str(tmp_path / "no" / "c.jpg"))
    assert (tmp_path / "a.JPG").read_bytes() == b"\xff\xd8 jpg"
    assert (tmp_path / "b.png").read_bytes() == b"\x89PNG"
    assert nowhere.exit_code == 1
    assert "cannot be written" in nowhere.stderr


def test_a_screenshot_that_was_refused_writes_no_file(data: Path, tmp_path: Path) -> None:
    refusal = problem(503, "OBS is not ready", "Start OBS.", "obs_not_ready")
    with module_port({"GET /obs/screenshot?width=480&format=jpg": refusal}) as port:
        result = run(port, "screenshot", "-o", str(tmp_path / "a.jpg"))
    assert (result.exit_code, result.stderr) == (1, "OBS is not ready: Start OBS.\n")
    assert not (tmp_path / "a.jpg").exists()
