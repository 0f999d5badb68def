"""Subscribing to events.

Source: github.com/DenchiSoft/VTubeStudio, Events/README.md. Sent for real: TestEvent, ModelLoaded,
ModelConfigChanged, ModelMoved, ModelOutline, TrackingStatusChanged, HotkeyTriggered, Item and
PostProcessing; the others can be subscribed to and nothing comes. Of the errors about
configurations only 100000 and 100050 are known.
"""

import asyncio
import re

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.requests.call import Call, Handler
from libs.testing.stand_ins.vtube_studio.session import Subscription
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal, flag, text

EVENTS = frozenset(
    {
        "TestEvent",
        "ModelLoadedEvent",
        "TrackingStatusChangedEvent",
        "BackgroundChangedEvent",
        "ModelConfigChangedEvent",
        "ModelMovedEvent",
        "ModelOutlineEvent",
        "HotkeyTriggeredEvent",
        "ModelAnimationEvent",
        "ItemEvent",
        "ModelClickedEvent",
        "PostProcessingEvent",
        "Live2DCubismEditorConnectedEvent",
    }
)
TEST_MESSAGE_CHARACTERS = 32


def _subscribe(call: Call) -> Data:
    name, wanted = text(call.data, "eventName"), flag(call.data, "subscribe")
    subscriptions = call.session.subscriptions
    if not name and not wanted:
        subscriptions.clear()
    elif name not in EVENTS:
        raise Refusal(ErrorId.EVENT_UNKNOWN, "There is no such event.")
    elif not wanted:
        subscriptions.pop(name, None)
    else:
        config = call.data.get("config")
        config = config if isinstance(config, dict) else {}
        subscriptions[name] = Subscription(_checked(name, config), call.request_id)
        if name == "ModelMovedEvent":
            asyncio.get_running_loop().call_soon(call.studio.tell_position)
    return {"subscribedEventCount": len(subscriptions), "subscribedEvents": list(subscriptions)}


def _checked(name: str, config: Data) -> Data:
    if name == "TestEvent":
        if len(text(config, "testMessageForEvent")) > TEST_MESSAGE_CHARACTERS:
            raise Refusal(ErrorId.EVENT_MESSAGE_TOO_LONG, "The message is too long.")
    elif name == "ModelLoadedEvent":
        ids = config.get("modelID") or []
        if not isinstance(ids, list) or not all(_is_model_id(one) for one in ids):
            raise Refusal(ErrorId.EVENT_MODEL_ID_INVALID, "A model ID is invalid.")
        if not ids:
            return {key: value for key, value in config.items() if key != "modelID"}
    return config


def _is_model_id(given: object) -> bool:
    return isinstance(given, str) and re.fullmatch(r"[0-9a-fA-F]{32}", given) is not None


HANDLERS: dict[str, Handler] = {"EventSubscriptionRequest": _subscribe}
