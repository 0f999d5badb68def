"""What a handler of a request is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from libs.testing.stand_ins.vtube_studio.models import Model
from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.session import Session
from libs.testing.stand_ins.vtube_studio.studio import Studio
from libs.testing.stand_ins.vtube_studio.wire import Data


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Handlers raise `Refusal`."""

    studio: Studio
    session: Session
    request_id: str
    data: Data

    @property
    def plugin(self) -> Plugin:
        """Who asks; only where authentication is needed."""
        assert self.session.plugin is not None
        return self.session.plugin

    @property
    def model(self) -> Model | None:
        return self.studio.model

    def about_model(self) -> Data:
        return {"modelLoaded": self.model is not None, **self.studio.named_model()}


Handler = Callable[[Call], Data]
#: Of requests that wait for the user.
SlowHandler = Callable[[Call], Awaitable[Data]]
