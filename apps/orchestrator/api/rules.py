"""The scope each path needs. What is not named here needs OPERATOR."""

from libs.worker.access import Scope

ACCESS_RULES = {
    "/": Scope.PUBLIC,  # the panel's page; it shows nothing without a signed-in stream
    "/panel/": Scope.PUBLIC,
    "/favicon.ico": Scope.PUBLIC,
    "/health": Scope.PUBLIC,
    "/panic": Scope.HOOK,
    "/stop": Scope.HOOK,
}
