"""Persona files: what ships is whole, what is wrong is named with its line."""

from pathlib import Path

import pytest

from libs.contracts.safety import GateAction
from libs.safety import Gate
from libs.settings.personas import PERSONAS, PersonaError, load_persona, persona_names


@pytest.mark.parametrize("name", persona_names())
def test_every_shipped_persona_loads(name: str) -> None:
    persona = load_persona(name)
    assert persona.styles
    assert set(persona.scripted.by_style) == set(persona.styles)


def test_two_personas_in_two_languages_ship() -> None:
    assert {load_persona(n).language for n in ("kitsu", "kitsu-pt")} == {"en", "pt-BR"}


WRONG = [
    ("language: en", "language: english", "language: String should match"),
    ("voice: ", "voise: ", "voise: is not a setting of this file"),
    ("chaos: 0.35", "chaos: 7", "chaos: must be less than or equal to 1"),
    ("  greeting:", "  greetings:", "stock.greetings: is not a setting of this file"),
    ("  shy: surprised", "  shy: startled", "moods.shy: must be 'neutral', 'happy'"),
    ("    mood: cheeky", "    mood: cheekyish", "examples.3.mood: must be one of "),
    ("    deadpan: [", "    deadpain: [", "scripted.by_style.deadpain: is not one of her styles"),
    ("    - Welcome in, {name}.", "    - Welcome in, {nme}.", "{nme} is not filled in; only"),
    ("hotkeys: []", "hotkeys: ['a, b']", "hotkeys.0: String should match"),
    ("    - I am listening, {name}.", "    - ''", "scripted.no_topic.1: must not be empty"),
    ("energy: 0.6", "chaos: 0.6", "chaos: stands here twice"),
    ("hotkeys: []", "hotkeys: [", "not valid YAML"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), WRONG)
def test_an_error_names_file_line_and_what_is_allowed(
    tmp_path: Path, right: str, wrong: str, message: str
) -> None:
    text = (PERSONAS / "kitsu.yaml").read_text("utf-8")
    before, found, after = text.partition(right)
    assert found
    (tmp_path / "kitsu.yaml").write_text(before + wrong + after, "utf-8")
    with pytest.raises(PersonaError) as caught:
        load_persona("kitsu", tmp_path)
    line = before.count("\n") + 1
    lines = [told for told in str(caught.value).splitlines() if message in told]
    assert lines
    if "YAML" not in message:
        assert lines[0].startswith(f"kitsu.yaml, line {line}: ")


@pytest.mark.parametrize(
    "text",
    ["a: &a [*a]", "[" * 2_000, "name: !!python/object:os.system x", "\t- x", "- " * 3_000, "7"],
)
def test_a_hostile_file_is_an_error_with_a_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.yaml").write_text(text, "utf-8")
    with pytest.raises(PersonaError, match=r"odd\.yaml"):
        load_persona("odd", tmp_path)


@pytest.mark.parametrize("name", persona_names())
def test_every_shipped_line_may_be_said(name: str) -> None:
    persona, gate = load_persona(name), Gate.load()
    lines = [example.said for example in persona.examples]
    for group in (persona.stock, persona.scripted):
        lists = [v for v in group.model_dump().values() if isinstance(v, tuple)]
        lines += [line for found in lists for line in found]
    lines += [line for found in persona.scripted.by_style.values() for line in found]
    assert [line for line in lines if gate.check(line).action is not GateAction.ALLOW] == []
    taboo = [word for words in persona.taboo.values() for word in words]
    assert [line for line in lines if any(word in line.lower() for word in taboo)] == []


@pytest.mark.parametrize("name", persona_names())
def test_every_shipped_persona_has_all_that_a_persona_can_have(name: str) -> None:
    persona = load_persona(name)
    assert len(persona.examples) >= 3
    assert persona.moods
    assert persona.taboo
    assert {"kawaii", "chaotic", "calm"} <= set(persona.styles)
    assert all(len(lines) >= 1 for lines in persona.stock.model_dump().values())


@pytest.mark.parametrize("name", ["../kitsu", "nobody", "", "a/b", "KITSU", "x" * 500])
def test_a_name_that_is_no_persona_lists_those_there_are(name: str) -> None:
    with pytest.raises(PersonaError, match=r"there are: kitsu, kitsu-pt"):
        load_persona(name)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(PersonaError, match="not UTF-8"):
        load_persona("odd", tmp_path)
    (tmp_path / "empty.yaml").write_text("", "utf-8")
    with pytest.raises(PersonaError, match=r"empty\.yaml, line 1"):
        load_persona("empty", tmp_path)
