"""Makes one frame of what mouth and pose are: only inputs that are there and that are free."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from apps.avatar_controller.engines.base import SHUT, Mouth, Pose
from apps.avatar_controller.engines.vtube_studio.frames import Value
from apps.avatar_controller.engines.vtube_studio.parameters import (
    BREATH,
    MOVES,
    at_rest,
    mouth_inputs,
    mouth_values,
    pose_values,
)
from libs.settings.avatar import MouthSettings

#: What a pose has left at rest for so long is left to the app. Longer than from one look to the
#: next, so that nothing jumps to and fro.
LET_GO_SECONDS = 10.0

#: Lids that are lowered for longer are no blink: she is drowsy or asleep, and that shows as well on
#: a model that blinks by itself. It comes over her in as long a time.
LOWERED_SECONDS = 1.0
LOWERED = 0.95

Frame = list[Value]


class Steering:
    """Promises: a frame has each input once, none that the model's app does not have, none that
    another plugin holds, and none of a pose that does not count."""

    def __init__(self, wish: MouthSettings, now: Callable[[], float]) -> None:
        self.wish = wish
        self._now = now
        self._inputs: frozenset[str] = frozenset()
        self._mouth: tuple[str, ...] = ()
        self._moved_at: dict[str, float] = {}
        self.taken: frozenset[str] = frozenset()
        """Held by another plugin."""
        self._open_at = now()
        self.moves_lids = False
        """Whether blinks are Kitsu's."""
        self.moves_breath = False

    @property
    def mouth(self) -> tuple[str, ...]:
        """What moves the mouth now."""
        return tuple(name for name in self._mouth if name not in self.taken)

    @property
    def all_of_mouth(self) -> tuple[str, ...]:
        """Also what another plugin holds."""
        return self._mouth

    @property
    def taken_in_words(self) -> tuple[str, ...]:
        return tuple(f"{name} ({MOVES[name]})" for name in sorted(self.taken))

    def begin(self, inputs: Iterable[str]) -> None:
        """Those are there now."""
        self._inputs = frozenset(inputs)
        self._mouth = mouth_inputs(self._inputs, self.wish)
        self.taken &= self._inputs

    def drop(self, names: Iterable[str]) -> None:
        """Those are not there after all."""
        self.begin(self._inputs - frozenset(names))

    def shut(self) -> Frame:
        """The mouth shut, and nothing else."""
        values = mouth_values(SHUT)
        return [(name, *values[name]) for name in self.mouth]

    def frame(self, mouth: Mouth, pose: Pose, pose_weight: float) -> Frame:
        """`pose_weight`: how much of the pose counts beside what else moves her."""
        values = mouth_values(mouth)
        frame = [(name, *values[name]) for name in self._mouth if name not in self.taken]
        now = self._now()
        pose = replace(pose, lids=self._lids(pose.lids, now))
        resting = at_rest(pose)
        for name, (value, weight) in pose_values(pose).items():
            if not resting[name]:
                self._moved_at[name] = now
            if weight * pose_weight > 0 and self._counts(name, now):
                frame.append((name, value, weight * pose_weight))
        return frame

    def _lids(self, lids: float, now: float) -> float:
        """Without blinks that are not Kitsu's."""
        if lids >= LOWERED:
            self._open_at = now
        if self.moves_lids:
            return lids
        share = min(max((now - self._open_at) / LOWERED_SECONDS - 1, 0.0), 1.0)
        return 1.0 - share * (1.0 - lids)

    def _counts(self, name: str, now: float) -> bool:
        if name not in self._inputs or name in self.taken:
            return False
        if name == BREATH and not self.moves_breath:
            return False
        return now - self._moved_at.get(name, float("-inf")) <= LET_GO_SECONDS
