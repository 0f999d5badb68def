"""The one owner of the connection to VTube Studio: connect, sign in, ready, lost, and again."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from websockets.asyncio.client import ClientConnection

from apps.avatar_controller.engines.base import Changed
from apps.avatar_controller.engines.vtube_studio.backoff import Backoff
from apps.avatar_controller.engines.vtube_studio.conversation import Conversation
from apps.avatar_controller.engines.vtube_studio.errors import (
    VtsAway,
    VtsRefused,
    VtsSilent,
)
from apps.avatar_controller.engines.vtube_studio.frames import FrameCounters, Frames, Value
from apps.avatar_controller.engines.vtube_studio.sign_in import SignIn
from apps.avatar_controller.engines.vtube_studio.token_store import TokenStore
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.avatar import AvatarLink
from libs.vtube_studio.meeting import Answer, NotMet, meet
from libs.vtube_studio.wire import Message

log = logging.getLogger("kitsu.avatar_controller.vtube_studio")

#: Subscribed at every connecting, with their configuration.
EVENTS: Mapping[str, Mapping[str, Any]] = {
    "ModelLoadedEvent": {},
    "ModelConfigChangedEvent": {},
    "TrackingStatusChangedEvent": {},
}

MEET_SECONDS = 4.0
#: Silence of this length is answered by a question; one that is not answered in time is a hang.
QUIET_SECONDS = 2.0
ANSWER_SECONDS = 2.0
#: A hang of this length ends the connection. Loading a big model takes VTube Studio seconds.
HANGING_SECONDS = 12.0
#: Before the attempts of `on_ready`, while its requests are not answered; the last one again
#: and again.
READY_PAUSES_SECONDS = (0.0, 0.25, 1.0, 3.0, 10.0, 30.0)

HANGING = "VTube Studio does not answer: wait, or end it and start it again."

_LINKS = {Answer.SILENT: AvatarLink.HANGING, Answer.WRONG_PROGRAM: AvatarLink.WRONG_PROGRAM}


class VtsLink:
    """Promises: every request gets its own answer or an error, in time; `send_values` never waits;
    a connection with any doubt is thrown away and made anew, within a second where VTube Studio is
    there; what it says may be anything and harms nothing; the token is said nowhere.

    `on_ready` runs after each sign-in, when requests and frames are taken already; where VTube
    Studio leaves its requests unanswered it runs again. `on_event` and `on_frame_error` (error
    id, what VTube Studio wrote; may come with every frame) are called in the event loop.
    """

    def __init__(
        self,
        settings: AvatarControllerSettings,
        *,
        on_ready: Callable[[], Awaitable[None]],
        on_event: Callable[[str, dict[str, Any]], None],
        on_changed: Changed,
        on_frame_error: Callable[[int, str], None],
        token_store: TokenStore | None = None,
        events: Mapping[str, Mapping[str, Any]] = EVENTS,
    ) -> None:
        self._url = settings.vts_url
        self._on_ready = on_ready
        self._on_event = on_event
        self._on_changed = on_changed
        self._on_frame_error = on_frame_error
        self._events = events
        store = token_store or TokenStore(settings.kitsu_data_dir, settings.kitsu_show)
        self._sign_in = SignIn(settings, store, self._now)
        self._frames = Frames()
        self._backoff = Backoff()
        self._conversation: Conversation | None = None
        self._ready_at: float | None = None
        self._wake = asyncio.Event()
        self.link = AvatarLink.WAITING
        self.detail = ""
        self.connections = 0
        """Sign-ins since the start."""

    @property
    def ready(self) -> bool:
        return self.link is AvatarLink.READY

    @property
    def counters(self) -> FrameCounters:
        return self._frames.counters

    # Use --------------------------------------------------------------------------------------

    async def request(
        self, kind: str, data: Mapping[str, Any] | None = None, timeout_seconds: float = 3.0
    ) -> dict[str, Any]:
        """The answer's data, whose fields may be of any type. Raises `VtsRefused` and `VtsAway`."""
        conversation = self._conversation
        if conversation is None or not conversation.signed_in:
            raise VtsAway(self.detail or "VTube Studio is not connected.")
        return await conversation.ask(kind, data, timeout_seconds)

    def send_values(self, values: Sequence[Value]) -> bool:
        """One frame: name, value and weight of each. False: skipped, for VTube Studio is behind or
        not ready. Of those that could not be written yet the newest counts."""
        return bool(self.ready and values and self._frames.offer(values))

    async def ask_again(self) -> None:
        """After a denial: VTube Studio asks its user once more."""
        self._sign_in.ask_again()
        self._wake.set()

    # Life -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._pause(await self._live())

    async def _live(self) -> float:
        """One connection from its beginning to its end. How long to wait then."""
        self._ready_at = None
        urgent = True
        try:
            socket, _ = await meet(self._url, MEET_SECONDS)
            await self._talk(socket)
        except NotMet as problem:
            urgent = problem.answer is not Answer.WRONG_PROGRAM
            self._now(_LINKS.get(problem.answer, AvatarLink.WAITING), str(problem))
        except VtsAway as problem:
            self._lost(problem)
        ready_seconds = 0.0 if self._ready_at is None else monotonic() - self._ready_at
        return self._backoff.next_seconds(ready_seconds, urgent)

    async def _talk(self, socket: ClientConnection) -> None:
        """Until the connection is lost: raises `VtsAway`."""
        conversation = Conversation(socket, self._hear, self._sign_in.hide)
        self._conversation = conversation
        tasks = [
            asyncio.create_task(conversation.read(), name="vtube studio reader"),
            asyncio.create_task(self._frames.write_to(socket), name="vtube studio frames"),
            asyncio.create_task(self._serve(conversation), name="vtube studio session"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=tasks.index):
                task.result()
        finally:
            self._conversation = None
            conversation.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._frames.clear()
            await socket.close()

    async def _serve(self, conversation: Conversation) -> None:
        """Raises `VtsAway`."""
        await self._sign_in.run(conversation.ask)
        conversation.signed_in = True
        await self._subscribe(conversation)
        self.connections += 1
        self._ready_at = monotonic()
        self._now(AvatarLink.READY, self._sign_in.trouble)
        getting_ready = asyncio.create_task(self._get_ready(), name="vtube studio ready")
        try:
            await self._watch(conversation)
        finally:
            getting_ready.cancel()
            await asyncio.gather(getting_ready, return_exceptions=True)

    async def _subscribe(self, conversation: Conversation) -> None:
        """What a VTube Studio does not know, or does not answer, is done without."""

        async def one(name: str, config: Mapping[str, Any]) -> None:
            data = {"eventName": name, "subscribe": True, "config": dict(config)}
            try:
                await conversation.ask("EventSubscriptionRequest", data, ANSWER_SECONDS)
            except (VtsRefused, VtsSilent) as problem:
                log.warning("VTube Studio does not tell of %s: %s", name, problem)

        await asyncio.gather(*(one(name, config) for name, config in self._events.items()))

    async def _get_ready(self) -> None:
        last = itertools.repeat(READY_PAUSES_SECONDS[-1])
        for pause in itertools.chain(READY_PAUSES_SECONDS, last):
            await asyncio.sleep(pause)
            try:
                await self._on_ready()
            except (VtsAway, VtsRefused) as problem:
                log.warning("VTube Studio is not read yet: %s", problem)
            except Exception:
                log.exception("what VTube Studio tells of itself could not be read")
                return
            else:
                return

    async def _watch(self, conversation: Conversation) -> None:
        """Raises `VtsSilent` after a long hang."""
        while True:
            if self.ready:
                await asyncio.sleep(QUIET_SECONDS)
                if monotonic() - conversation.answered_at < QUIET_SECONDS:
                    continue
            try:
                await conversation.ask("APIStateRequest", None, ANSWER_SECONDS)
            except VtsRefused:
                self._woke()
            except VtsSilent:
                quiet = monotonic() - conversation.answered_at
                if quiet >= HANGING_SECONDS:
                    raise VtsSilent(HANGING) from None
                if quiet >= QUIET_SECONDS + ANSWER_SECONDS:
                    self._now(AvatarLink.HANGING, HANGING)
            else:
                self._woke()

    def _hear(self, message: Message) -> None:
        try:
            if message.is_event:
                self._on_event(message.kind, message.data)
            elif self._frames.take(message) and message.is_error:
                said = self._sign_in.hide(message.error_message)
                self._on_frame_error(message.error_id, said)
        except Exception:
            log.exception("what VTube Studio told (%.64s) could not be taken", message.kind)
        if not message.is_event:
            self._woke()

    # State ------------------------------------------------------------------------------------

    def _now(self, link: AvatarLink, detail: str) -> None:
        if (link, detail) != (self.link, self.detail):
            log.info("VTube Studio: %s", detail or link.value, extra={"link": link.value})
            self.link, self.detail = link, detail
            self._on_changed()

    def _lost(self, problem: VtsAway) -> None:
        if isinstance(problem, VtsSilent):
            self._now(problem.link, HANGING)
        else:
            self._now(problem.link, str(problem))

    def _woke(self) -> None:
        conversation = self._conversation
        if self.link is AvatarLink.HANGING and conversation and conversation.signed_in:
            self._now(AvatarLink.READY, self._sign_in.trouble)

    async def _pause(self, seconds: float) -> None:
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
