"""The session: what the show is like now, kept in the database over restarts."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.panel.protocol import PersonaStatus
from apps.orchestrator.settings import OrchestratorSettings
from libs.contracts.control import SetPersona
from libs.contracts.conversation import PersonaSnapshot
from libs.contracts.safety import OwnRule
from libs.contracts.speaking import Mood
from libs.settings.personas import Persona, PersonaError, load_persona

_PERSONA_FIELDS = ("style", "chaos", "energy", "family_mode")
#: An own change comes back over the bus; so many are recognised.
_KNOWN_CHANGES = 100

log = logging.getLogger("kitsu.orchestrator")


class Session:
    """Persona, mood and epoch of the show.

    Promises: the epoch never goes back, over restarts too; a change of the persona is made whole or
    not at all. How she is: what people changed while the show ran, then POLICY_FAMILY_FRIENDLY
    where it is set, then her file. Another POLICY_PERSONA than before begins anew.
    """

    def __init__(self, database: Database, settings: OrchestratorSettings) -> None:
        self._database = database
        self._settings = settings
        self._persona = load_persona(settings.policy_persona)
        self._kept: dict[str, Any] = {}
        """What people changed since she became this persona."""
        self._changing = asyncio.Lock()
        self._known: deque[str] = deque(maxlen=_KNOWN_CHANGES)
        self.started_at = time.monotonic()
        self.epoch = 0
        self.mood = Mood.NEUTRAL
        self.own_rules: tuple[OwnRule, ...] = ()
        self.last_tts: str | None = None
        self.complaint = ""
        """What is wrong with the persona that was chosen, for people."""
        self.snapshot = self._start_of(settings.policy_persona, self._persona)

    @property
    def uptime_seconds(self) -> float:
        return round(time.monotonic() - self.started_at, 1)

    def _start_of(self, file: str, persona: Persona) -> PersonaSnapshot:
        """How a persona is until somebody changes it."""
        family_mode = persona.family_mode
        if "policy_family_friendly" in self._settings.model_fields_set:
            family_mode = self._settings.policy_family_friendly
        return PersonaSnapshot(
            persona=file,
            name=persona.name,
            language=persona.language,
            voice=persona.voice,
            system_text=persona.system_text,
            style=persona.styles[0],
            chaos=persona.chaos,
            energy=persona.energy,
            family_mode=family_mode,
        )

    async def restore(self) -> None:
        def read(db: Any) -> tuple[Any, Any]:
            return records.setting(db, "epoch"), records.setting(db, "persona")

        epoch, kept = await self._database.run(read)
        self.epoch = epoch if isinstance(epoch, int) else 0
        configured = self._settings.policy_persona
        if isinstance(kept, Mapping) and kept.get("configured", configured) == configured:
            await self._become_again(kept)

    async def _become_again(self, kept: Mapping[str, Any]) -> None:
        """Takes up what was changed before a restart, as far as it still makes sense."""
        file = kept.get("persona")
        if isinstance(file, str) and file != self.snapshot.persona:
            try:
                self._persona = await asyncio.to_thread(load_persona, file)
            except PersonaError as error:
                instead = self._settings.policy_persona
                self.complaint = f"{str(error)[:500]} (she is {instead} instead)"
                log.error("the chosen persona cannot be used: %s", error)  # noqa: TRY400
                kept = {"family_mode": True} if kept.get("family_mode") is True else {}
            else:
                self.snapshot = self._start_of(file, self._persona)
        known = {k: v for k, v in kept.items() if k in _PERSONA_FIELDS}
        if known.get("style") not in self._persona.styles:
            known.pop("style", None)
        try:
            SetPersona.model_validate(known)
        except ValidationError:
            return
        self._kept = {name: value for name, value in known.items() if value is not None}
        self.snapshot = self.snapshot.model_copy(update=self._kept)

    def next_epoch(self, at_least: int = 0) -> int:
        """The next epoch, above everything anyone has seen. An interruption does not wait for a
        disk: `keep_epoch` follows, and the beats of the workers tell a restart what was missed."""
        self.epoch = max(self.epoch + 1, at_least)
        return self.epoch

    async def keep_epoch(self) -> None:
        await self._database.keep(lambda db: records.set_setting(db, "epoch", self.epoch))

    @property
    def mood_words(self) -> tuple[str, ...]:
        """The moods, and her own words for them."""
        return (*Mood, *(word for word in self._persona.moods if word not in tuple(Mood)))

    def mood_named(self, word: str) -> Mood | None:
        """The mood of this name, or the one that she has this word for."""
        folded = word.strip().casefold()
        own = {own.casefold(): mood for own, mood in self._persona.moods.items()}
        return Mood(folded) if folded in tuple(Mood) else own.get(folded)

    # The persona ------------------------------------------------------------------------------

    async def change_persona(self, change: SetPersona) -> None:
        """The same change again does nothing. Raises `PersonaError` for a file that cannot be used,
        `ValueError` for a style this persona does not have; then nothing was changed."""
        async with self._changing:
            if change.event_id in self._known:
                return
            persona, snapshot, kept = await self._base_of(change)
            if change.style is not None and change.style not in persona.styles:
                styles = ", ".join(persona.styles)
                wrong = f"style '{change.style[:40]}' is not known; choose one of: {styles}"
                raise ValueError(wrong)
            wanted = {name: getattr(change, name) for name in _PERSONA_FIELDS}
            kept |= {name: value for name, value in wanted.items() if value is not None}
            self._known.append(change.event_id)
            self._persona, self._kept = persona, kept
            self.snapshot = snapshot.model_copy(update=kept)
            if change.persona is not None:
                self.complaint = ""
            await self._keep_persona()

    async def _base_of(self, change: SetPersona) -> tuple[Persona, PersonaSnapshot, dict[str, Any]]:
        """Whom a change is about, how she is before it, and what of that people changed. The
        persona she is already is read again from her file."""
        if change.persona is None:
            return self._persona, self.snapshot, dict(self._kept)
        persona = await asyncio.to_thread(load_persona, change.persona)
        kept = dict(self._kept)
        if change.persona != self.snapshot.persona:
            # A change of persona may turn family mode on, never off.
            kept = {"family_mode": True} if self.snapshot.family_mode else {}
        elif kept.get("style") not in persona.styles:
            kept.pop("style", None)
        return persona, self._start_of(change.persona, persona), kept

    async def _keep_persona(self) -> None:
        kept = {
            "configured": self._settings.policy_persona,
            "persona": self.snapshot.persona,
            **self._kept,
        }
        await self._database.keep(lambda db: records.set_setting(db, "persona", kept))

    def persona_status(self) -> PersonaStatus:
        snapshot = self.snapshot
        return PersonaStatus(
            persona=snapshot.persona,
            name=snapshot.name,
            style=snapshot.style,
            styles=list(self._persona.styles),
            chaos=snapshot.chaos,
            energy=snapshot.energy,
            family_mode=snapshot.family_mode,
        )
