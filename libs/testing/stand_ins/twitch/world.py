"""Who there is on this Twitch: users, moderators, bans, and the tokens that were given out."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

CLIENT_ID = "standinclientid0000000000000000"
CLIENT_SECRET = "standinclientsecret000000000000"

#: What Twitch gives an access token, in seconds.
TOKEN_SECONDS = 14_124.0
DEVICE_CODE_SECONDS = 1_800.0


@dataclass
class User:
    id: str
    login: str
    name: str
    color: str = "#00FF7F"


@dataclass
class Token:
    access: str
    refresh: str | None
    client_id: str
    user_id: str
    scopes: list[str]
    expires_at: float
    public: bool = False
    """Of a public client: the refresh token works once."""
    dead: bool = False


@dataclass
class Device:
    """A device code that somebody is to type in. `verdict`: a user id, or "denied"."""

    code: str
    user_code: str
    scopes: list[str]
    expires_at: float
    verdict: str = ""


@dataclass
class AuthorizationCode:
    user_id: str
    scopes: list[str]
    redirect_uri: str


@dataclass
class World:
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    users: dict[str, User] = field(default_factory=dict)
    moderators: dict[str, set[str]] = field(default_factory=dict)
    """Channel id → user ids."""
    banned: dict[str, set[str]] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    grants: dict[str, set[str]] = field(default_factory=dict)
    """User id → scopes ever granted to the client."""
    devices: dict[str, Device] = field(default_factory=dict)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    """Every secret ever given out: none of them may stand in anybody's log."""
    _next_id: int = 10_000_000

    def __post_init__(self) -> None:
        self.issued.append(self.client_secret)

    def secret(self, length: int) -> str:
        made = secrets.token_hex(length)
        self.issued.append(made)
        return made

    def user(self, login: str, name: str = "") -> User:
        """The user of this login, made at the first call. `name` is what is shown."""
        for user in self.users.values():
            if user.login == login.lower():
                return user
        user = User(str(self._next_id), login.lower(), name or login)
        self._next_id += 1
        self.users[user.id] = user
        return user

    def make_moderator(self, channel: User, user: User) -> None:
        self.moderators.setdefault(channel.id, set()).add(user.id)

    def moderates(self, channel_id: str, user_id: str) -> bool:
        return channel_id == user_id or user_id in self.moderators.get(channel_id, ())

    # Tokens -----------------------------------------------------------------------------------

    def make_token(
        self,
        user: User,
        scopes: list[str],
        *,
        lifetime_seconds: float = TOKEN_SECONDS,
        public: bool = True,
    ) -> Token:
        token = Token(
            self.secret(15),
            self.secret(25),
            self.client_id,
            user.id,
            list(scopes),
            time.time() + lifetime_seconds,
            public,
        )
        self.tokens[token.access] = token
        self.grants.setdefault(user.id, set()).update(scopes)
        return token

    def living(self, access: str) -> Token | None:
        token = self.tokens.get(access)
        return token if token and not token.dead and token.expires_at > time.time() else None

    def refreshed(self, old: Token) -> Token:
        """A new pair; the refresh token of a public client has had its one use."""
        user = self.users[old.user_id]
        new = self.make_token(user, old.scopes, public=old.public)
        if old.public:
            old.refresh = None
        else:
            new.refresh = old.refresh
        return new

    def expire_tokens(self, user: User | None = None) -> int:
        """Access tokens stop working; refresh tokens still do."""
        found = [t for t in self.tokens.values() if not t.dead and user in (None, self._owner(t))]
        for token in found:
            token.expires_at = 0.0
        return len(found)

    def disconnect_app(self, user: User) -> None:
        """The user takes the app out of their connections: nothing of theirs works any more."""
        for token in self.tokens.values():
            if token.user_id == user.id:
                token.dead, token.refresh = True, None

    def _owner(self, token: Token) -> User:
        return self.users[token.user_id]

    # Sign-in ----------------------------------------------------------------------------------

    def make_device(self, scopes: list[str]) -> Device:
        user_code = secrets.token_hex(4).upper()
        expires_at = time.time() + DEVICE_CODE_SECONDS
        device = Device(self.secret(20), user_code, scopes, expires_at)
        self.devices[device.code] = device
        return device

    def answer_device(self, verdict: str, user_code: str = "") -> bool:
        """Somebody types the code and agrees (`verdict`: user id) or not ("denied")."""
        for device in self.devices.values():
            if not device.verdict and user_code in ("", device.user_code):
                device.verdict = verdict
                return True
        return False

    def expire_devices(self) -> int:
        for device in self.devices.values():
            device.expires_at = 0.0
        return len(self.devices)

    def make_code(self, user: User, scopes: list[str], redirect_uri: str) -> str:
        """What Twitch sends to the redirect address when `user` agreed."""
        code = self.secret(15)
        self.codes[code] = AuthorizationCode(user.id, scopes, redirect_uri)
        return code


def rfc3339(at: float | None = None) -> str:
    """As EventSub writes times: with nanoseconds."""
    nanoseconds = time.time_ns() if at is None else int(at * 1e9)
    base = datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{base}.{nanoseconds % 10**9:09d}Z"
