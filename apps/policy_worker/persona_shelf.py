"""The personas of this installation, found by what a turn says of its persona."""

import logging
from pathlib import Path

from libs.contracts.conversation import PersonaSnapshot
from libs.settings.personas import PERSONAS, Persona, PersonaError, load_persona, persona_names

_LOG = logging.getLogger("kitsu.policy_worker")


class PersonaShelf:
    """Turns carry what changes of a persona; its stock lines and notes stand here.

    A turn's persona is found by its file's name, or else by her own name and language. One that is
    not here gets a persona of its language, or else the default one.
    """

    def __init__(self, default: str, folder: Path = PERSONAS) -> None:
        self._folder = folder
        self.default = load_persona(default, folder)
        self._personas = {default: self.default}
        for name in persona_names(folder):
            if name != default:
                self.refresh(name)

    def refresh(self, name: str) -> None:
        """Reads a file again; one that cannot be used changes nothing."""
        try:
            self._personas[name] = load_persona(name, self._folder)
        except PersonaError as error:
            _LOG.warning("a persona is left out: %s", error)

    def of(self, snapshot: PersonaSnapshot) -> Persona:
        if snapshot.persona in self._personas:
            return self._personas[snapshot.persona]
        language, everybody = snapshot.language[:2], list(self._personas.values())
        same_name = [persona for persona in everybody if persona.name == snapshot.name]
        for candidates in (same_name, everybody):
            for persona in candidates:
                if persona.language[:2] == language:
                    return persona
        return self.default
