"""Every request that is answered, by kind."""

from libs.testing.stand_ins.vtube_studio.requests import (
    app,
    events,
    gestures,
    items,
    looks,
    models,
    parameters,
)
from libs.testing.stand_ins.vtube_studio.requests.app import OPEN_TO_ALL
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler, SlowHandler

HANDLERS: dict[str, Handler] = {
    kind: handler
    for theme in (app, models, gestures, parameters, items, looks, events)
    for kind, handler in theme.HANDLERS.items()
}
SLOW_HANDLERS: dict[str, SlowHandler] = {**app.SLOW_HANDLERS, **items.SLOW_HANDLERS}

#: Requests of the API that exist and are not built here: they get error 0.
NOT_BUILT = frozenset(
    {
        "NDIConfigRequest",
        "GetCurrentModelPhysicsRequest",
        "SetCurrentModelPhysicsRequest",
        "ArtMeshSelectionRequest",
        "ArtMeshAtPositionRequest",
        "ItemPinRequest",
        "ItemSortRequest",
        "ItemAnimationControlRequest",
        "SceneColorOverlayInfoRequest",
    }
)

__all__ = ["HANDLERS", "NOT_BUILT", "OPEN_TO_ALL", "SLOW_HANDLERS", "Call"]
