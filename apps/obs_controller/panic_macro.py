"""What panic does in OBS: one batch that mutes, cuts to BRB and switches the filter on; and back.

Mutes come first: if the connection dies in between, the sound is off. The transition is set to Cut
before the scene, because a fade would keep the old picture on air while it lasts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.obs_controller.engines.base import NOT_FOUND, Request, Result
from apps.obs_controller.link import ObsLink, Priority
from apps.obs_controller.names import mic_inputs, panic_filters, voice_inputs
from apps.obs_controller.panic_memory import PanicMemory, Remembered, What
from apps.obs_controller.settings import ObsControllerSettings, names
from apps.obs_controller.studio_state import StudioState
from libs.contracts.studio import PanicStep

SETUP = "`kitsu obs setup` makes it."


@dataclass(frozen=True)
class Move:
    """One thing that panic sets: how to read it, what it becomes, and how to set it."""

    what: What
    target: str
    read: Request
    value_of: Callable[[Mapping[str, Any]], Any]
    panic_value: Any
    set_to: Callable[[Any], Request]
    source: str = ""
    key_of: Callable[[Any], Any] = lambda value: value
    """What of a value counts when two are compared."""

    def is_panic(self, value: Any) -> bool:
        return bool(self.key_of(value) == self.key_of(self.panic_value))

    def remembered(self, before: Any) -> Remembered:
        return Remembered(self.what, self.target, self.source, before)


def mute(name: str) -> Move:
    return Move(
        "mute",
        name,
        Request("GetInputMute", {"inputName": name}),
        lambda data: bool(data["inputMuted"]),
        True,
        lambda value: Request("SetInputMute", {"inputName": name, "inputMuted": value}),
    )


def transition(cut: str) -> Move:
    return Move(
        "transition",
        cut,
        Request("GetCurrentSceneTransition"),
        lambda data: str(data["transitionName"]),
        cut,
        lambda value: Request("SetCurrentSceneTransition", {"transitionName": value}),
    )


def override(scene: str, cut: str) -> Move:
    """A scene can have a transition of its own, which would win over the current one."""

    def set_to(value: Mapping[str, Any]) -> Request:
        return Request("SetSceneSceneTransitionOverride", {"sceneName": scene, **value})

    def value_of(data: Mapping[str, Any]) -> dict[str, Any]:
        return {key: data.get(key) for key in ("transitionName", "transitionDuration")}

    read = Request("GetSceneSceneTransitionOverride", {"sceneName": scene})
    panic_value = {"transitionName": cut, "transitionDuration": None}
    return Move(
        "override",
        scene,
        read,
        value_of,
        panic_value,
        set_to,
        key_of=lambda value: value["transitionName"],
    )


def scene(name: str) -> Move:
    return Move(
        "scene",
        name,
        Request("GetCurrentProgramScene"),
        lambda data: str(data.get("sceneName") or data["currentProgramSceneName"]),
        name,
        lambda value: Request("SetCurrentProgramScene", {"sceneName": value}),
    )


def filter_on(source: str, name: str) -> Move:
    where = {"sourceName": source, "filterName": name}
    return Move(
        "filter",
        name,
        Request("GetSourceFilter", where),
        lambda data: bool(data["filterEnabled"]),
        True,
        lambda value: Request("SetSourceFilterEnabled", {**where, "filterEnabled": value}),
        source,
    )


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
        results = await self._link.batch([*requests, *clear], Priority.URGENT)
        answers = results[len(make_brb) :]
        pairs = list(zip(answers[0::2], answers[1::2], strict=False))[: len(moves)]
        self._memory.remember(
            [
                move.remembered(move.value_of(was.data))
                for move, (was, _) in zip(moves, pairs, strict=True)
                if was.ok
            ]
        )
        steps = [
            self._step(move, done)
            for move, (_, done) in zip(moves, pairs, strict=True)
            if move.what != "override"
        ]
        return [*steps, *self._cannot(state)]

    async def restore(self, state: StudioState) -> list[PanicStep]:
        """Puts back what is still as panic left it; what people changed meanwhile stays."""
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
        if doing:
            requests = [move.set_to(before) for move, before in doing]
            results = await self._link.batch(requests, Priority.URGENT)
            steps += [
                _put_back(move, before, result)
                for (move, before), result in zip(doing, results, strict=True)
            ]
        self._memory.forget()
        return [step for step in steps if step.message]

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
