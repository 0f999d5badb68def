"""OBS as everybody is told of it."""

from collections.abc import Sequence

from apps.obs_controller.names import role_of
from apps.obs_controller.panic_keeper import PanicKeeper
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.studio_state import StudioState
from libs.contracts.studio import StudioChanged, StudioInput, StudioLink


def studio_changed(
    settings: ObsControllerSettings,
    link: StudioLink,
    detail: str,
    state: StudioState,
    scenes: Sequence[str],
    actions: Sequence[str],
    keeper: PanicKeeper,
    missing: Sequence[str],
) -> StudioChanged:
    """The event; `state` is empty while OBS is not connected."""
    return StudioChanged(
        show=settings.kitsu_show,
        link=link,
        detail=detail,
        obs_version=state.obs_version,
        scene=state.scene,
        scenes=tuple(name for name in scenes if name in state.scenes),
        inputs=tuple(
            StudioInput(
                name=name,
                kind=known.kind,
                muted=known.muted,
                volume_db=known.volume_db,
                role=role_of(settings, state, name),
            )
            for name, known in state.inputs.items()
            if known.muted is not None
        ),
        transition=state.transition,
        transitions=tuple(state.transitions),
        recording=state.recording,
        replay=state.replay,
        streaming=state.streaming,
        actions=tuple(actions),
        panic=keeper.state,
        panic_steps=keeper.steps,
        missing=tuple(missing),
    )
