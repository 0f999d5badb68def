"""The scope each path needs; what is not named here needs OPERATOR. And how much it takes."""

from apps.orchestrator.pictures import PICTURE_BYTES
from libs.worker.access import Scope

ACCESS_RULES = {
    "/": Scope.PUBLIC,  # the panel's page; it shows nothing without a signed-in stream
    "/panel/": Scope.PUBLIC,
    "/favicon.ico": Scope.PUBLIC,
    "/health": Scope.PUBLIC,
    "/panic": Scope.HOOK,
    "/stop": Scope.HOOK,
    "/microphone/mute": Scope.HOOK,
}

#: Addresses that do something when they are opened: only with a key.
KEYED_GETS = frozenset({"/microphone/mute"})

#: A picture in base64, and the line it goes with.
BODY_LIMITS = {"/ingest/chat": PICTURE_BYTES * 4 // 3 + 20_000}
