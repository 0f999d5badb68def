"""Persona files: what ships is whole, what is wrong is named with its line."""

from pathlib import Path

import pytest

from libs.settings.personas import PERSONAS, PersonaError, load_persona, persona_names


@pytest.mark.parametrize("name", persona_names())
def test_every_shipped_persona_loads(name: str) -> None:
    persona = load_persona(name)
    assert persona.styles
    assert set(persona.scripted.by_style) == set(persona.styles)


def test_two_personas_in_two_languages_ship() -> None:
    assert {load_persona(n).language for n in ("kitsu", "kitsu-pt")} == {"en", "pt-BR"}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("language: en", "language: english"), r"kitsu.yaml, line 3: language: "),
        (("voice: ", "voise: "), r"line 4: voise: is not a setting"),
        (("  greeting:", "  greetings:"), r"line 22: stock.greetings: is not a setting"),
        (("styles:\n", "styles: 7\nother:\n"), r"line 15: styles: "),
        (("name: Kitsu", "name: [Kitsu"), r"kitsu.yaml, line \d+: not valid YAML"),
    ],
)
def test_an_error_names_file_line_and_what_is_allowed(
    tmp_path: Path, change: tuple[str, str], wanted: str
) -> None:
    text = (PERSONAS / "kitsu.yaml").read_text("utf-8")
    assert change[0] in text
    (tmp_path / "kitsu.yaml").write_text(text.replace(*change, 1), "utf-8")
    with pytest.raises(PersonaError, match=wanted):
        load_persona("kitsu", tmp_path)


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
