"""veadotube: pictures of a character, one for each state; the program moves the mouth itself.

Not tried with the real program, which can only be had by hand from its author's page: the
form is that of its documentation and of several public clients. What they leave open: whether a
change of avatar is told (here the states are asked for again and again), and whether `listen` tells
the present state at once (here it is asked for).
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from apps.avatar_controller.engines.base import (
    AvatarRefused,
    Capability,
    Changed,
    Mouth,
    Pose,
)
from apps.avatar_controller.engines.veadotube.instances import instances_folder
from apps.avatar_controller.engines.veadotube.link import VeadotubeLink
from apps.avatar_controller.engines.veadotube.states import States
from apps.avatar_controller.engines.veadotube.wire import State, Told
from apps.avatar_controller.mood_choices import MoodChoices
from apps.avatar_controller.mood_map import moods_in_file
from apps.avatar_controller.settings import AvatarControllerSettings
from apps.avatar_controller.told_names import told_names
from libs.contracts.avatar import AvatarId, AvatarLink, AvatarRefusal, AvatarStatus, Bearing
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile

PANIC_SECONDS = 0.15


class VeadotubeAvatar:
    """An avatar of states: a mood is a state with such a name, and talking one of the same name
    with `talking` in it.

    Promises: an avatar none of whose states has a name that means anything here is never touched;
    what its owner chose last is come back to after every mood; a state that is told while the
    program is away is shown when it is back.
    """

    id: AvatarId = "veadotube"
    capabilities: frozenset[Capability] = frozenset()

    def __init__(
        self,
        settings: AvatarControllerSettings,
        file: AvatarFile,
        choices: MoodChoices,
        changed: Changed,
        folder: Path | None = None,
    ) -> None:
        self._file = file
        self._changed = changed
        self._choices = choices
        self._link = VeadotubeLink(
            settings.veadotube_url, folder or instances_folder(), self._heard, self._lost, changed
        )
        self._states = States((), {}, {}, file)
        self._mood, self._bearing = Mood.NEUTRAL, Bearing.IDLE
        self._panic = False
        self._tried = ""
        """The id of a state that is shown for a moment, whatever the mood."""
        self._last_tried = ""
        """The same, until something else was seen after it: not its owner's choice."""
        self._trying: asyncio.TimerHandle | None = None
        self._showing: str | None = None
        """What the program said it shows, or what it was last told to show."""
        self._told: str | None = None
        """What this connection was last told to show."""

    # Life -------------------------------------------------------------------------------------

    async def run(self) -> None:
        await self._link.run()

    def take_file(self, file: AvatarFile) -> None:
        self._file = file
        self._read_states(self._states.all)
        self._show()
        self._changed()

    async def close(self) -> None:
        await self.panic(True)

    async def panic(self, engaged: bool) -> None:
        self._panic = engaged
        if engaged:
            self._mood = Mood.NEUTRAL
            self._end_try()
        self._show()
        if engaged:
            await self._link.flush(PANIC_SECONDS)

    def _heard(self, told: Told) -> None:
        changed = told.states is not None and told.states != self._states.all
        if changed:
            self._showing = self._told = None  # told next
        if changed or told.instance:
            self._read_states(self._states.all if told.states is None else told.states)
            self._changed()
        if told.showing is not None:
            self._saw(told.showing)
        if self._showing is not None:
            self._show()

    def _lost(self) -> None:
        self._showing = self._told = None
        self._end_try()

    def _read_states(self, states: Sequence[State]) -> None:
        before = self._states
        title = self._link.instance
        in_file = moods_in_file(self._file, title, self.id)
        chosen = self._choices.of(self.id, title)
        self._states = States(states, in_file, chosen, self._file)
        self._states.keep_rest_of(before)

    def _saw(self, showing: str) -> None:
        """Once in a while, and at every change, also one that somebody else made."""
        self._showing = showing
        if showing != self._last_tried:
            self._states.seen(showing)
            self._last_tried = self._tried
        rest = self._states.rest
        if self._told is not None and rest is not None and showing == rest.id == self._target():
            self._told = showing  # its owner put it there

    # What she does ----------------------------------------------------------------------------

    def set_mouth(self, mouth: Mouth) -> None:
        """The program hears her voice itself."""

    def look(self, pose: Pose) -> None: ...

    def send_frame(self) -> None: ...

    def set_mood(self, mood: Mood, fade_seconds: float) -> None:
        if not self._panic:
            self._mood = mood
            self._show()

    def bear(self, bearing: Bearing) -> None:
        self._bearing = bearing
        self._show()

    async def show_expression(self, name: str, hold_seconds: float) -> None:
        self._check_ready()
        state = self._states.named(name)
        if state is None:
            raise AvatarRefused(AvatarRefusal.NOT_FOUND, f"veadotube has no state “{name:.80}”.")
        self._end_try()
        self._tried = self._last_tried = state.id
        self._trying = asyncio.get_running_loop().call_later(hold_seconds, self._try_is_over)
        self._show()

    async def map_mood(self, mood: Mood, expression: str | None) -> None:
        self._check_ready()
        if expression and self._states.named(expression) is None:
            raise AvatarRefused(
                AvatarRefusal.NOT_FOUND, f"veadotube has no state “{expression:.80}”."
            )
        await asyncio.to_thread(
            self._choices.choose, self.id, self._link.instance, mood, expression
        )
        self._read_states(self._states.all)
        self._changed()
        self._show()

    def _check_ready(self) -> None:
        if self._panic:
            raise AvatarRefused(AvatarRefusal.PANIC, "Panic is engaged: release it first.")
        if not self._link.ready:
            raise AvatarRefused(AvatarRefusal.NOT_READY, self._link.detail)

    def _try_is_over(self) -> None:
        self._end_try()
        self._show()

    def _end_try(self) -> None:
        self._tried = ""
        if self._trying is not None:
            self._trying.cancel()
            self._trying = None

    def _target(self) -> str:
        """The id of the state that is to be seen; empty: there is none."""
        if self._tried:
            return self._tried
        if self._panic:
            return self._states.rest.id if self._states.rest else ""
        state = self._states.to_show(self._mood, self._bearing)
        return state.id if state else ""

    def _show(self) -> None:
        """Tells the program only what differs from what it was told, or shows, already."""
        target = self._target()
        if not target or not self._link.ready:
            return
        shown_already = self._told is None and target == self._showing
        if target != self._told and not shown_already:
            self._link.set_state(target)
        self._told = target

    # What means nothing here ------------------------------------------------------------------

    async def gesture(self, name: str) -> None:
        raise AvatarRefused(
            AvatarRefusal.NOT_POSSIBLE, "veadotube has no animations: use a state instead."
        )

    async def show_item(self, name: str) -> None:
        raise AvatarRefused(AvatarRefusal.NOT_POSSIBLE, "veadotube has no items: use items.yaml.")

    async def sign_in(self) -> None:
        raise AvatarRefused(AvatarRefusal.NOT_POSSIBLE, "veadotube needs no permission.")

    # How it is --------------------------------------------------------------------------------

    def counts(self) -> Mapping[str, int]:
        return {}

    def status(self) -> AvatarStatus:
        link = self._link
        if link.link is not AvatarLink.READY:
            return AvatarStatus(id=self.id, title="veadotube", link=link.link, detail=link.detail)
        states = self._states
        missing = states.moods.missing
        if not any(shown.expression for shown in states.moods.shown):
            missing += ("states named after moods, like happy or sad: rename some in veadotube",)
        talk = "Its talking states are shown" if states.talks else "It moves the mouth by itself"
        return AvatarStatus(
            id=self.id,
            title="veadotube",
            link=link.link,
            detail=f"{link.instance}, {len(states.all)} states. {talk} while she speaks.",
            model=link.instance,
            moods=states.moods.shown,
            expressions=told_names(state.name for state in states.all),
            missing=missing,
        )
