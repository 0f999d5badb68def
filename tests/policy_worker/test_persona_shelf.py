"""Which persona answers a turn, by what the turn says of its persona."""

from pathlib import Path

import pytest

from apps.policy_worker.persona_shelf import PersonaShelf
from libs.contracts.control import SetPersona
from libs.contracts.conversation import PersonaSnapshot
from libs.settings.personas import PERSONAS
from tests.policy_worker.turns import working


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped personas, and one of the same name and language as the first."""
    for path in PERSONAS.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    twin = (PERSONAS / "kitsu.yaml").read_text("utf-8").replace("chaos: 0.35", "chaos: 0.9")
    (tmp_path / "twin.yaml").write_text(twin, "utf-8")
    return tmp_path


def test_a_persona_is_found_by_its_file_before_its_name(folder: Path) -> None:
    shelf = PersonaShelf("kitsu", folder)
    assert shelf.of(PersonaSnapshot(persona="twin")).chaos == 0.9
    assert shelf.of(PersonaSnapshot(persona="kitsu")).chaos == 0.35
    assert shelf.of(PersonaSnapshot(persona="kitsu-pt")).language == "pt-BR"


def test_a_persona_that_is_not_here_gets_one_of_her_name_or_language(folder: Path) -> None:
    shelf = PersonaShelf("kitsu", folder)
    assert shelf.of(PersonaSnapshot(persona="gone", language="pt-PT")).language == "pt-BR"
    assert shelf.of(PersonaSnapshot(persona="../kitsu", language="xx")) is shelf.default
    assert shelf.of(PersonaSnapshot(name="Somebody", language="pt-BR")).language == "pt-BR"


async def test_a_file_that_was_changed_is_read_again_when_it_is_chosen(folder: Path) -> None:
    shelf, path = PersonaShelf("kitsu", folder), folder / "twin.yaml"
    path.write_text(path.read_text("utf-8").replace("chaos: 0.9", "chaos: 0.1"), "utf-8")
    assert shelf.of(PersonaSnapshot(persona="twin")).chaos == 0.9
    shelf.refresh("twin")
    assert shelf.of(PersonaSnapshot(persona="twin")).chaos == 0.1


@pytest.mark.parametrize("broken", ["[", "name: X\n", "\x00", ""])
def test_a_file_that_was_broken_changes_nothing(folder: Path, broken: str) -> None:
    shelf = PersonaShelf("kitsu", folder)
    (folder / "twin.yaml").write_text(broken, "utf-8")
    shelf.refresh("twin")
    shelf.refresh("nobody")
    assert shelf.of(PersonaSnapshot(persona="twin")).chaos == 0.9


async def test_the_worker_reads_the_file_of_a_persona_that_is_chosen_live(
    folder: Path, tmp_path: Path
) -> None:
    async with working(tmp_path) as (worker, _bus):
        worker.personas = PersonaShelf("kitsu", folder)
        new = (folder / "twin.yaml").read_text("utf-8").replace("chaos: 0.9", "chaos: 0.2")
        (folder / "new.yaml").write_text(new, "utf-8")
        handler = worker.handlers()[SetPersona]
        for choice in (SetPersona(persona="new"), SetPersona(persona="nobody"), SetPersona()):
            await handler(choice, None)  # type: ignore[arg-type]  # the delivery is not looked at
        assert worker.personas.of(PersonaSnapshot(persona="new")).chaos == 0.2
