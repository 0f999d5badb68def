"""Presses hotkeys of the model: gestures by their words, hotkeys by their names."""

from collections.abc import Callable, Mapping, Sequence

from apps.avatar_controller.engines.base import AvatarRefused
from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from apps.avatar_controller.engines.vtube_studio.model import Ask, Hotkey
from apps.avatar_controller.names import (
    found_by_name,
    found_by_words,
    plain,
    shown_name,
)
from libs.contracts.avatar import AvatarRefusal

#: A toggle that is pressed once too often, or whose answer is lost, ends the wrong way round.
TOGGLE = "ToggleExpression"
REMOVES_EXPRESSIONS = "RemoveAllExpressions"

#: What a word may find: what the model does. (By its name any hotkey but a toggle is pressed.)
ANIMATIONS = ("TriggerAnimation", "ChangeIdleAnimation", "MoveModel")

_REFUSALS = {
    200: "the model has too many animations waiting: this one was left out",
    201: "no model is loaded in VTube Studio: load one",
    202: "the model does not have this hotkey any more",
    203: "it was made just now: this one was left out",
    204: "VTube Studio cannot do it with what is loaded now",
    205: "a window is open in VTube Studio: close it, then hotkeys work again",
}


class Hotkeys:
    """Promises: the same hotkey is not pressed twice within the pause; what the app refuses is
    dropped and said, never pressed later, for then it would come at the wrong moment."""

    def __init__(
        self,
        ask: Ask,
        gestures: Mapping[str, Sequence[str]],
        pause_seconds: float,
        now: Callable[[], float],
    ) -> None:
        self._ask = ask
        self.take(gestures, pause_seconds)
        self._now = now
        self._pressed_at: dict[str, float] = {}
        self._all: tuple[Hotkey, ...] = ()
        self.gestures: tuple[str, ...] = ()
        """Those of `configs/avatar.yaml` for which the model has a hotkey."""

    def take(self, gestures: Mapping[str, Sequence[str]], pause_seconds: float) -> None:
        """Those count from the next `begin` on."""
        self._gestures = {plain(name): words for name, words in gestures.items()}
        self._pause_seconds = pause_seconds
        self._names = tuple(gestures)

    def begin(self, hotkeys: tuple[Hotkey, ...]) -> None:
        """The model that is loaded has these."""
        self._all = hotkeys
        self.gestures = tuple(name for name in self._names if self._by_words(name))
        known = {hotkey.id for hotkey in hotkeys}
        self._pressed_at = {key: at for key, at in self._pressed_at.items() if key in known}

    def find(self, name: str) -> Hotkey:
        """Raises `AvatarRefused`: there is none, or none that may be pressed."""
        found = self._by_words(name)
        found = found or next((hotkey for hotkey in self._all if hotkey.id == name), None)
        found = found or self._by_name(name)
        if found is None:
            raise AvatarRefused(
                AvatarRefusal.NOT_FOUND,
                f"The model has no hotkey for “{shown_name(name)}”: make one in VTube Studio,"
                " or write its name under gestures in configs/avatar.yaml.",
            )
        if found.action == TOGGLE:
            raise AvatarRefused(
                AvatarRefusal.NOT_POSSIBLE,
                f"“{found.shown}” is a hotkey that turns an expression on or off, and can end the"
                " wrong way round: use the expression itself.",
            )
        return found

    def _by_words(self, name: str) -> Hotkey | None:
        """What the gesture of this name is here."""
        words = self._gestures.get(plain(name))
        may = [hotkey for hotkey in self._all if hotkey.action in ANIMATIONS]
        return found_by_words(words, may, lambda hotkey: hotkey.name) if words else None

    def _by_name(self, name: str) -> Hotkey | None:
        """One that may be pressed before a toggle of the same name."""
        may = [hotkey for hotkey in self._all if hotkey.action != TOGGLE]
        return next(
            (
                found
                for group in (may, self._all)
                if (found := found_by_name(name, group, lambda hotkey: hotkey.name))
            ),
            None,
        )

    async def press(self, hotkey: Hotkey) -> None:
        """Raises `AvatarRefused`."""
        since = self._now() - self._pressed_at.get(hotkey.id, float("-inf"))
        if since < self._pause_seconds:
            raise AvatarRefused(
                AvatarRefusal.NOT_NOW,
                f"“{hotkey.shown}” was made {since:.0f} s ago; again after"
                f" {self._pause_seconds:g} s (hotkey_pause_seconds in configs/avatar.yaml).",
            )
        self._pressed_at[hotkey.id] = self._now()
        try:
            await self._ask("HotkeyTriggerRequest", {"hotkeyID": hotkey.id})
        except VtsRefused as refused:
            del self._pressed_at[hotkey.id]
            why = _REFUSALS.get(refused.error_id, f"VTube Studio refuses it: {refused}")
            raise AvatarRefused(AvatarRefusal.REFUSED, f"“{hotkey.shown}”: {why}.") from refused
        except VtsAway as away:
            raise AvatarRefused(
                AvatarRefusal.NOT_READY, f"“{hotkey.shown}”: VTube Studio is away."
            ) from away
