"""Who may do what over HTTP: tokens made at first start, and the scopes they carry."""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import time
from enum import StrEnum
from pathlib import Path

#: A one-time code for opening the panel is good for this long.
CODE_LIFETIME_SECONDS = 600
#: How long a browser stays signed in.
COOKIE_LIFETIME_SECONDS = 30 * 24 * 3600


class Scope(StrEnum):
    """PUBLIC needs no token (still the right Host and Origin); the others include PUBLIC only.

    OPERATOR may do everything; OVERLAY may read what is on air; HOOK may only make things safer
    (panic, stop).
    """

    PUBLIC = "public"
    OVERLAY = "overlay"
    HOOK = "hook"
    OPERATOR = "operator"

    def allows(self, needed: "Scope") -> bool:
        return needed in (Scope.PUBLIC, self) or self is Scope.OPERATOR


class Access:
    """The tokens of one installation, in `<data folder>/secrets`, readable by their owner only.

    Every process of the installation reads the same file; the first one makes it. Cookies are
    signed with it, so that they survive a restart; one-time codes are files that one exchange
    deletes.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "secrets"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._tokens = self._read_or_make()

    def token(self, scope: Scope) -> str:
        return self._tokens[scope.value]

    def scope_of_token(self, token: str) -> Scope | None:
        for scope in (Scope.OPERATOR, Scope.HOOK, Scope.OVERLAY):
            if hmac.compare_digest(token.encode(), self._tokens[scope.value].encode()):
                return scope
        return None

    def make_code(self, scope: Scope = Scope.OPERATOR) -> str:
        """A code that can be exchanged for a cookie once, within ten minutes."""
        code = secrets.token_urlsafe(24)
        self._code_path(code).parent.mkdir(exist_ok=True, mode=0o700)
        _write_private(self._code_path(code), f"{scope.value} {time.time():.0f}")
        return code

    def redeem_code(self, code: str) -> Scope | None:
        """The scope the code stands for; None for a wrong, used or old one."""
        path = self._code_path(code)
        try:
            scope, made_at = path.read_text("utf-8").split()
            path.unlink()
        except (OSError, ValueError):
            return None
        fresh = time.time() - float(made_at) < CODE_LIFETIME_SECONDS
        return Scope(scope) if fresh else None

    def make_cookie(self, scope: Scope) -> str:
        body = f"{scope.value}.{int(time.time()) + COOKIE_LIFETIME_SECONDS}"
        return f"{body}.{self._sign(body)}"

    def scope_of_cookie(self, cookie: str) -> Scope | None:
        body, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(body).encode()):
            return None
        scope, _, expires = body.partition(".")
        return Scope(scope) if float(expires) > time.time() else None

    def _sign(self, body: str) -> str:
        key = self._tokens["cookie"].encode()
        return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()

    def _code_path(self, code: str) -> Path:
        return self._folder / "codes" / hashlib.sha256(code.encode()).hexdigest()

    def _read_or_make(self) -> dict[str, str]:
        path = self._folder / "tokens.json"
        if not path.exists():
            names = (Scope.OPERATOR.value, Scope.OVERLAY.value, Scope.HOOK.value, "cookie")
            made = {name: secrets.token_urlsafe(32) for name in names}
            fresh = path.with_name(f"tokens.{os.getpid()}.new")
            _write_private(fresh, json.dumps(made))
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)  # fails when another process was first: then its file counts
            fresh.unlink()
        tokens: dict[str, str] = json.loads(path.read_text("utf-8"))
        return tokens


def _write_private(path: Path, text: str) -> None:
    """Writes a new file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
