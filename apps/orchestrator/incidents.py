"""The incident log: kept in the database, shown in the panel."""

import sqlite3
from typing import Any, Literal

from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.late_writes import LateWrites
from apps.orchestrator.panel.protocol import Incident, IncidentMessage
from apps.orchestrator.screens import Screens
from libs.telemetry import clock

Severity = Literal["info", "warning", "error"]


class IncidentLog:
    def __init__(self, database: Database, screens: Screens) -> None:
        self._database = database
        self._screens = screens

    async def note(
        self, kind: str, severity: Severity, message: str, by: str = ""
    ) -> dict[str, Any]:
        """Writes an incident (as soon as it can be) and tells the panels. Returns it as
        `GET /incidents` shows it."""
        at = clock.now()
        incident: dict[str, Any] = {
            "id": f"unwritten-{at}",
            "at": at,
            "kind": kind,
            "severity": severity,
            "message": message[:500],
            "by": by,
        }

        def write(db: sqlite3.Connection) -> None:
            incident.update(records.add_incident(db, at, kind, severity, message[:500], by))

        await self._database.keep(write)
        self._screens.tell(IncidentMessage(incident=Incident.model_validate(incident)))
        return incident

    async def note_writing(self, late: LateWrites) -> None:
        """That the memory cannot be written, or that it is again."""
        if late.trouble:
            told = (
                f"The memory cannot be written: {late.trouble}. The show goes on; what is heard "
                "meanwhile is written as soon as it can be."
            )
            await self.note("memory_not_written", "error", told)
            return
        lost = f" {late.lost} records were too many to wait and are lost." if late.lost else ""
        told = f"The memory is written again; what waited is in it.{lost}"
        await self.note("memory_written_again", "info", told)

    async def latest(self, limit: int = 50) -> list[dict[str, Any]]:
        """Newest first."""
        return await self._database.look(lambda db: records.incidents(db, limit))
