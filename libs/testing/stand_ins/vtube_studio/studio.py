"""VTube Studio as it stands there: what is loaded, who may what, what its user does."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.gallery import akari, hijiki
from libs.testing.stand_ins.vtube_studio.hotkey_queue import HotkeyQueue
from libs.testing.stand_ins.vtube_studio.items import Item, Scene
from libs.testing.stand_ins.vtube_studio.live2d import live2d_values
from libs.testing.stand_ins.vtube_studio.models import Hotkey, Model
from libs.testing.stand_ins.vtube_studio.parameters import Parameters
from libs.testing.stand_ins.vtube_studio.rights import Popup, Rights
from libs.testing.stand_ins.vtube_studio.session import Session
from libs.testing.stand_ins.vtube_studio.wire import Data, Refusal

VERSION = "1.32.0"
#: Seconds between two loads of a model.
MODEL_COOLDOWN_SECONDS = 2.0
WINDOW = {"x": 1280, "y": 720}


class Studio:
    """Everything but the sockets. `now` is the clock for whatever expires or cools down."""

    def __init__(
        self,
        now: Callable[[], float],
        models: Iterable[Model] | None,
        frame_seconds: Callable[[], float],
    ) -> None:
        self.now = now
        self.frame_seconds = frame_seconds
        self.models = list(models) if models is not None else [akari(), hijiki()]
        self.model = self.models[0] if self.models else None
        self.position = {"positionX": 0.0, "positionY": 0.0, "rotation": 0.0, "size": -60.0}
        self.parameters = Parameters(now)
        self.rights = Rights()
        self.popup = Popup()
        self.scene = Scene(self._item_changed)
        self.hotkeys = HotkeyQueue(
            now, frame_seconds, lambda hotkey: self.press(hotkey, by_api=True)
        )
        self.sessions: set[Session] = set()
        self.tints: dict[str, tuple[float, ...]] = {}
        self.effects: Data = {"on": False, "preset": "", "values": {}}
        self.camera_sees_face = False
        self.windows_open = False
        """A window of its settings is open: models, items, hotkeys, effects cannot change now."""
        self.api_active = True
        """Off: the user has switched off "Start API (allow plugins)"."""
        self.load_seconds = 0.0
        """How long a model takes to load."""
        self.pressed: list[str] = []
        """Names of hotkeys, as they were carried out."""
        self.started_at = now()
        self.model_loaded_at = now()
        self._loading: asyncio.TimerHandle | None = None
        self._last_load_at = float("-inf")
        self._face_told = False

    # Events -----------------------------------------------------------------------------------

    def tell(
        self, event: str, data: Data, wanted: Callable[[Data], bool] = lambda config: True
    ) -> None:
        """To every plugin that has subscribed, if its configuration wants it."""
        for session in list(self.sessions):
            subscription = session.subscriptions.get(event)
            if subscription is not None and wanted(subscription.config):
                session.tell(event, data)

    def face_found(self) -> bool:
        return self.camera_sees_face or self.parameters.face_injected()

    def tell_face(self) -> None:
        """If it was found or lost since the last call."""
        found = self.face_found()
        if found != self._face_told:
            self._face_told = found
            status = {"faceFound": found, "leftHandFound": False, "rightHandFound": False}
            self.tell("TrackingStatusChangedEvent", status)

    def tell_position(self) -> None:
        if self.model is not None:
            data = {**self.named_model(), "modelPosition": dict(self.position)}
            self.tell("ModelMovedEvent", data)

    def _item_changed(self, what: str, item: Item) -> None:
        place = {"x": item.place["positionX"], "y": item.place["positionY"]}
        data = {
            "itemEventType": what,
            "itemInstanceID": item.id,
            "itemFileName": item.file,
            "itemPosition": place,
        }

        def wanted(config: Data) -> bool:
            ids, files = config.get("itemInstanceIDs"), config.get("itemFileNames")
            return not (ids or files) or item.id in (ids or ()) or item.file in (files or ())

        self.tell("ItemEvent", data, wanted)

    # Models -----------------------------------------------------------------------------------

    def named_model(self) -> Data:
        model = self.model
        return {"modelName": model.name if model else "", "modelID": model.id if model else ""}

    def find(self, model_id: str) -> Model | None:
        return next((model for model in self.models if model.id == model_id), None)

    def load(self, model: Model | None) -> None:
        """As its user does it; None: unload. A model that is new here joins the others."""
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
        self._tell_loaded(loaded=False)
        self.model = None
        self.hotkeys.clear()
        if model is None:
            return
        if model not in self.models:
            self.models.append(model)
        if self.load_seconds > 0:
            loop = asyncio.get_running_loop()
            self._loading = loop.call_later(self.load_seconds, self._loaded, model)
        else:
            self._loaded(model)

    def load_for_plugin(self, model_id: str) -> None:
        """Raises `Refusal`."""
        if self.windows_open or self._loading is not None:
            said = "The model cannot be changed right now."
            raise Refusal(ErrorId.MODEL_CANNOT_CHANGE_NOW, said)
        if self.now() - self._last_load_at < MODEL_COOLDOWN_SECONDS:
            raise Refusal(ErrorId.MODEL_LOAD_COOLDOWN, "The cooldown of 2 seconds is not over.")
        model = self.find(model_id)
        if model_id and model is None:
            raise Refusal(ErrorId.MODEL_NOT_FOUND, "There is no model with that ID.")
        self._last_load_at = self.now()
        self.load(model)

    def change_config(self, *, hotkeys: bool = False) -> None:
        """The user has changed settings of the model."""
        if self.model is not None:
            data = {**self.named_model(), "hotkeyConfigChanged": hotkeys}
            self.tell("ModelConfigChangedEvent", data)

    def _loaded(self, model: Model) -> None:
        self._loading = None
        for expression in model.expressions:
            expression.switch(False, self.now())
        self.model, self.model_loaded_at = model, self.now()
        self.tints.clear()
        self._tell_loaded(loaded=True)

    def _tell_loaded(self, *, loaded: bool) -> None:
        if self.model is not None:
            model_id = self.model.id

            def wanted(config: Data) -> bool:
                return model_id in config.get("modelID", [model_id])

            self.tell("ModelLoadedEvent", {"modelLoaded": loaded, **self.named_model()}, wanted)

    # Hotkeys ----------------------------------------------------------------------------------

    def press(self, hotkey: Hotkey, *, by_api: bool = False) -> None:
        """Carries it out, as when its user presses it."""
        model = self.model
        if model is None:
            return
        self.pressed.append(hotkey.name)
        data = {
            "hotkeyID": hotkey.id,
            "hotkeyName": hotkey.name,
            "hotkeyAction": hotkey.action,
            "hotkeyFile": hotkey.file,
            "hotkeyTriggeredByAPI": by_api,
            **self.named_model(),
            "isLive2DItem": False,
        }

        def wanted(config: Data) -> bool:
            only = config.get("onlyForAction")
            ignored = by_api and config.get("ignoreHotkeysTriggeredByAPI")
            return not ignored and only in (None, "", hotkey.action)

        self.tell("HotkeyTriggeredEvent", data, wanted)
        self._carry_out(model, hotkey)

    def _carry_out(self, model: Model, hotkey: Hotkey) -> None:
        if hotkey.action == "RemoveAllExpressions":
            for expression in model.expressions:
                expression.switch(False, self.now())
        elif hotkey.action == "ToggleExpression":
            toggled = next((one for one in model.expressions if one.file == hotkey.file), None)
            if toggled is not None:
                toggled.switch(not toggled.active, self.now())
        elif hotkey.action == "ChangeVTSModel":
            name = hotkey.file.removesuffix(".vtube.json")
            other = next((one for one in self.models if one.name == name), None)
            if other is not None:
                self.load(other)

    # What is seen -----------------------------------------------------------------------------

    def value(self, name: str) -> float:
        """An input parameter, as the model gets it now."""
        return self.parameters.value(name)

    def live2d(self) -> dict[str, float]:
        """The parameters of the model; empty without one."""
        if self.model is None:
            return {}
        return live2d_values(self.model, self.parameters, self.now(), self.face_found())

    @contextmanager
    def open_windows(self) -> Iterator[None]:
        self.windows_open = True
        try:
            yield
        finally:
            self.windows_open = False

    # Comings and goings -----------------------------------------------------------------------

    def session_ended(self, session: Session) -> None:
        self.sessions.discard(session)
        for mesh in session.tints:
            self.tints.pop(mesh, None)
        others = {other.plugin for other in self.sessions}
        if session.plugin is not None and session.plugin not in others:
            self.scene.plugin_left(session.plugin)

    def revoke(self, plugin_name: str) -> None:
        """The user takes a plugin's rights back: its parameters go too."""
        plugins = {*self.rights.tokens.values(), *(s.plugin for s in self.sessions if s.plugin)}
        for plugin in plugins:
            if plugin.name == plugin_name:
                self.rights.revoke(plugin)
                self.parameters.forget(plugin)
        for session in self.sessions:
            if session.plugin is not None and session.plugin.name == plugin_name:
                session.plugin, session.revoked = None, True

    def forget_plugins(self) -> None:
        """As after a new installation."""
        for plugin in self.rights.forget_all():
            self.parameters.forget(plugin)

    def start_again(self) -> None:
        """What is gone when the app was closed and opened."""
        self.scene.items.clear()
        self.tints.clear()
        self.hotkeys.clear()
        self.parameters.drop_values()
        self.started_at = self.model_loaded_at = self.now()
        self._last_load_at = float("-inf")
        for expression in self.model.expressions if self.model else ():
            expression.switch(False, self.now())
