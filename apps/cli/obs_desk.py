"""Talks to the obs_controller about what Kitsu needs in OBS, and lets it in where it is not."""

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from apps.cli.env_file import set_in_env_file
from apps.cli.failures import OTHER_VERSION, Failed
from apps.cli.local_api import LocalApi, Refused, Unreachable
from apps.cli.obs_login import Login, find_login
from apps.cli.settings import CliSettings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.contracts.studio import StudioLink
from libs.settings import ROOT

ENV_FILE = ROOT / ".env"

#: How long a fresh obs_controller may need until it is connected.
CONNECT_SECONDS = 15.0
#: An obs_controller that waits for OBS tries again within this.
NEXT_TRY_SECONDS = 6.0
#: Making scenes and sources goes through OBS's own UI, one after the other.
MAKE_SECONDS = 30.0

NOT_USED = (
    "OBS is not used: OBS_WS_URL is empty. Set it in .env to ws://127.0.0.1:4455, "
    "then run: kitsu restart obs_controller"
)

Answer = TypeVar("Answer", bound=BaseModel)


class Item(BaseModel):
    id: str
    what: str
    state: str
    detail: str = ""


class Plan(BaseModel):
    """OBS as the obs_controller sees it."""

    link: str
    detail: str = ""
    items: list[Item] = []

    @property
    def ready(self) -> bool:
        return self.link == StudioLink.READY

    @property
    def missing(self) -> list[Item]:
        return [item for item in self.items if item.state == "missing"]


class Made(BaseModel):
    id: str
    ok: bool
    message: str = ""


class Report(BaseModel):
    done: list[Made]


class ObsDesk:
    """Promises: nothing in OBS is changed but by `make`, and no file but by `connect`."""

    def __init__(self, settings: CliSettings) -> None:
        self._settings = settings
        self._api = LocalApi(settings)

    def plan(self) -> Plan:
        """Raises `Failed`; `Unreachable` while the obs_controller does not answer."""
        return _read(Plan, self._call("GET", None, 5.0))

    def make(self, wanted: list[Item]) -> list[Made]:
        body = {"items": [item.id for item in wanted]}
        return _read(Report, self._call("POST", body, MAKE_SECONDS)).done

    def connect(
        self, link: str, agreed: Callable[[str], bool], say: Callable[[str], None]
    ) -> tuple[list[str], Plan]:
        """Lets the obs_controller in: with a password and port that OBS itself has written down, if
        need be, and if it is agreed. Gives the names of the settings written to `.env`.

        Raises `Failed` with the one step that is left.
        """
        if not self._settings.obs_ws_url:
            raise Failed(NOT_USED)
        login = find_login(self._settings)
        if login.settings:
            self._write(login, agreed, say)
        elif link == StudioLink.WAITING:
            plan = self._wait_until_connected(NEXT_TRY_SECONDS)
            if plan.ready:
                return [], plan
        say("The obs_controller is started anew ...")
        self._restart()
        plan = self._wait_until_connected(CONNECT_SECONDS)
        if not plan.ready:
            raise Failed(f"The obs_controller is not connected yet. {plan.detail}")
        return list(login.settings), plan

    def _write(
        self, login: Login, agreed: Callable[[str], bool], say: Callable[[str], None]
    ) -> None:
        names = " and ".join(login.settings)
        if taken := [name for name in login.settings if name in os.environ]:
            raise Failed(
                f"{' and '.join(taken)} of the environment wins over .env, and is not right. "
                "Correct it there, start Kitsu anew, then run this again."
            )
        say(f"OBS lets Kitsu in with what stands in {login.found_in}")
        if not agreed(f"Write {names} to {ENV_FILE}?"):
            raise Failed(f"Nothing was changed. Set {names} in .env, then run this again.")
        set_in_env_file(ENV_FILE, login.settings)
        say(f"{names} written to {ENV_FILE}")

    def _restart(self) -> None:
        client = SupervisorClient(self._settings)
        try:
            client.call("POST", "/restart", {"module": "obs_controller"}, timeout_seconds=30.0)
        except Failed as problem:
            raise Failed(
                f"The obs_controller could not be restarted ({problem.format_message()})\n"
                "Restart it where it was started, then run this again."
            ) from None

    def _wait_until_connected(self, seconds: float) -> Plan:
        ends_at = time.monotonic() + seconds
        plan = Plan(link=StudioLink.WAITING)
        while not plan.ready and time.monotonic() < ends_at:
            time.sleep(0.2)
            try:
                plan = self.plan()
            except Unreachable:
                continue  # it is starting
        return plan

    def _call(self, method: str, body: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
        try:
            return self._api.call("obs_controller", method, "/setup", body, seconds)
        except Unreachable:
            if SupervisorClient(self._settings).state is None:
                raise Unreachable("Kitsu is not running. Start it with: kitsu up") from None
            raise Unreachable(
                "The obs_controller does not answer. Start it anew: kitsu restart obs_controller"
            ) from None
        except Refused as problem:
            if problem.status == 404:
                raise Failed(OTHER_VERSION) from None
            raise


def _read(kind: type[Answer], answer: dict[str, Any]) -> Answer:
    try:
        return kind.model_validate(answer)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None
