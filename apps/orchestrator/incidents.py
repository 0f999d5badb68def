"""The incident log: kept in the database, shown in the panel."""

import sqlite3
from typing import Any, Literal

from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
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

    async def latest(self, limit: int = 50) -> list[dict[str, Any]]:
        """Newest first."""
        return await self._database.look(lambda db: records.incidents(db, limit))
