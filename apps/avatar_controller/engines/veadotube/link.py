"""The connection to veadotube: found, kept, and made anew."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidURI

from apps.avatar_controller.engines.base import Changed
from apps.avatar_controller.engines.veadotube.instances import running_instance
from apps.avatar_controller.engines.veadotube.wire import (
    CLIENT_NAME,
    Told,
    address_with_name,
    ask,
    ask_nodes,
    read,
)
from libs.contracts.avatar import AvatarLink

#: Between two looks for it: a file or a refused connection each.
LOOK_SECONDS = 0.5
#: Where it has never been used, or another program answers, it is not looked for often.
RARE_LOOK_SECONDS = 5.0
CONNECT_SECONDS = 3.0
#: It is asked for its states so often: they change with the avatar, and the answer shows it lives.
ASK_SECONDS = 3.0
#: Nothing heard for so long: it hangs.
SILENT_SECONDS = 8.0
#: The first sensible word must come within this.
FIRST_WORD_SECONDS = 3.0
#: Messages that make no sense, before the first one that does: then it is another program.
MAXIMUM_NONSENSE = 20
MAXIMUM_MESSAGE_BYTES = 1 << 20
#: Closed by us with one of these: what came was no text, or too much of it.
NO_SENSE_CODES = frozenset({1002, 1007, 1009})

START = "Start veadotube mini and switch its WebSocket server on (settings, program settings)."
WRONG = "is not veadotube: see VEADOTUBE_URL."


class _Straight(connect):
    """A connection to the address itself: what answers there sends nobody elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _Lost(Exception):
    """The connection is of no use any more."""

    def __init__(self, link: AvatarLink, detail: str) -> None:
        super().__init__(detail)
        self.link = link


class VeadotubeLink:
    """Promises: it is ready when the program has told its states, and then only; of what waits to
    be sent the newest counts; whatever the other side says or does ends in a state with one step
    that mends it, and in a new attempt.

    `heard` is given what the present connection tells; `lost` is called when it ends.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        heard: Callable[[Told], None],
        lost: Callable[[], None],
        changed: Changed,
    ) -> None:
        self._url = url
        self._folder = folder
        self._heard = heard
        self._lost = lost
        self._changed = changed
        self._connection: ClientConnection | None = None
        self._node = ""
        self._wanted: str | None = None
        self._wake = asyncio.Event()
        self._said = asyncio.Event()
        self._said.set()
        self._understood = False
        self._nonsense = 0
        self.link = AvatarLink.WAITING
        self.detail = START
        self.instance = ""

    @property
    def ready(self) -> bool:
        return self.link is AvatarLink.READY and self._connection is not None

    def set_state(self, state_id: str) -> None:
        """Returns at once."""
        if self.ready:
            self._wanted = state_id
            self._said.clear()
            self._wake.set()

    async def flush(self, seconds: float) -> None:
        """Waits until all was handed to the system, but not longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._said.wait()
        except TimeoutError:
            pass

    async def run(self) -> None:
        """For ever."""
        while True:
            url = await self._find()
            if url:
                try:
                    await self._live(url)
                except _Lost as problem:
                    self._now(problem.link, str(problem))
            rarely = self.link in (AvatarLink.NOT_CONFIGURED, AvatarLink.WRONG_PROGRAM)
            await asyncio.sleep(RARE_LOOK_SECONDS if rarely else LOOK_SECONDS)

    def _now(self, link: AvatarLink, detail: str) -> None:
        if (link, detail) != (self.link, self.detail):
            self.link, self.detail = link, detail
            self._changed()

    async def _find(self) -> str:
        """Its address; empty while there is none."""
        if self._url != "auto":
            self.instance = "veadotube"
            return self._url
        there, instance = await asyncio.to_thread(
            lambda: (self._folder.is_dir(), running_instance(self._folder, time.time()))
        )
        if instance is not None:
            self.instance = instance.name
            return instance.url
        if there:
            self._now(AvatarLink.WAITING, START)
        else:
            step = "Install veadotube mini, or leave it: nothing else needs it."
            self._now(AvatarLink.NOT_CONFIGURED, f"veadotube was never used here. {step}")
        return ""

    async def _live(self, url: str) -> None:
        """One connection from its beginning to its end. Always raises `_Lost`."""
        self._connection = connection = await self._connect(url)
        self._node, self._understood, self._nonsense = "", False, 0
        speaking = asyncio.create_task(self._speak(connection), name="veadotube speak")
        try:
            await self._listen(connection)
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code in NO_SENSE_CODES:
                self._nonsense += 1
            self._refuse_nonsense(url)
            raise _Lost(AvatarLink.WAITING, f"veadotube has closed. {START}") from None
        except TimeoutError:
            self._refuse_nonsense(url)
            raise _Lost(AvatarLink.HANGING, "veadotube does not answer: restart it.") from None
        finally:
            self._connection = self._wanted = None
            self._said.set()
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            connection.transport.abort()
            self._lost()

    def _refuse_nonsense(self, url: str) -> None:
        if self._nonsense and not self._understood:
            raise _Lost(AvatarLink.WRONG_PROGRAM, f"What answers at {url} {WRONG}") from None

    async def _connect(self, url: str) -> ClientConnection:
        try:
            return await _Straight(
                address_with_name(url),
                open_timeout=CONNECT_SECONDS,
                ping_interval=None,  # it is asked for its states instead
                max_size=MAXIMUM_MESSAGE_BYTES,
                compression=None,
                proxy=None,
            )
        except (InvalidHandshake, InvalidMessage, InvalidURI):
            raise _Lost(AvatarLink.WRONG_PROGRAM, f"What answers at {url} {WRONG}") from None
        except TimeoutError:
            detail = f"What is at {url} takes the connection and says nothing: restart veadotube."
            raise _Lost(AvatarLink.HANGING, detail) from None
        except (OSError, UnicodeError):
            raise _Lost(AvatarLink.WAITING, f"Nothing answers at {url}. {START}") from None

    async def _listen(self, connection: ClientConnection) -> None:
        """Raises `TimeoutError` after silence or nothing but nonsense."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + FIRST_WORD_SECONDS
        while self._understood or self._nonsense < MAXIMUM_NONSENSE:
            async with asyncio.timeout_at(ends_at):
                told = read(await connection.recv())
            if told is None:
                self._nonsense += 1
            else:
                self._understood = True
                self._take(told)
                ends_at = loop.time() + SILENT_SECONDS
        raise TimeoutError

    def _take(self, told: Told) -> None:
        if told.instance:
            self.instance = told.instance
        if told.node:
            self._node = told.node
            self._wake.set()
        elif told.node is not None:
            step = "Load an avatar that has states."
            self._now(AvatarLink.WAITING, f"{self.instance} tells of no avatar states. {step}")
        if told.states is not None:
            self._now(AvatarLink.READY, "")
        self._heard(told)

    async def _speak(self, connection: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        known_node, ask_at = "", 0.0
        while True:
            if (wanted := self._wanted) is not None:
                await connection.send(ask(self._node, "set", state=wanted))
                if self._wanted == wanted:
                    self._wanted = None
                    self._said.set()
                continue
            if self._node != known_node:
                known_node, ask_at = self._node, 0.0
                await connection.send(ask(known_node, "listen", token=CLIENT_NAME))
            if loop.time() >= ask_at:
                ask_at = loop.time() + ASK_SECONDS
                await connection.send(ask_nodes())
                if known_node:
                    await connection.send(ask(known_node, "list"))
                    await connection.send(ask(known_node, "peek"))
            try:
                async with asyncio.timeout_at(ask_at):
                    await self._wake.wait()
            except TimeoutError:
                continue
            finally:
                self._wake.clear()
