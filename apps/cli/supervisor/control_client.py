"""Talks to the supervisor of this data folder."""

import http.client
from typing import Any

from apps.cli.failures import Failed
from apps.cli.local_api import operator_token, request
from apps.cli.settings import CliSettings
from apps.cli.supervisor.run_state import RunState, RunStateFile, is_alive

HOST = "127.0.0.1"


class SupervisorClient:
    """What `kitsu down`, `restart` and `status` use; needs no signals."""

    def __init__(self, settings: CliSettings) -> None:
        self._settings = settings
        self.state: RunState | None = RunStateFile(settings.kitsu_data_dir).read()

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        timeout_seconds: float = 5.0,
    ) -> dict[str, Any]:
        """The supervisor's answer. Raises `Failed` with what to do."""
        import json

        if self.state is None:
            raise Failed(
                f"Kitsu is not running (data folder {self._settings.kitsu_data_dir}). "
                "Start it with: kitsu up"
            )
        if not self.state.control_port:
            raise Failed(f"Kitsu (process {self.state.pid}) is still starting: try again.")
        token = operator_token(self._settings)
        port = self.state.control_port
        try:
            status, raw = request(HOST, port, method, path, token, body or {}, timeout_seconds)
            answer: dict[str, Any] = json.loads(raw)
        except (OSError, http.client.HTTPException, ValueError):
            raise Failed(
                f"The supervisor (process {self.state.pid}) does not answer: end that process, "
                "its modules then leave by themselves."
            ) from None
        if status >= 400:
            raise Failed(f"{answer.get('title', 'Refused')}: {answer.get('detail', '')}")
        return answer

    def is_alive(self) -> bool:
        return self.state is not None and is_alive(self.state)

    def too_slow(self) -> Failed:
        pid = self.state.pid if self.state else 0
        return Failed(f"Kitsu (process {pid}) does not come to an end: end that process.")
