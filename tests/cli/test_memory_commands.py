"""`kitsu memory`: looks and orders over the orchestrator, with whatever viewers call themselves."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli.__main__ import kitsu
from apps.cli.commands.memory import memory_command
from tests.cli.module_port import Answers, ModulePort, module_port, problem

#: Turns the line around, clears the screen, and would be a formula, a path and a query.
HOSTILE = "=cmd|\u202e\x1b[2J\u200b/../%2e?a=b&c #\U0001f98a"
ANN = {"viewer_id": "twitch:1", "name": "ann", "messages": 2, "facts": 1, "last_at": 1.0}
EVE = {"viewer_id": HOSTILE, "name": HOSTILE, "messages": 1, "facts": 0, "last_at": 1.0}
FACT = {"fact_id": 17, "viewer_id": "twitch:1", "name": "ann", "text": "my cat is called Miso"}
KEPT = {
    "viewer_id": "twitch:1",
    "facts": [FACT],
    "messages": [{"turn_id": "t1", "name": "ann", "role": "viewer", "text": "hello", "at": 1.0}],
    "answers": [{"turn_id": "t1", "text": "Hi ann!", "at": 1.0}],
    "unanswered": [{"text": "hey", "at": 1.0, "state": "skipped", "reason": "spam"}],
}
HOSTILE_PATH = (
    "/memory/viewers/%3Dcmd%7C%E2%80%AE%1B%5B2J%E2%80%8B%2F..%2F%252e%3Fa%3Db%26c%20%23%F0%9F%A6%8A"
)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ORCH_PORT", "1")
    return tmp_path / "data"


def run(port: ModulePort | None, *arguments: str, typed: str | None = None) -> Result:
    environment = {"ORCH_PORT": str(port.number)} if port else {}
    result = CliRunner().invoke(kitsu, ["memory", *arguments], input=typed, env=environment)
    assert "Traceback" not in result.output
    assert "\x1b" not in result.stdout
    return result


def known(*viewers: dict[str, Any], named: str = "ann", **more: Any) -> Answers:
    """An orchestrator that knows these viewers under a name."""
    return {
        f"GET /memory/viewers?limit=11&named={named}": (200, {"viewers": list(viewers)}),
        "GET /memory/viewers?limit=5000": (200, {"viewers": [ANN, EVE]}),
        "GET /memory/viewers/twitch%3A1": (200, KEPT),
        "DELETE /memory/viewers/twitch%3A1": (200, {"viewer_id": "twitch:1", "removed": 9}),
        f"GET {HOSTILE_PATH}": (200, {**KEPT, "viewer_id": HOSTILE}),
        f"DELETE {HOSTILE_PATH}": (200, {"viewer_id": HOSTILE, "removed": 3}),
        **more,
    }


def test_every_command_explains_itself_with_an_example() -> None:
    for name in memory_command.commands:
        result = CliRunner().invoke(kitsu, ["memory", name, "--help"], prog_name="kitsu")
        assert f"\n    kitsu memory {name}" in result.output.partition("Example")[2]


def test_the_help_of_the_group_shows_a_whole_sentence_for_each_command() -> None:
    result = CliRunner().invoke(kitsu, ["memory", "--help"], prog_name="kitsu", terminal_width=80)
    assert "..." not in result.output.partition("Commands:")[2]


def test_show_tells_summary_facts_and_why_they_were_used() -> None:
    overview = {
        "current_summary": "Lately you talked with ann.",
        "messages": 3,
        "facts": [FACT],
        "recalled": [{"input": "my cat?", "about": "ann", "text": FACT["text"], "why": "her own"}],
    }
    with module_port({"GET /memory": (200, overview)}) as port:
        said = run(port, "show")
        document = run(port, "show", "--json")
    assert said.exit_code == 0
    for part in ("3 messages", "Lately you talked", "17  ann  my cat is called Miso", "her own"):
        assert part in said.stdout
    assert json.loads(document.stdout) == overview


def test_one_viewer_is_shown_by_name_or_id() -> None:
    for wanted, named in (("ann", "ann"), ("ANN", "ANN"), ("twitch:1", "twitch%3A1")):
        with module_port(known(ANN, named=named)) as port:
            said = run(port, "show", "--viewer", wanted)
            document = run(port, "show", "--viewer", wanted, "--json")
        assert "my cat is called Miso" in said.stdout
        assert "1 answers to them, 1 lines not answered" in said.stdout
        assert json.loads(document.stdout) == {"name": "ann", **KEPT}


def test_viewers_are_listed() -> None:
    with module_port({"GET /memory/viewers?limit=200": (200, {"viewers": [ANN, EVE]})}) as port:
        said = run(port, "viewers")
        document = run(port, "viewers", "--json")
    assert "ann" in said.stdout
    assert "\u202e" not in said.stdout
    assert json.loads(document.stdout)["viewers"][1]["name"] == HOSTILE


def test_forgetting_asks_first_and_no_means_no() -> None:
    with module_port(known(ANN)) as port:
        no = run(port, "forget", "ann", typed="n\n")
        silent = run(port, "forget", "ann", typed="")
        assert not [what for what, _ in port.heard if what.startswith("DELETE")]
        yes = run(port, "forget", "ann", typed="y\n")
    assert (no.exit_code, silent.exit_code, yes.exit_code) == (1, 1, 0)
    assert "ann (twitch:1): 2 lines, 1 facts" in no.output
    assert "ann is forgotten (9 records)" in yes.output
    assert port.heard[-1] == ("DELETE /memory/viewers/twitch%3A1", None)


def test_a_name_that_two_viewers_have_is_wrong_use_and_both_ids_are_told() -> None:
    other = {**ANN, "viewer_id": "youtube:7"}
    with module_port(known(ANN, other)) as port:
        result = run(port, "forget", "ann", "--yes")
        assert not [what for what, _ in port.heard if what.startswith("DELETE")]
    assert result.exit_code == 2
    assert "twitch:1" in result.stderr
    assert "youtube:7" in result.stderr


def test_an_id_wins_over_a_name_that_looks_like_it() -> None:
    impostor = {**ANN, "viewer_id": "youtube:7", "name": "twitch:1"}
    with module_port(known(impostor, ANN, named="twitch%3A1")) as port:
        assert run(port, "forget", "twitch:1", "--yes").exit_code == 0
    assert port.heard[-1][0] == "DELETE /memory/viewers/twitch%3A1"


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with module_port(known(named="anm")) as port:
        result = run(port, "show", "--viewer", "anm")
    assert result.exit_code == 1
    assert "Did you mean 'ann'?" in result.stderr


def test_a_hostile_name_reaches_the_right_viewer_and_not_the_terminal() -> None:
    quoted = HOSTILE_PATH.rpartition("/")[2].replace("%20", "+")
    with module_port(known(EVE, named=quoted)) as port:
        shown = run(port, "show", "--viewer", HOSTILE)
        gone = run(port, "forget", HOSTILE, typed="y\n")
    assert (shown.exit_code, gone.exit_code) == (0, 0)
    assert port.heard[-1] == (f"DELETE {HOSTILE_PATH}", None)
    for output in (shown.output, gone.output):
        assert not {"\u202e", "\x1b", "\u200b"} & set(output)


def test_an_export_has_everything_and_is_only_for_its_owner(tmp_path: Path) -> None:
    one, everybody = tmp_path / "ann.json", tmp_path / "all.json"
    with module_port(known(ANN)) as port:
        assert run(port, "export", "ann", "-o", str(one)).exit_code == 0
        assert run(port, "export", "--all", "-o", str(everybody)).exit_code == 0
    assert json.loads(one.read_text("utf-8")) == {"name": "ann", **KEPT}
    parts = json.loads(everybody.read_text("utf-8"))["viewers"]
    assert [part["name"] for part in parts] == ["ann", HOSTILE]
    if sys.platform != "win32":
        assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_an_export_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with module_port(known(ANN)) as port:
        result = run(port, "export", "ann", "-o", str(tmp_path / "no" / "such" / "a.json"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_orders_say_what_was_done() -> None:
    answers: Answers = {
        "POST /memory/facts": (201, {"text": "the giveaway is on friday"}),
        "DELETE /memory/facts/17": (200, {"fact_id": 17}),
        "POST /memory/backup": (200, {"file": "/data/kitsu-1.sqlite", "bytes": 4096}),
    }
    with module_port(answers) as port:
        learned = run(port, "remember", "the giveaway is on friday")
        gone = run(port, "forget-fact", "17")
        copied = run(port, "backup")
        document = run(port, "backup", "--json")
    assert learned.stdout == "remembered: the giveaway is on friday\n"
    assert port.heard[0] == ("POST /memory/facts", {"text": "the giveaway is on friday"})
    assert gone.stdout == "fact 17 is forgotten\n"
    assert copied.stdout == "/data/kitsu-1.sqlite (4096 bytes)\n"
    assert json.loads(document.stdout)["bytes"] == 4096


def test_a_refusal_is_told_in_the_words_of_the_problem() -> None:
    refusal = problem(422, "Not remembered", "She would not be allowed to say that.", "blocked")
    with module_port({"POST /memory/facts": refusal}) as port:
        result = run(port, "remember", "something vile")
    assert result.exit_code == 1
    assert result.stderr == "Not remembered: She would not be allowed to say that.\n"


@pytest.mark.parametrize("document", [[], {"viewers": 5}, {"viewers": [{"name": 1}]}])
def test_an_answer_of_another_version_is_no_crash(document: Any) -> None:
    with module_port({"GET /memory/viewers?limit=200": (200, document)}) as port:
        assert run(port, "viewers").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("forget",), "VIEWER"),
        (("forget", " ", "--yes"), "name or an id"),
        (("forget", "x" * 200, "--yes"), "128"),
        (("forget", "ann", "--json"), "--yes"),
        (("forget-fact", "0"), "1<=x"),
        (("forget-fact", "first"), "not a valid integer"),
        (("remember", "  "), "empty"),
        (("export", "ann"), "--output"),
        (("export", "-o", "x.json"), "VIEWER"),
        (("export", "ann", "--all", "-o", "x.json"), "--all"),
        (("viewers", "--limit", "0"), "1<=x<=5000"),
        (("shwo",), "No such command"),
    ],
)
def test_wrong_use_is_code_2_and_nothing_is_sent(arguments: tuple[str, ...], says: str) -> None:
    with module_port({}) as port:
        result = run(port, *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert port.heard == []


def test_without_a_running_kitsu_the_step_is_named() -> None:
    for arguments in (("show",), ("viewers",), ("forget", "ann", "--yes"), ("backup",)):
        result = run(None, *arguments)
        assert result.exit_code == 1
        assert "kitsu up" in result.output
