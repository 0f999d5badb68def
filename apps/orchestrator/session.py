"""The session: what the show is like now, kept in the database over restarts."""

import time
from collections.abc import Mapping
from typing import Any

from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.panel.protocol import PersonaStatus
from libs.contracts.control import SetPersona
from libs.contracts.conversation import PersonaSnapshot
from libs.contracts.safety import OwnRule
from libs.contracts.speaking import Mood
from libs.settings.personas import Persona

_PERSONA_FIELDS = ("style", "chaos", "energy", "family_mode")


class Session:
    """Persona, mood and epoch of the show.

    Promises: the epoch never goes back, over restarts too.
    """

    def __init__(self, database: Database, persona: Persona, family_mode: bool) -> None:
        self._database = database
        self._persona = persona
        self.started_at = time.monotonic()
        self.epoch = 0
        self.mood = Mood.NEUTRAL
        self.own_rules: tuple[OwnRule, ...] = ()
        self.last_tts: str | None = None
        self.snapshot = PersonaSnapshot(
            name=persona.name,
            language=persona.language,
            voice=persona.voice,
            system_text=persona.system_text,
            style=persona.styles[0],
            family_mode=family_mode,
        )

    @property
    def uptime_seconds(self) -> float:
        return round(time.monotonic() - self.started_at, 1)

    async def restore(self) -> None:
        def read(db: Any) -> tuple[Any, Any]:
            return records.setting(db, "epoch"), records.setting(db, "persona")

        epoch, persona = await self._database.run(read)
        self.epoch = epoch if isinstance(epoch, int) else 0
        if isinstance(persona, Mapping):
            known = {k: v for k, v in persona.items() if k in _PERSONA_FIELDS}
            self.snapshot = self.snapshot.model_copy(update=known)
            if self.snapshot.style not in self._persona.styles:
                self.snapshot = self.snapshot.model_copy(update={"style": self._persona.styles[0]})

    def next_epoch(self, at_least: int = 0) -> int:
        """The next epoch, above everything anyone has seen. An interruption does not wait for a
        disk: `keep_epoch` follows, and the beats of the workers tell a restart what was missed."""
        self.epoch = max(self.epoch + 1, at_least)
        return self.epoch

    async def keep_epoch(self) -> None:
        await self._database.keep(lambda db: records.set_setting(db, "epoch", self.epoch))

    async def change_persona(self, change: SetPersona) -> None:
        """Raises `ValueError` for a style this persona does not have."""
        if change.style is not None and change.style not in self._persona.styles:
            styles = ", ".join(self._persona.styles)
            raise ValueError(f"style '{change.style[:40]}' is not known; choose one of: {styles}")
        given = {k: getattr(change, k) for k in _PERSONA_FIELDS if getattr(change, k) is not None}
        self.snapshot = self.snapshot.model_copy(update=given)

        def write(db: Any) -> None:
            kept = {k: getattr(self.snapshot, k) for k in _PERSONA_FIELDS}
            records.set_setting(db, "persona", kept)

        await self._database.keep(write)

    def persona_status(self) -> PersonaStatus:
        snapshot = self.snapshot
        return PersonaStatus(
            name=snapshot.name,
            style=snapshot.style,
            styles=list(self._persona.styles),
            chaos=snapshot.chaos,
            energy=snapshot.energy,
            family_mode=snapshot.family_mode,
        )
