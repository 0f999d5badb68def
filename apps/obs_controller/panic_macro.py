"""What panic does in OBS: one batch that mutes, cuts to BRB and switches the filter on; and back.

Mutes come first: if the connection dies in between, the sound is off. The transition is set to Cut
before the scene, because a fade would keep the old picture on air while it lasts.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from apps.obs_controller.engines.base import NOT_FOUND, Request, Result, StudioError
from apps.obs_controller.link import ObsLink, Priority
from apps.obs_controller.names import mic_inputs, panic_filters, voice_inputs
from apps.obs_controller.panic_memory import PanicMemory, Remembered, What
from apps.obs_controller.panic_moves import Move, filter_on, mute, override, scene, transition
from apps.obs_controller.settings import ObsControllerSettings, names
from apps.obs_controller.studio_state import StudioState
from libs.contracts.studio import PanicStep

log = logging.getLogger("kitsu.obs_controller.panic")

#: After a release: how often OBS is asked whether the switch is over, and for how long at most.
LOOK_SECONDS = 0.02
LONGEST_SWITCH_SECONDS = 2.0

SETUP = "`kitsu obs setup` makes it."


class PanicMacro:
    """Carries panic out in OBS, and takes it back. Both say of each step whether it worked."""

    def __init__(self, settings: ObsControllerSettings, link: ObsLink, memory: PanicMemory) -> None:
        self._settings = settings
        self._link = link
        self._memory = memory

    def targets(self, state: StudioState) -> tuple[tuple[str, str, str], ...]:
        """What panic would touch in this OBS."""
        return tuple((move.what, move.source, move.target) for move in self._moves(state))

    async def apply(self, state: StudioState) -> list[PanicStep]:
        """Raises `ConnectionLost` or `NotConnected`: then nothing is known."""
        moves, brb = self._moves(state), self._settings.obs_brb_scene
        make_brb = [Request("CreateScene", {"sceneName": brb})] * (brb not in state.scenes)
        requests = [*make_brb]
        for move in moves:
            requests += [move.read, move.set_to(move.panic_value)]
        clear = self._clear_texts(state)
        self._memory.presume(_likely(moves, state))
        try:
            results = await self._link.batch([*requests, *clear], Priority.URGENT)
        except StudioError:
            self._memory.save()
            raise
        answers = results[len(make_brb) :]
        pairs = list(zip(answers[0::2], answers[1::2], strict=False))[: len(moves)]
        self._memory.remember(
            [
                move.remembered(move.value_of(was.data))
                for move, (was, _) in zip(moves, pairs, strict=True)
                if was.ok
            ]
        )
        if _said_brb_before(moves, pairs):
            await self.show_brb(state)
        steps = [
            self._step(move, done)
            for move, (_, done) in zip(moves, pairs, strict=True)
            if move.what != "override"
        ]
        return [*steps, *self._cannot(state)]

    async def show_brb(self, state: StudioState) -> None:
        """Makes sure that viewers see BRB and nothing else.

        OBS 29 says a scene is on air while it fades to it, and stays in between for ever when the
        transition was changed in the middle of a switch. It then ignores an order to go to the
        scene where it says it is; the way there over another scene does help.
        """
        brb = self._settings.obs_brb_scene
        others = await self._seen_beside(brb, state)
        if any(others.values()):
            # Over one that is not seen now, and one that may be seen, if there are such.
            allowed = names(self._settings.obs_scenes) or state.scenes
            log.warning("OBS shows more than '%s' in a panic: it is switched once more", brb)
            way = min(others, key=lambda name: (others[name], name not in allowed))
            await self._link.batch(
                [scene(way).set_to(way), scene(brb).set_to(brb)], Priority.URGENT
            )

    async def _seen_beside(self, on_air: str, state: StudioState) -> dict[str, bool]:
        """Which of the scenes that do not belong to this one viewers see, wholly or in part."""
        asked = [Request("GetSourceActive", {"sourceName": name}) for name in state.scenes]
        *active, items = await self._link.batch([*asked, _items_of(on_air)], Priority.URGENT)
        belong, fresh = {on_air}, _named([items], state)
        while fresh := fresh - belong:
            belong |= fresh
            within = await self._link.batch([_items_of(name) for name in fresh], Priority.URGENT)
            fresh = _named(within, state)
        return {
            name: bool(found.data.get("videoActive"))
            for name, found in zip(state.scenes, active, strict=True)
            if name not in belong
        }

    async def restore(self, state: StudioState) -> list[PanicStep]:
        """Puts back what is still as panic left it; what people changed meanwhile stays.

        Raises `Held` when panic is engaged again on the way: then all is still remembered.
        """
        moves = [(self._move(item), item.before) for item in self._in_order_of_return()]
        now = await self._link.batch([move.read for move, _ in moves], Priority.URGENT)
        steps: list[PanicStep] = []
        doing: list[tuple[Move, Any]] = []
        for (move, before), found in zip(moves, now, strict=True):
            before = self._possible(move, before, state)
            if not found.ok:
                steps.append(_kept(move, "it is not there any more", ok=False))
            elif not move.is_panic(move.value_of(found.data)):
                steps.append(_kept(move, "left alone: changed by hand during the panic"))
            elif not move.is_panic(before):
                doing.append((move, before))
        first = [(move, before) for move, before in doing if move.what != "transition"]
        steps += await self._put_back(first)
        last = [(move, before) for move, before in doing if move.what == "transition"]
        if not last or await self._switch_is_over(state):
            steps += await self._put_back(last)
            last = []
        self._memory.keep([move.remembered(before) for move, before in last])
        return [step for step in steps if step.message]

    async def _put_back(self, doing: Sequence[tuple[Move, Any]]) -> list[PanicStep]:
        if not doing:
            return []
        requests = [move.set_to(before) for move, before in doing]
        results = await self._link.batch(requests, Priority.RELEASE)
        return [
            _put_back(move, before, result)
            for (move, before), result in zip(doing, results, strict=True)
        ]

    async def _switch_is_over(self, state: StudioState) -> bool:
        """Waits until viewers see one scene only: OBS 29 never ends a switch during which the
        transition is changed. It may be the one that panic found under way. False when panic is
        engaged meanwhile."""
        move, now = scene(self._settings.obs_brb_scene), asyncio.get_running_loop().time
        until = now() + LONGEST_SWITCH_SECONDS
        while now() < until:
            if self._link.held:
                return False
            (found,) = await self._link.batch([move.read], Priority.URGENT)
            if not found.ok:
                break
            others = await self._seen_beside(move.value_of(found.data), state)
            if not any(others.values()):
                break
            await asyncio.sleep(LOOK_SECONDS)
        return True

    def _moves(self, state: StudioState) -> list[Move]:
        settings, cut = self._settings, state.cut
        inputs = dict.fromkeys([*mic_inputs(settings, state), *voice_inputs(settings, state)])
        moves = [mute(name) for name in inputs]
        if cut is not None:
            moves += [transition(cut), override(settings.obs_brb_scene, cut)]
        moves.append(scene(settings.obs_brb_scene))
        moves += [filter_on(s, name) for s, name in panic_filters(settings, state) if s]
        return moves

    def _clear_texts(self, state: StudioState) -> list[Request]:
        """What she was saying must not stay in the picture."""
        wanted = (self._settings.obs_caption_source, self._settings.obs_now_playing_source)
        return [
            Request(
                "SetInputSettings",
                {"inputName": name, "inputSettings": {"text": ""}, "overlay": True},
            )
            for name in wanted
            if name in state.inputs
        ]

    def _cannot(self, state: StudioState) -> list[PanicStep]:
        """What was wanted but has no request: it is told like a step that failed."""
        steps = []
        for source, name in panic_filters(self._settings, state):
            if not source:
                message = f"no source has a filter '{name}': set OBS_PANIC_FILTER or add it in OBS"
                steps.append(PanicStep(what="filter", target=name, ok=False, message=message))
        if state.cut is None:
            message = "this OBS has no Cut transition: the picture may fade"
            steps.append(PanicStep(what="transition", target="Cut", ok=False, message=message))
        return steps

    def _step(self, move: Move, result: Result) -> PanicStep:
        message = ""
        if not result.ok:
            message = result.comment or f"OBS refused it (code {result.code})"
        if result.code == NOT_FOUND and move.what == "mute":
            message = "there is no such input in OBS: correct OBS_MIC_INPUTS or OBS_VOICE_INPUTS"
        elif result.code == NOT_FOUND and move.what == "filter":
            message = f"'{move.source}' has no such filter: correct OBS_PANIC_FILTER"
        elif result.code == NOT_FOUND and move.what == "scene":
            message = f"there is no such scene: {SETUP}"
        return PanicStep(what=_shown(move), target=_target(move), ok=result.ok, message=message)

    # The way back -----------------------------------------------------------------------------

    def _in_order_of_return(self) -> list[Remembered]:
        """The picture first (still with a cut), sound last."""
        order: Sequence[What] = ("scene", "filter", "override", "transition", "mute")
        return sorted(self._memory.items, key=lambda item: order.index(item.what))

    def _move(self, item: Remembered) -> Move:
        match item.what:
            case "mute":
                return mute(item.target)
            case "transition":
                return transition(item.target)
            case "override":
                cut = next((i.target for i in self._memory.items if i.what == "transition"), "")
                return override(item.target, cut)
            case "scene":
                return scene(item.target)
            case "filter":
                return filter_on(item.source, item.target)

    def _possible(self, move: Move, before: Any, state: StudioState) -> Any:
        """Another scene when the one from before is gone."""
        if move.what != "scene" or before in state.scenes:
            return before
        default = self._settings.twitch_default_scene or next(
            iter(names(self._settings.obs_scenes)), ""
        )
        return default if default in state.scenes else move.panic_value


def _likely(moves: Sequence[Move], state: StudioState) -> list[Remembered]:
    """How things are now as far as it is known without asking."""
    found: list[Remembered] = []
    for move in moves:
        known = state.inputs.get(move.target)
        if move.what == "mute" and known is not None and known.muted is not None:
            found.append(move.remembered(known.muted))
        elif move.what == "scene" and state.scene:
            found.append(move.remembered(state.scene))
        elif move.what == "transition" and state.transition:
            found.append(move.remembered(state.transition))
        elif move.what == "filter":
            found.append(move.remembered(False))
    return found


def _items_of(scene_name: str) -> Request:
    return Request("GetSceneItemList", {"sceneName": scene_name})


def _named(lists: Sequence[Result], state: StudioState) -> set[str]:
    """The scenes that are items in these lists."""
    items = [item for found in lists for item in found.data.get("sceneItems", [])]
    return {str(item.get("sourceName")) for item in items} & set(state.scenes)


def _said_brb_before(moves: Sequence[Move], pairs: Sequence[tuple[Result, Result]]) -> bool:
    """By OBS's word BRB was on air already."""
    return any(
        move.what == "scene" and was.ok and move.is_panic(move.value_of(was.data))
        for move, (was, _) in zip(moves, pairs, strict=True)
    )


def _shown(move: Move) -> Any:
    return "transition" if move.what == "override" else move.what


def _target(move: Move) -> str:
    return f"{move.source}: {move.target}" if move.source else move.target


def _kept(move: Move, why: str, ok: bool = True) -> PanicStep:
    if move.what == "override":
        why = ""
    return PanicStep(what=_shown(move), target=_target(move), ok=ok, message=why)


def _put_back(move: Move, before: Any, result: Result) -> PanicStep:
    said: dict[str, str] = {
        "mute": "unmuted",
        "scene": f"back to '{before}'",
        "transition": f"back to '{before}'",
        "filter": "off again",
        "override": "",
    }
    message = said[move.what] if result.ok else f"could not be put back: {result.comment}"
    return PanicStep(what=_shown(move), target=_target(move), ok=result.ok, message=message)
