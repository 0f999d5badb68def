"""The personas of this installation, found by what a turn says of its persona."""

import logging
from pathlib import Path

from libs.contracts.conversation import PersonaSnapshot
from libs.settings.personas import PERSONAS, Persona, PersonaError, load_persona, persona_names

_LOG = logging.getLogger("kitsu.policy_worker")


class PersonaShelf:
    """Turns carry what changes of a persona; its stock lines and notes stand here.

    A turn of a persona that is not here gets one of its language, or else the default one.
    """

    def __init__(self, default: str, folder: Path = PERSONAS) -> None:
        self.default = load_persona(default, folder)
        self._personas = [self.default]
        for name in persona_names(folder):
            try:
                self._personas.append(load_persona(name, folder))
            except PersonaError as error:
                _LOG.warning("a persona is left out: %s", error)

    def of(self, snapshot: PersonaSnapshot) -> Persona:
        language = snapshot.language[:2]
        same_name = [p for p in self._personas if p.name == snapshot.name]
        for candidates in (same_name, self._personas):
            for persona in candidates:
                if persona.language[:2] == language:
                    return persona
        return self.default
