"""OBS as one thing: the link, what is known of it, panic's hold on it, and telling of it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from apps.obs_controller.engines.base import Connection, ConnectionLost, StudioError
from apps.obs_controller.engines.obs_websocket import ObsWebSocketConnection
from apps.obs_controller.link import ObsLink, Priority
from apps.obs_controller.orders import Orders
from apps.obs_controller.panic_keeper import PanicKeeper
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.setup import Setup
from apps.obs_controller.studio_report import studio_changed
from apps.obs_controller.studio_state import (
    OVERVIEW,
    STRUCTURE_EVENTS,
    StudioState,
    details,
    read_details,
    read_overview,
)
from libs.bus.base import BusError
from libs.contracts.envelope import Event
from libs.contracts.studio import StudioChanged, StudioLink, StudioPanicReported
from libs.worker.panic_latch import PanicLatch

log = logging.getLogger("kitsu.obs_controller")

#: Changes that come together are told together.
GATHER_SECONDS = 0.01
#: OBS tells of a new source in several events.
REREAD_SECONDS = 0.05
#: OBS lists a removed input until the scene that had it was drawn once more.
REMOVED_SECONDS = 1.0


class Studio:
    """Promises: what `state` says is read whole at every connecting and follows OBS's events;
    panic is in force before an OBS that came back is called ready; everybody is told of each
    change within a few hundredths of a second."""

    def __init__(
        self,
        settings: ObsControllerSettings,
        latch: PanicLatch,
        actions: tuple[str, ...],
        publish: Callable[[Event], Awaitable[None]],
        reconnected: Callable[[], None],
        report: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._actions = actions
        self._publish = publish
        self._reconnected = reconnected
        self._report = report
        self._known = StudioState()
        self._collection = ""
        self._reading: list[list[tuple[str, Mapping[str, Any]]]] = []
        self._news = asyncio.Event()
        self._reread = asyncio.Event()
        self._told: StudioChanged | None = None
        self.link = ObsLink(self._connect, self._resync, self._hear, self.changed)
        self.orders = Orders(settings, self.link, self.state)
        self.setup = Setup(settings, self.link, self.state)
        folder = settings.kitsu_data_dir / "obs"
        self.panic = PanicKeeper(
            settings, self.link, latch, folder, self.state, self._is_expected, self._tell
        )

    def state(self) -> StudioState:
        """What is known of OBS now."""
        return self._known

    def changed(self) -> None:
        """Something that is told of may have changed."""
        self._news.set()

    @property
    def link_state(self) -> StudioLink:
        """Without a password and without ever having been there, an OBS is not expected."""
        unasked = not self._settings.obs_ws_password and not self.link.connections
        if unasked and self.link.state is StudioLink.WAITING:
            return StudioLink.NOT_CONFIGURED
        return self.link.state

    def _is_expected(self) -> bool:
        return self.link_state is not StudioLink.NOT_CONFIGURED

    def _connect(self) -> Connection:
        settings = self._settings
        return ObsWebSocketConnection(
            settings.obs_host, settings.obs_port, settings.obs_ws_password
        )

    # What OBS says ----------------------------------------------------------------------------

    async def _resync(self) -> str:
        """Reads all of OBS, brings panic into force, and gives the link's line for people."""
        self._known.switching = False
        await self._read()
        await self._say_if_another()
        await self.panic.look(resyncing=True)
        self._reconnected()
        return f"OBS {self._known.obs_version}, scene collection '{self._collection}'"

    async def _read(self) -> None:
        """What happens in OBS while it is being read is not lost."""
        meanwhile: list[tuple[str, Mapping[str, Any]]] = []
        self._reading.append(meanwhile)
        try:
            state = read_overview(await self.link.batch(OVERVIEW, Priority.URGENT))
            asked = details(state)
            answers = await self.link.batch(asked, Priority.URGENT) if asked else []
            state = read_details(state, asked, answers)
            for kind, data in meanwhile:
                state.hear(kind, data)
            state.switching = self._known.switching  # only its events tell
            self._known = state
        except (KeyError, TypeError, ValueError) as error:
            reason = f"OBS says what is not understood ({type(error).__name__})"
            raise ConnectionLost(reason) from error
        finally:
            self._reading = [one for one in self._reading if one is not meanwhile]

    async def _say_if_another(self) -> None:
        before, self._collection = self._collection, self._known.collection
        if before and before != self._collection:
            message = (
                f"Another OBS, or another scene collection: '{self._collection}', no longer "
                f"'{before}'. If a second OBS took the port, close one of them."
            )
            await self._report("obs_other_collection", message)

    def _hear(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "ExitStarted":
            self.link.drop("OBS was closed", closing=True)
            return
        if kind == "InputRemoved":
            asyncio.get_running_loop().call_later(REMOVED_SECONDS, self._reread.set)
        for meanwhile in self._reading:
            meanwhile.append((kind, data))
        self.panic.hear(kind, data)
        if self._known.hear(kind, data):
            self.changed()
        if kind in STRUCTURE_EVENTS:
            self._reread.set()

    async def keep_reading(self) -> None:
        """Reads OBS anew when scenes or sources came or went; until cancelled."""
        while True:
            await self._reread.wait()
            await asyncio.sleep(REREAD_SECONDS)
            self._reread.clear()
            await self.read_anew()

    async def read_anew(self) -> None:
        """A new microphone is muted too while panic is engaged."""
        try:
            await self._read()
        except StudioError as problem:
            log.warning("OBS could not be read anew: %s", problem)
            return
        await self._say_if_another()
        self.panic.wake()
        self.changed()

    # Telling ----------------------------------------------------------------------------------

    async def keep_telling(self, latch: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """One event with the whole state, a moment after each change, and the same as a latch;
        until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._news.clear()
            self.panic.wake()
            fresh = self.as_event()
            if self._told is None or _looks(fresh) != _looks(self._told):
                self._told = fresh
                await self._publish(fresh)
                await latch(fresh.model_dump(mode="json"))

    def as_event(self) -> StudioChanged:
        ready = self.link.ready
        return studio_changed(
            self._settings,
            self.link_state,
            self.link.detail,
            self._known if ready else StudioState(),
            self.orders.allowed_scenes(),
            self._actions,
            self.panic,
            self.setup.missing() if ready else (),
        )

    async def _tell(self, report: StudioPanicReported) -> None:
        self.changed()
        with contextlib.suppress(BusError):  # without a bus the panic is in force all the same
            await self._publish(report.model_copy(update={"show": self._settings.kitsu_show}))


def _looks(event: StudioChanged) -> dict[str, Any]:
    return event.model_dump(exclude={"event_id", "emitted_at", "source"})
