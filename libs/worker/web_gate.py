"""The gate before every HTTP and WebSocket route: Host, Origin, Sec-Fetch-Site, body, token.

Plain ASGI, so that nothing is routed, parsed or mounted before it has passed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from libs.worker.access import Access, Scope
from libs.worker.problems import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: Larger bodies are refused before they are read. A chat line or a persona is far smaller.
BODY_LIMIT_BYTES = 512 * 1024

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)

Headers = tuple[tuple[bytes, bytes], ...]

SECURITY_HEADERS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
)


@dataclass(frozen=True)
class OtherPage:
    """A page of another of our processes, and what it may do here itself: POST to `paths` (when its
    own process does not answer) and open WebSockets at `sockets`; only from exactly these
    `origins`, only signed in by its own cookie.

    Cookies know no ports, and for a browser another port of the same host is the same site.
    """

    origins: frozenset[str]
    paths: frozenset[str]
    cookie_name: str
    sockets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class GateRules:
    """What a process lets in.

    `hosts` are the exact Host headers it answers to; `scopes` maps a path (or, with a trailing
    slash, all paths below it) to the scope it needs, where anything not named needs OPERATOR.
    """

    hosts: frozenset[str]
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    any_body: frozenset[str] = frozenset()
    """Paths whose body may be anything, or nothing: a panic is never refused for its form."""
    keyed_gets: frozenset[str] = frozenset()
    """Paths where a GET does something: only a key or a bearer token counts there, never a cookie,
    which a foreign page's link or picture would bring along."""
    cookie_name: str = "kitsu"
    other_page: OtherPage | None = None
    body_limit_bytes: int = BODY_LIMIT_BYTES
    body_limits: Mapping[str, int] = field(default_factory=dict)
    """Paths that have a limit of their own."""
    body_types: Mapping[str, str] = field(default_factory=dict)
    """Paths whose body is of another type than JSON. It must be one that a foreign page's form
    cannot send: not text/plain, nor multipart/form-data, nor application/x-www-form-urlencoded."""

    def body_type(self, path: str) -> str:
        return self.body_types.get(path, "application/json")

    def body_limit(self, path: str) -> int:
        return self.body_limits.get(path, self.body_limit_bytes)

    def needed(self, path: str) -> Scope:
        if path in self.scopes:
            return self.scopes[path]
        below = [p for p in self.scopes if len(p) > 1 and p.endswith("/") and path.startswith(p)]
        return self.scopes[max(below, key=len)] if below else Scope.OPERATOR


def content_security_policy(*connect: str) -> str:
    """Ours, for a page that may also connect to these addresses."""
    sources = " ".join(["connect-src 'self' ws: wss:", *connect])
    return CONTENT_SECURITY_POLICY.replace("connect-src 'self' ws: wss:", sources)


def own_hosts(host: str, port: int) -> frozenset[str]:
    """The Host headers of a server on this address: the address itself, and names of loopback."""
    names = (
        {host, "127.0.0.1", "localhost", "[::1]"}
        if host != "0.0.0.0"
        else {"127.0.0.1", "localhost"}
    )
    return frozenset(f"{name}:{port}" for name in names)


class WebGate:
    """Lets a request pass only if it comes from ourselves and carries enough rights.

    A POST or a WebSocket of `GateRules.other_page` passes too, and its page may read the answer.

    Answers 403 for a foreign Host, Origin or site, 413 and 415 for bodies that are too large or
    not JSON, 401 without a token, 403 with one whose scope is too small. The scope that was found
    is left in `scope["state"]["access"]`.
    """

    def __init__(self, app: ASGIApp, rules: GateRules, access: Access) -> None:
        self._app = app
        self._rules = rules
        self._access = access

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope["headers"])
        page = self._other_page(scope, headers)
        if page is not None:
            send = _with_headers(send, _readable_by(headers["origin"]))
        problem = self._foreign(scope, headers, page) or self._body(scope, headers)
        if problem is None:
            granted = self._granted(scope, headers, page)
            problem = self._missing_rights(scope["path"], granted)
            scope.setdefault("state", {})["access"] = granted
        if problem is not None:
            await _refuse(problem, scope, receive, send)
            return
        bounded = self._bounded(receive, scope["path"])
        await self._app(scope, bounded, _with_headers(send, SECURITY_HEADERS))

    def _other_page(self, scope: AsgiScope, headers: Mapping[str, str]) -> OtherPage | None:
        """The page this comes from, when it is one that may do this and nothing looks odd."""
        page = self._rules.other_page
        if page is None:
            return None
        if scope["type"] == "websocket":
            paths = page.sockets
        else:
            paths = page.paths if scope["method"] == "POST" else frozenset()
        origin, host = headers.get("origin", ""), headers.get("host", "")
        expected = origin in page.origins and scope["path"] in paths
        same_name = origin.rpartition("://")[2].rpartition(":")[0] == host.rpartition(":")[0]
        same_site = headers.get("sec-fetch-site", "same-site") == "same-site"
        return page if expected and same_name and same_site else None

    def _foreign(
        self, scope: AsgiScope, headers: Mapping[str, str], page: OtherPage | None
    ) -> Problem | None:
        host = headers.get("host", "")
        if host not in self._rules.hosts:
            return Problem(403, "Unknown host", "This address is not one of Kitsu's own.", "host")
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return self._unasked(scope, headers)
        if page is not None:
            return None
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return Problem(403, "Foreign origin", "Only Kitsu's own pages may do this.", "origin")
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return Problem(403, "Foreign site", "Only Kitsu's own pages may do this.", "site")
        return None

    def _unasked(self, scope: AsgiScope, headers: Mapping[str, str]) -> Problem | None:
        """A browser that loads an address before anybody opened it must not make it happen."""
        purpose = headers.get("sec-purpose", "") + headers.get("purpose", "")
        if "prefetch" in purpose.lower() and scope["path"] in self._rules.keyed_gets:
            return Problem(403, "Not opened yet", "Open the address to do this.", "prefetch")
        return None

    def _body(self, scope: AsgiScope, headers: Mapping[str, str]) -> Problem | None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            return None
        if scope["path"] in self._rules.any_body:
            return None
        length, limit = headers.get("content-length", "0"), self._rules.body_limit(scope["path"])
        if not length.isdigit() or int(length) > limit:
            return Problem(
                413, "Body too large", f"The body may have {limit} bytes at most.", "body_size"
            )
        has_body = length != "0" or "transfer-encoding" in headers
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = self._rules.body_type(scope["path"])
        if has_body and kind != wanted:
            title = "JSON only" if wanted == "application/json" else "Wrong type"
            return Problem(415, title, f"Send the body as {wanted}.", "content_type")
        return None

    def _granted(
        self, scope: AsgiScope, headers: Mapping[str, str], page: OtherPage | None
    ) -> Scope:
        kind, _, token = headers.get("authorization", "").partition(" ")
        found = self._access.scope_of_token(token.strip()) if kind.lower() == "bearer" else None
        if found is None and not self._needs_key(scope):
            cookie = _cookie(headers, page.cookie_name if page else self._rules.cookie_name)
            found = self._access.scope_of_cookie(cookie) if cookie else None
        if found is None and (keys := parse_qs(scope["query_string"].decode("latin1")).get("key")):
            found = self._access.scope_of_token(keys[0])
            if found is Scope.OPERATOR:  # addresses end up in logs and scene files
                found = None
        return found or Scope.PUBLIC

    def _needs_key(self, scope: AsgiScope) -> bool:
        safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        return safe and scope["path"] in self._rules.keyed_gets

    def _missing_rights(self, path: str, granted: Scope) -> Problem | None:
        needed = self._rules.needed(path)
        if granted.allows(needed):
            return None
        if granted is Scope.PUBLIC:
            step = (
                "Open the panel with `kitsu panel`, or send the token as `Authorization: Bearer`."
            )
            return Problem(401, "Not signed in", step, "token")
        return Problem(403, "Not allowed", f"This needs the scope '{needed}'.", "scope")

    def _bounded(self, receive: Receive, path: str) -> Receive:
        """Ends a body that turns out larger than it may be: with the connection, or, where any body
        will do, by leaving out the rest."""
        received, limit, cut = 0, self._rules.body_limit(path), path in self._rules.any_body

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit and cut:
                    return {"type": "http.request", "body": b"", "more_body": False}
                if received > limit:
                    return {"type": "http.disconnect"}
            return message

        return bounded


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin1").lower(): value.decode("latin1") for name, value in raw}


def _cookie(headers: Mapping[str, str], name: str) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


async def _refuse(problem: Problem, scope: AsgiScope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()  # the connect message; closing before the accept answers 403
        await send({"type": "websocket.close", "code": 4400 + problem.status % 100})
        return
    await problem.response()(scope, receive, _with_headers(send, SECURITY_HEADERS))


def _readable_by(origin: str) -> Headers:
    """The page of this origin may read the answer, also a refusal."""
    return (
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    )


def _with_headers(send: Send, headers: Headers) -> Send:
    """Adds those of the headers that are not there yet."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            extra = [pair for pair in headers if pair[0] not in present]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return with_headers
