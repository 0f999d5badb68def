"""`configs/tools.yaml`: which programs may be asked for something in the middle of a reply."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from libs.contracts.people import Role
from libs.settings import ROOT
from libs.settings.model_servers import is_this_machine
from libs.settings.strict_yaml import Complaint, FileError, SettingsFile, Strict

TOOLS_FILE = ROOT / "configs" / "tools.yaml"

#: Longest wait for one call. The stage gives an utterance up that is silent for eight seconds, and
#: the model needs some of them to go on.
MAXIMUM_TIMEOUT_SECONDS = 6.0

#: Kitsu's own secrets; no other program is given them.
OWN_SECRETS = frozenset(
    {
        "ASR_OPENAI_API_KEY",
        "OBS_WS_PASSWORD",
        "OPENAI_API_KEY",
        "ORCHESTRATOR_API_KEY",
        "TELEMETRY_API_KEY",
        "TWITCH_CLIENT_SECRET",
        "TWITCH_OAUTH_TOKEN",
        "VTS_AUTH_TOKEN",
    }
)

#: Names of tools that all chat APIs take.
_MODEL_NAME = re.compile(r"[^A-Za-z0-9_-]")
_MODEL_NAME_CHARACTERS = 64


class ToolsError(FileError):
    """The file cannot be used; the message says where and what is allowed."""


def _variable(name: str) -> str:
    if name in OWN_SECRETS or name.startswith("KITSU_"):
        raise ValueError("is Kitsu's own and is not given to other programs")
    return name


def _endpoint(url: str) -> str:
    parts = urlsplit(url)  # raises ValueError for an address that is none, as does .port
    _ = parts.port
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise ValueError("must look like http://127.0.0.1:9000/mcp or https://host/mcp")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a name or password: use bearer_from")
    return url


ServerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
ToolName = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
Variable = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"), AfterValidator(_variable)
]
Argument = Annotated[str, Field(max_length=4_000, pattern=r"^[^\x00]*$")]


class ServerSettings(Strict):
    """One MCP server: a program that is started (`command`), or one that runs (`url`)."""

    command: Argument = ""
    arguments: tuple[Argument, ...] = Field(default=(), max_length=50)
    environment: tuple[Variable, ...] = Field(default=(), max_length=50)
    """Names of variables that the program is given, beside what the system needs."""
    url: Annotated[str, AfterValidator(_endpoint)] | None = None
    bearer_from: Variable | None = None
    """Name of the variable that holds the token for `url`."""
    allow: tuple[ToolName, ...] = Field(min_length=1, max_length=50)
    """The tools that may be used, and no others."""
    roles: tuple[Role, ...] = Field(default=(Role.BROADCASTER, Role.MODERATOR), min_length=1)
    """Whose lines may lead to a call."""
    timeout_seconds: float = Field(default=4.0, ge=0.1, le=MAXIMUM_TIMEOUT_SECONDS)

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "ServerSettings":
        if bool(self.command.strip()) == bool(self.url):
            raise ValueError("a server has exactly one of command and url")
        if self.url is None and self.bearer_from:
            raise ValueError("bearer_from goes with url")
        if self.url is not None and (self.arguments or self.environment):
            raise ValueError("arguments and environment go with command")
        if self.bearer_from and not _is_private(str(self.url)):
            raise ValueError("a token goes only to https://, or to this machine")
        return self


class ToolsSettings(Strict):
    maximum_calls: int = Field(default=3, ge=1, le=10)
    """In one turn."""
    hold_on_seconds: float = Field(default=1.0, ge=0.1, le=MAXIMUM_TIMEOUT_SECONDS)
    """A tool that takes longer makes her say so, when she has said nothing yet."""
    servers: dict[ServerName, ServerSettings] = Field(default={}, max_length=20)

    def model_names(self) -> dict[tuple[str, str], str]:
        """What a model calls each tool, by server and tool. Two servers may have a tool of the same
        name: then both are called by their server's name too."""
        plain = {
            (server, tool): _MODEL_NAME.sub("_", tool)[:_MODEL_NAME_CHARACTERS]
            for server, settings in self.servers.items()
            for tool in settings.allow
        }
        counts = Counter(plain.values())
        return {
            place: name if counts[name] == 1 else f"{place[0]}__{name}"[:_MODEL_NAME_CHARACTERS]
            for place, name in plain.items()
        }


def load_tools(path: Path = TOOLS_FILE) -> ToolsSettings:
    """The file's contents; without a file there are no tools. Raises `ToolsError`."""
    try:
        file = SettingsFile(path, ToolsError)
    except FileNotFoundError:
        return ToolsSettings()
    settings = file.check(ToolsSettings)
    if clashes := list(_clashes(settings)):
        file.complain(clashes)
    return settings


def _clashes(settings: ToolsSettings) -> Iterator[Complaint]:
    """Tools that a model could not tell apart: where, and what to do."""
    seen: dict[str, str] = {}
    for (server, tool), name in settings.model_names().items():
        if name in seen:
            place = ("servers", server, "allow", settings.servers[server].allow.index(tool))
            yield place, f"a model cannot tell it from {seen[name]}: allow only one of them"
        seen[name] = tool
    for server, given in settings.servers.items():
        if len(set(given.allow)) < len(given.allow):
            yield ("servers", server, "allow"), "names a tool twice"


def _is_private(url: str) -> bool:
    return urlsplit(url).scheme == "https" or is_this_machine(url)
