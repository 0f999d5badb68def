"""How she is: her file, the settings, and what people change while the show runs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.orchestrator.memory import records
from libs.contracts.control import SetPersona
from libs.settings.personas import PERSONAS
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Persona files of this test's own: the shipped ones and a wilder one."""
    folder = tmp_path / "personas"
    folder.mkdir()
    for path in PERSONAS.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    change(folder, "wild", "chaos: 0.35", "chaos: 0.9", "kitsu")
    change(folder, "wild", "energy: 0.6", "energy: 0.2")
    change(folder, "wild", "family_mode: true", "family_mode: false")
    monkeypatch.setattr("libs.settings.personas.load_persona.__defaults__", (folder,))
    monkeypatch.setattr("libs.settings.personas.persona_names.__defaults__", (folder,))
    monkeypatch.setattr("apps.orchestrator.personas.persona_files.__defaults__", (folder,))
    return folder


def change(folder: Path, name: str, old: str, new: str, of: str = "") -> None:
    text = (folder / f"{of or name}.yaml").read_text("utf-8")
    assert old in text
    (folder / f"{name}.yaml").write_text(text.replace(old, new), "utf-8")


async def persona(show: Stand) -> dict[str, Any]:
    told: dict[str, Any] = (await show.get("/status"))["persona"]
    return told


async def refused(show: Stand, body: dict[str, Any]) -> dict[str, Any]:
    answer = await show.request("POST", "/persona", body)
    assert answer.status_code == 422, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_show_begins_as_the_file_says(tmp_path: Path, folder: Path) -> None:
    stand = Stand(tmp_path, policy_persona="wild")
    await stand.bus.open()
    async with running(stand.worker, stand.worker.bus):
        told = await persona(stand)
        await stand.post("/ingest/chat", {"text": "hi"})
        turn = await stand.committed("hi")
    assert (told["persona"], told["chaos"], told["energy"]) == ("wild", 0.9, 0.2)
    assert told["family_mode"] is False
    assert (turn.persona.persona, turn.persona.chaos) == ("wild", 0.9)
    await stand.bus.close()


@pytest.mark.parametrize("family_mode", [True, False])
async def test_the_setting_of_family_mode_wins_over_the_file_where_it_is_set(
    tmp_path: Path, folder: Path, family_mode: bool
) -> None:
    for name in ("wild", "kitsu"):
        stand = Stand(tmp_path, policy_persona=name, policy_family_friendly=family_mode)
        assert stand.worker.session.snapshot.family_mode is family_mode


async def test_what_people_changed_stays_over_a_restart_and_the_rest_follows_the_file(
    stand: Stand, folder: Path
) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/persona", {"chaos": 0.7})
    change(folder, "kitsu", "chaos: 0.35", "chaos: 0.1")
    change(folder, "kitsu", "energy: 0.6", "energy: 0.5")
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        told = await persona(stand)
    assert (told["chaos"], told["energy"]) == (0.7, 0.5)


async def test_she_becomes_another_persona_live_and_stays_it(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/persona", {"chaos": 0.7, "style": "cozy"})
        told = await stand.post("/persona", {"persona": "kitsu-pt"})
        assert told["persona"] == "kitsu-pt"
        assert told["chaos"] != 0.7
        await stand.post("/ingest/chat", {"text": "oi"})
        turn = await stand.committed("oi")
        assert (turn.persona.persona, turn.persona.language) == ("kitsu-pt", "pt-BR")
        assert "raposa" in turn.persona.system_text
        assert (await stand.next(SetPersona)).persona == "kitsu-pt"
        assert "kitsu-pt" in str(await stand.get("/incidents"))
        await stand.post("/persona", {"energy": 0.9})
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        again = await persona(stand)
    assert (again["persona"], again["energy"]) == ("kitsu-pt", 0.9)


async def test_an_own_change_that_comes_back_over_the_bus_undoes_nothing(show: Stand) -> None:
    await show.post("/persona", {"persona": "kitsu-pt"})
    await show.post("/persona", {"persona": "kitsu"})
    await show.post("/persona", {"chaos": 0.7})
    await show.next(SetPersona, lambda event: event.chaos == 0.7)
    changes = await show.all(SetPersona)
    for event in changes:
        await show.worker.set_persona(event, show.delivery(event))
    told = await persona(show)
    assert (told["persona"], told["chaos"]) == ("kitsu", 0.7)


async def test_a_change_by_another_tool_over_the_bus_counts(show: Stand) -> None:
    await show.bus.publish(SetPersona(persona="kitsu-pt", chaos=0.11, by="deck"))
    await until(lambda: show.worker.session.snapshot.persona == "kitsu-pt")
    assert show.worker.session.snapshot.chaos == 0.11


async def test_family_mode_is_never_turned_off_by_a_change_of_persona(
    show: Stand, folder: Path
) -> None:
    assert (await persona(show))["family_mode"] is True
    assert (await show.post("/persona", {"persona": "wild"}))["family_mode"] is True
    assert (await show.post("/persona", {"family_mode": False}))["family_mode"] is False
    assert (await show.post("/persona", {"persona": "kitsu"}))["family_mode"] is True
    both = {"persona": "wild", "family_mode": False}
    assert (await show.post("/persona", both))["family_mode"] is False


async def test_choosing_the_same_persona_reads_her_file_again_and_keeps_what_was_changed(
    show: Stand, folder: Path
) -> None:
    await show.post("/persona", {"chaos": 0.7, "style": "cozy"})
    change(folder, "kitsu", "You like tea", "You like thunder")
    change(folder, "kitsu", "energy: 0.6", "energy: 0.45")
    told = await show.post("/persona", {"persona": "kitsu"})
    assert (told["chaos"], told["style"], told["energy"]) == (0.7, "cozy", 0.45)
    assert "thunder" in show.worker.session.snapshot.system_text


async def test_another_persona_in_the_settings_begins_anew(tmp_path: Path, folder: Path) -> None:
    stand = Stand(tmp_path, policy_persona="kitsu")
    await stand.bus.open()
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/persona", {"persona": "kitsu-pt", "chaos": 0.7})
    moved = Stand(tmp_path, policy_persona="wild")
    await moved.bus.open()
    async with running(moved.worker, moved.worker.bus):
        told = await persona(moved)
    assert (told["persona"], told["chaos"]) == ("wild", 0.9)


BROKEN = {
    "not yaml": ("chaos: 0.35", "chaos: [", r"line \d+"),
    "a wrong value": ("chaos: 0.35", "chaos: lots", r"kitsu2\.yaml, line 6: chaos"),
    "an unknown setting": ("energy: 0.6", "energie: 0.6", r"line 7: energie: is not a setting"),
    "a placeholder": ("name: Kitsu", "name: ''", r"line 2: name"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_file_is_told_with_its_line_and_changes_nothing(
    show: Stand, folder: Path, case: tuple[str, str, str]
) -> None:
    old, new, told = case
    change(folder, "kitsu2", old, new, "kitsu")
    before = await persona(show)
    problem = await refused(show, {"persona": "kitsu2", "chaos": 0.9})
    assert problem["code"] == "persona"
    assert re.search(told, problem["detail"]), problem["detail"]
    assert await persona(show) == before
    assert await show.all(SetPersona) == []
    [broken] = [
        one for one in (await show.get("/personas"))["personas"] if one["persona"] == "kitsu2"
    ]
    assert re.search(told, broken["problem"])


@pytest.mark.parametrize(
    "name",
    ["nobody", "", "../kitsu", "..", "/etc/passwd", "kitsu.yaml", "KITSU", "\u202ekitsu", "a\x00"],
)  # fmt: skip
async def test_a_name_that_is_no_persona_lists_those_there_are_and_changes_nothing(
    show: Stand, name: str
) -> None:
    before = await persona(show)
    problem = await refused(show, {"persona": name, "chaos": 0.9})
    assert "there are: kitsu, kitsu-pt" in problem["detail"]
    assert await persona(show) == before


@pytest.mark.parametrize(
    "body",
    [{"persona": 7}, {"persona": "x" * 65}, {"persona": ["kitsu"]}, {"chaos": 2}, {"chaos": "x"},
     {"style": "nobody's"}, {"persona": "kitsu-pt", "style": "deadpan?"}, {"odd": 1}],
)  # fmt: skip
async def test_a_wrong_change_changes_nothing(show: Stand, body: dict[str, Any]) -> None:
    before = await persona(show)
    await refused(show, body)
    assert await persona(show) == before


@pytest.mark.parametrize(
    "kept",
    [
        7, [], {"persona": "gone"}, {"persona": 7}, {"chaos": "lots"}, {"chaos": 9},
        {"style": ["x"]}, {"family_mode": "perhaps"}, {"persona": "../kitsu", "chaos": 0.5},
    ],
)  # fmt: skip
async def test_nonsense_in_the_database_does_not_stop_the_show(stand: Stand, kept: Any) -> None:
    await stand.worker.database.open()
    await stand.worker.database.run(lambda db: records.set_setting(db, "persona", kept))
    await stand.worker.database.close()
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        told = await persona(stand)
    assert (told["persona"], told["style"]) == ("kitsu", "playful")
    assert 0 <= told["chaos"] <= 1


async def test_a_chosen_persona_whose_file_is_gone_is_told_and_the_configured_one_is_there(
    stand: Stand, folder: Path
) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/persona", {"persona": "wild", "chaos": 0.77})
    (folder / "wild.yaml").unlink()
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        status = await stand.get("/status")
        assert (status["persona"]["persona"], status["persona"]["chaos"]) == ("kitsu", 0.35)
        assert status["persona"]["family_mode"] is True
        [notice] = [one for one in status["notices"] if one["code"] == "persona"]
        assert "there is no persona 'wild'" in notice["message"]
        await stand.post("/persona", {"persona": "kitsu"})
        assert not [n for n in (await stand.get("/status"))["notices"] if n["code"] == "persona"]


async def test_what_was_kept_before_personas_could_be_chosen_still_counts(stand: Stand) -> None:
    old = {"style": "cozy", "chaos": 0.7, "energy": 0.2, "family_mode": False}
    await stand.worker.database.open()
    await stand.worker.database.run(lambda db: records.set_setting(db, "persona", old))
    await stand.worker.database.close()
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        told = await persona(stand)
    assert {name: told[name] for name in old} == old


async def test_the_panel_can_choose_a_persona_too(show: Stand) -> None:
    from apps.orchestrator.api.stream import _carry_out
    from apps.orchestrator.panel.protocol import PersonaCommand

    await _carry_out(PersonaCommand(id="1", persona="kitsu-pt"), show.worker)
    assert (await persona(show))["persona"] == "kitsu-pt"
    there = await show.get("/personas")
    assert there["current"] == "kitsu-pt"
    assert [(one["persona"], one["language"], one["problem"]) for one in there["personas"]] == [
        ("kitsu", "en", ""),
        ("kitsu-pt", "pt-BR", ""),
    ]
