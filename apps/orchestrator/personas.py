"""The personas that she can become."""

from pathlib import Path

from pydantic import BaseModel

from libs.settings.personas import PERSONAS, PersonaError, load_persona, persona_names

#: So many files are looked at; so much of what is wrong with one is told.
LOOKED_AT = 50
PROBLEM_CHARACTERS = 1_000


class PersonaFile(BaseModel):
    persona: str
    """The file's name without its ending: what `SetPersona` takes."""
    name: str = ""
    language: str = ""
    problem: str = ""
    """Why it cannot be used, with line numbers; empty: it can."""


def persona_files(folder: Path = PERSONAS) -> list[PersonaFile]:
    """All persona files as they are on disk now, good or not."""
    return [_looked_at(name, folder) for name in persona_names(folder)[:LOOKED_AT]]


def _looked_at(name: str, folder: Path) -> PersonaFile:
    try:
        persona = load_persona(name, folder)
    except PersonaError as error:
        return PersonaFile(persona=name[:64], problem=str(error)[:PROBLEM_CHARACTERS])
    return PersonaFile(persona=name, name=persona.name, language=persona.language)
