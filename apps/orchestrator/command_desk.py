"""Carries out what is ordered in chat, and answers there."""

import contextlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from apps.orchestrator import inputs
from apps.orchestrator.api import actions
from apps.orchestrator.chat_commands import (
    COMMANDS,
    KEEPERS,
    PANIC,
    PREFIX,
    found_in,
    named,
    nearest,
)
from apps.orchestrator.command_words import AnswerTeller, list_of, status_line
from libs.bus.base import BusError, Delivery
from libs.contracts.chat import ChatCommandIssued
from libs.contracts.control import SetPersona
from libs.contracts.modules import MODULES, MODULES_BY_ID
from libs.contracts.people import Author
from libs.contracts.safety import GateAction
from libs.contracts.speaking import Mood
from libs.contracts.stage import SwitchScene
from libs.contracts.studio import StudioLink
from libs.safety import clean_chat
from libs.telemetry import clock
from libs.worker.panic_control import BY_CHARACTERS
from libs.worker.problems import Problem

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: A command that was written longer ago is not carried out any more.
OLD_SECONDS = 15.0
#: Commands that are recognised when they come again.
REMEMBERED_COMMANDS = 1_000
#: Once more these would end what came after them: after a kill nobody knows whether they were done.
_NOT_TWICE = frozenset({"unpanic", "skip"})
#: Nobody is kept waiting for these: each is answered by others, and a panic may come meanwhile.
_NOT_AWAITED = frozenset({"unpanic", "scene"})

LONGEST_QUIET_MINUTES = 480
_MINUTES = re.compile(r"[0-9]{1,3}")


class FloorSwitches(Protocol):
    """What the floor lets those do who keep order in chat."""

    @property
    def quiet_until(self) -> float | None: ...

    async def set_quiet(self, minutes: float, by: str) -> None:
        """No line of chat is answered for so long; 0: they are again. It is in the log."""
        ...

    async def mute(self, viewer_id: str, name: str, by: str) -> None:
        """It is in the log."""
        ...

    async def unmute(self, viewer_id: str) -> bool: ...

    def find_viewer(self, name: str) -> Author | None:
        """Who wrote lately under this name."""
        ...


class CommandDesk:
    """Promises: a command is carried out once, for somebody who may give it, within `OLD_SECONDS`
    of being written; whoever gave it is told in one short line what became of it; panic waits for
    no other command. What somebody wrote is never told again but where the gate allows it.

    Whoever publishes commands has checked all this for a platform; here it is checked once more.
    An orchestrator that was killed carries out again what it had not finished, but for `_NOT_TWICE`
    and for a scene, which was asked of OBS already.
    """

    def __init__(self, worker: "OrchestratorWorker", floor: FloorSwitches) -> None:
        self._worker = worker
        self._floor = floor
        self._teller = AnswerTeller(worker)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._do: dict[str, Callable[[ChatCommandIssued], Awaitable[str]]] = {
            "unpanic": self._unpanic,
            "stop": self._stop,
            "skip": self._skip,
            "scene": self._scene,
            "mood": self._mood,
            "say": self._say,
            "module": self._module,
            "persona": self._persona,
            "quiet": self._quiet,
            "mute": self._mute,
            "unmute": self._unmute,
            "forget": self._forget,
            "status": self._status,
            "help": self._help,
        }

    async def hear(self, event: ChatCommandIssued, delivery: Delivery) -> None:
        refused = self._why_not(event, delivery)
        if refused:
            self._worker.counters[f"commands_refused_{refused}"] += 1
            return
        name = named(event.command)
        if name == PANIC:
            line = f"{PREFIX}{PANIC} {event.arguments}"
            desk = self._worker.panic_desk
            await desk.hear_chat(event.author, line, delivery, event.ordinal)
        elif name in _NOT_AWAITED:
            self._worker.spawn(f"obey {name}", self._obey_alone(name, event))
        else:
            await self._obey(name, event)
        self._remember(event)
        self._worker.counters["commands_done"] += 1

    def _why_not(self, event: ChatCommandIssued, delivery: Delivery) -> str:
        name = named(event.command)
        command = COMMANDS.get(name)
        if command is None:
            return "unknown"
        if event.author.role not in command.roles:
            return "role"
        if _key(event) in self._known:
            return "again"
        if name == PANIC:  # what its desk makes of a late one: it counts, if no newer order came
            written = event.emitted_at if event.written_at is None else event.written_at
            return "too_old" if event.emitted_at - written > OLD_SECONDS else ""
        if name == "forget":  # right however late it comes
            return ""
        if clock.now() - min(event.written_at or event.emitted_at, event.emitted_at) > OLD_SECONDS:
            return "too_old"
        return "done_perhaps" if delivery.deliveries > 1 and name in _NOT_TWICE else ""

    def _remember(self, event: ChatCommandIssued) -> None:
        self._known[_key(event)] = None
        if len(self._known) > REMEMBERED_COMMANDS:
            self._known.popitem(last=False)

    async def _obey(self, name: str, event: ChatCommandIssued) -> None:
        try:
            answer = await self._do[name](event)
        except Problem as problem:  # its title is ours; its detail may quote what was asked for
            answer = f"{problem.title}."
        await self._teller.tell(event, answer)

    async def _obey_alone(self, name: str, event: ChatCommandIssued) -> None:
        """What fails here must not end the whole worker, and is not handed out again."""
        worker = self._worker
        try:
            await self._obey(name, event)
        except Exception as error:  # a command that nobody waits for is supervised here
            worker.log.exception("the command %s failed", name)
            message = f"The command {name} failed ({type(error).__name__}); see the log."
            with contextlib.suppress(BusError):
                await worker.report("command_failed", message)
                await self._teller.tell(event, "That did not work.")

    # Speech -----------------------------------------------------------------------------------

    async def _unpanic(self, event: ChatCommandIssued) -> str:
        worker = self._worker
        if not worker.panic.engaged:
            return "There is no panic."
        await worker.panic_desk.release(by_whom(event.author))
        return "The panic is over."

    async def _stop(self, event: ChatCommandIssued) -> str:
        await actions.stop_speaking(self._worker, by_whom(event.author))
        return "Stopped."

    async def _skip(self, event: ChatCommandIssued) -> str:
        """Ends the open turn and no other."""
        conversation = self._worker.conversation
        turn = conversation.active
        if turn is None:
            return "There is nothing to skip."
        if turn.state == "thinking":
            await conversation.drop_thought("skipped")
        else:
            await conversation.cut_turn(turn, "skipped")
        return "Skipped."

    async def _say(self, event: ChatCommandIssued) -> str:
        worker, by = self._worker, by_whom(event.author)
        if worker.panic.engaged:
            return "Not while panic is engaged."
        text = clean_chat(event.arguments)
        if not text:
            return self._usage("say")
        gate = worker.memory.gate.in_mode(worker.session.snapshot.family_mode)
        if gate.check(text, "operator").action is GateAction.BLOCK:
            await self._note("say", f"{by} wanted something said that the gate stopped.", by)
            return "That will not be said."
        given = inputs.from_keeper(event, text)
        candidate = inputs.candidate_of(event.event_id, given)
        await worker.conversation.offer(candidate, first_time=False)
        await self._note("say", f"{by} had something said: {text[:200]}", by)
        return "It will be said."

    # The show ---------------------------------------------------------------------------------

    async def _scene(self, event: ChatCommandIssued) -> str:
        studio, by = self._worker.studio, by_whom(event.author)
        status = studio.status()
        scene = found_in(event.arguments, status.scenes)
        if status.link is not StudioLink.READY:
            return "OBS is not ready."
        if scene is None:
            return self._choose("scene", event.arguments, status.scenes)
        await studio.order(SwitchScene(scene=scene, by=by))
        await self._note("scene", f"The scene is {scene} now, by {by}.", by)
        return "The scene is switched."

    async def _mood(self, event: ChatCommandIssued) -> str:
        moods = [mood.value for mood in Mood]
        mood = found_in(event.arguments, moods)
        if mood is None:
            return self._choose("mood", event.arguments, moods)
        await actions.set_expression(self._worker, Mood(mood))
        return f"The mood is {mood} now."

    async def _module(self, event: ChatCommandIssued) -> str:
        wanted, _, state = event.arguments.strip().rpartition(" ")
        state = state.casefold()
        names = {name: m.id for m in MODULES for name in (m.id, m.title)}
        names = {name: one for name, one in names.items() if one != self._worker.module}
        if state not in ("on", "off"):
            return self._usage("module")
        found = found_in(wanted, list(names))
        if found is None:
            return self._choose("module", wanted, sorted({*names.values()}))
        module = names[found]
        await actions.set_module(self._worker, module, state == "on", by_whom(event.author))
        return f"{MODULES_BY_ID[module].title} is switched {state}."

    async def _persona(self, event: ChatCommandIssued) -> str:
        worker, by = self._worker, by_whom(event.author)
        styles = worker.session.persona_status().styles
        style = found_in(event.arguments, styles)
        if style is None:
            return self._choose("style", event.arguments, styles)
        change = SetPersona(show=worker.show, by=by, style=style)
        await actions.set_persona(worker, change)
        await self._note("persona", f"The style is {style} now, by {by}.", by)
        return "The style is changed."

    # The floor --------------------------------------------------------------------------------

    async def _quiet(self, event: ChatCommandIssued) -> str:
        wanted = event.arguments.strip()
        minutes = 0 if wanted.casefold() == "off" else _number(wanted)
        if minutes is None:
            return self._usage("quiet") + f" From 0 (not any more) to {LONGEST_QUIET_MINUTES}."
        await self._floor.set_quiet(minutes, by_whom(event.author))
        told = f"Chat is not answered for {minutes} min."
        return told if minutes else "Chat is answered again."

    async def _mute(self, event: ChatCommandIssued) -> str:
        viewer = self._viewer(event)
        if viewer is None:
            return "Nobody of that name wrote lately."
        if viewer.role in KEEPERS:
            return "Who keeps order in chat is not muted."
        await self._floor.mute(viewer.viewer_id, viewer.name, by_whom(event.author))
        return "They are not answered any more."

    async def _unmute(self, event: ChatCommandIssued) -> str:
        viewer, by = self._viewer(event), by_whom(event.author)
        if viewer is None:
            return "Nobody of that name wrote lately."
        if not await self._floor.unmute(viewer.viewer_id):
            return "They were not muted."
        await self._note("mute", f"{viewer.name} is answered again, by {by}.", by)
        return "They are answered again."

    def _viewer(self, event: ChatCommandIssued) -> Author | None:
        name = clean_chat(event.arguments, maximum=64).removeprefix("@")
        return self._floor.find_viewer(name) if name else None

    # For everybody ----------------------------------------------------------------------------

    async def _forget(self, event: ChatCommandIssued) -> str:
        if event.arguments.strip().casefold() != "me":
            return self._usage("forget")
        author = event.author
        written = event.emitted_at if event.written_at is None else event.written_at
        self._worker.retraction.asked_to_be_forgotten(author.viewer_id, written)
        done = await actions.forget_viewer(self._worker, author.viewer_id, author.name)
        return (
            "What was known of you is forgotten." if done is not None else "It will be forgotten."
        )

    async def _status(self, event: ChatCommandIssued) -> str:
        return status_line(self._worker, self._floor.quiet_until)

    async def _help(self, event: ChatCommandIssued) -> str:
        """Its arguments: the commands that a platform lets somebody give; none: all there are."""
        role = event.author.role
        known = set(event.arguments.split()) & set(COMMANDS) or set(COMMANDS)
        usages = [c.usage for c in COMMANDS.values() if role in c.roles and c.name in known]
        return f"You can use {list_of(usages)}."

    # Words ------------------------------------------------------------------------------------

    @staticmethod
    def _usage(name: str) -> str:
        return f"It is written so: {COMMANDS[name].usage}."

    def _choose(self, what: str, wanted: str, names: Sequence[str]) -> str:
        """What was asked for is not told again: it may be anything."""
        like = [name for name in nearest(wanted, names) if self._teller.may_be_told(name)]
        there = f" There is {list_of(like)}." if like else ""
        return f"There is no {what} of that name.{there}"

    async def _note(self, kind: str, message: str, by: str) -> None:
        await self._worker.incidents.note(kind, "info", message, by)


def by_whom(author: Author) -> str:
    """Who ordered something, for the log."""
    return f"{author.name} ({author.role}) in chat"[:BY_CHARACTERS]


def _key(event: ChatCommandIssued) -> str:
    return f"{event.platform} {event.message_id}" if event.message_id else event.event_id


def _number(text: str) -> int | None:
    minutes = int(text) if _MINUTES.fullmatch(text) else LONGEST_QUIET_MINUTES + 1
    return minutes if minutes <= LONGEST_QUIET_MINUTES else None
