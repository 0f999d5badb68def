"""What the panel and the orchestrator say to each other on `WS /stream`.

Server to panel: JSON arrays of the messages below. Panel to server: one command per frame, each
answered by one `AckMessage` with the command's id. Commands carry absolute states, never "flip".
`src/contracts.ts` is generated from this file by `scripts/panel_types.py`.
"""

from typing import Annotated, Literal

from pydantic import Field

from apps.orchestrator.panel.avatar_commands import AvatarCommand
from apps.orchestrator.panel.avatar_messages import AvatarsState
from apps.orchestrator.panel.chat_status import ChatStatus
from apps.orchestrator.panel.microphone_messages import (
    HoldToTalkCommand,
    MicrophoneMessage,
    MicrophoneStatus,
    SetMicrophoneCommand,
    SpeechMessage,
)
from apps.orchestrator.panel.obs_commands import ObsCommand
from apps.orchestrator.panel.wire import Command, Message
from libs.contracts.health import ModuleState
from libs.contracts.speaking import Mood, PlaybackOutcome
from libs.contracts.stage import PollOption
from libs.contracts.studio import PanicStep, StudioInput, StudioLink, StudioPanic
from libs.contracts.timing import TurnStages

#: Longest line the chat box takes; the same bound as `TurnInput.text`.
LINE_LIMIT = 2_000
#: Longest viewer name the chat box takes; the same bound as `Author.name`.
NAME_LIMIT = 128


# Server to panel ---------------------------------------------------------------------------------


class BusStatus(Message):
    description: str
    connected: bool


class StudioPanicStatus(Message):
    """What panic does in OBS. `unreachable`: there is no obs_controller to ask."""

    state: StudioPanic | Literal["unreachable"]
    steps: tuple[PanicStep, ...]


class PanicStatus(Message):
    engaged: bool
    since: float | None = None
    reason: str = ""
    modules: dict[str, Literal["latched", "released", "unreachable"]] = Field(default_factory=dict)
    obs: StudioPanicStatus


class PersonaStatus(Message):
    persona: str = ""
    """Her file's name in configs/personas."""
    name: str
    style: str
    styles: list[str]
    chaos: float
    energy: float
    family_mode: bool


class ModuleStatus(Message):
    title: str
    state: ModuleState
    enabled: bool
    detail: str = ""
    engine: str = ""
    instances: int = 0
    output: bool = False
    port: int = 0
    """Where its first instance answers."""
    ports: list[int] = Field(default_factory=list)
    """Where each of its instances answers, or would."""


class SpeakingStatus(Message):
    """What can be heard now. `known_seconds` is the length of the sound received so far."""

    utterance_id: str
    text: str
    position_seconds: float
    known_seconds: float = 0.0


class MemoryStatus(Message):
    current_summary: str = ""
    restore_context: bool = False
    messages: int = 0


class OverlayStatus(Message):
    url: str = ""
    pages: int = 0
    """How many overlay pages are open."""
    sounding: bool = False
    """Whether one of them may play sound."""


class StudioStatus(Message):
    """OBS as it is now; the lists are empty while `link` is not ready.

    `detail` is one line for people, with the step that mends what is wrong. `not_there`: there is
    no obs_controller.
    """

    link: StudioLink | Literal["not_there"]
    detail: str = ""
    obs_version: str = ""
    scene: str | None = None
    scenes: tuple[str, ...] = ()
    inputs: tuple[StudioInput, ...] = ()
    transition: str = ""
    transitions: tuple[str, ...] = ()
    recording: Literal["off", "on", "paused"] = "off"
    replay: bool = False
    streaming: bool = False
    actions: tuple[str, ...] = ()
    panic: StudioPanic = StudioPanic.OFF
    panic_steps: tuple[PanicStep, ...] = ()
    missing: tuple[str, ...] = ()
    """What Kitsu would use but OBS does not have; `kitsu obs setup` makes it."""


class PollStatus(Message):
    """The poll that runs. `ends_at`: seconds on the show's clock."""

    question: str
    options: tuple[PollOption, ...]
    ends_at: float


class FloorStatus(Message):
    """Who wants an answer. `quiet_until`: until then only operator and host are answered (seconds
    on the show's clock). `counts`: inputs that were not answered since the start, by reason."""

    quiet_until: float | None = None
    waiting: int = 0
    muted: int = 0
    counts: dict[str, int] = Field(default_factory=dict)


class Notice(Message):
    """Something that keeps the show from being its best, with the step that mends it."""

    code: str
    message: str


class StatusMessage(Message):
    """The whole of `GET /status`. One comes at least every two seconds, as a sign of life."""

    type: Literal["status"] = "status"
    show: str
    uptime_seconds: float
    version: str
    bus: BusStatus
    panic: PanicStatus
    persona: PersonaStatus
    modules: dict[str, ModuleStatus]
    scene: str | None = None
    last_tts: str | None = None
    speaking: SpeakingStatus | None = None
    memory: MemoryStatus
    overlay: OverlayStatus
    studio: StudioStatus
    avatar: AvatarsState = AvatarsState()
    queue: int = 0
    floor: FloorStatus = FloorStatus()
    mood: str = "neutral"
    poll: PollStatus | None = None
    chat: ChatStatus
    microphone: MicrophoneStatus = MicrophoneStatus()
    notices: list[Notice] = Field(default_factory=list)


class SpeakingMessage(Message):
    type: Literal["speaking"] = "speaking"
    speaking: SpeakingStatus | None


class FeedRow(Message):
    """One line of the feed. The same id again replaces the row.

    `kitsu` rows carry what was heard in `text` and the part that was cut in `unheard`; a `skip` row
    has the reason code in `note`, a `blocked` row the rule's code.
    """

    id: str
    at: float
    kind: Literal["chat", "mic", "kitsu", "operator", "system", "skip", "blocked"]
    author: str = ""
    role: str = ""
    text: str = ""
    unheard: str = ""
    note: str = ""


class FeedMessage(Message):
    type: Literal["feed"] = "feed"
    row: FeedRow


class Turn(Message):
    """An item of `GET /telemetry/turns`, and how far it is."""

    turn_id: str
    source: str
    author: str = ""
    input: str = ""
    reply: str = ""
    heard_text: str = ""
    unheard_text: str = ""
    outcome: PlaybackOutcome | Literal["blocked"] | None = None
    reason: str = ""
    """A code, where something did not go as it should."""
    opened_at: float
    stages: TurnStages
    state: Literal["waiting", "thinking", "speaking", "done"]
    code_pieces: int = 0


class TurnMessage(Message):
    type: Literal["turn"] = "turn"
    turn: Turn


class Percentiles(Message):
    p50_ms: float
    p95_ms: float


class LatencyMessage(Message):
    """`stages` by name: total, wait, recognition, policy, gate, tts, playback, bus, which add up to
    the total; first_token is a part of policy."""

    type: Literal["latency"] = "latency"
    at: float
    turns: int
    stages: dict[str, Percentiles]


class Incident(Message):
    id: str
    at: float
    kind: str
    severity: Literal["info", "warning", "error"]
    message: str


class IncidentMessage(Message):
    type: Literal["incident"] = "incident"
    incident: Incident


class AckError(Message):
    title: str
    detail: str = ""


class AckMessage(Message):
    type: Literal["ack"] = "ack"
    id: str
    ok: bool
    error: AckError | None = None


ServerMessage = (
    StatusMessage
    | SpeakingMessage
    | MicrophoneMessage
    | SpeechMessage
    | FeedMessage
    | TurnMessage
    | LatencyMessage
    | IncidentMessage
    | AckMessage
)


# Panel to server ---------------------------------------------------------------------------------


class PanicCommand(Command):
    command: Literal["panic"] = "panic"
    on: bool
    reason: str = Field(default="", max_length=200)


class ModuleCommand(Command):
    command: Literal["module"] = "module"
    module: str = Field(max_length=64)
    enabled: bool


class PersonaCommand(Command):
    """Changes only the fields that are given."""

    command: Literal["persona"] = "persona"
    persona: str | None = Field(default=None, max_length=64)
    style: str | None = Field(default=None, max_length=64)
    chaos: float | None = Field(default=None, ge=0, le=1)
    energy: float | None = Field(default=None, ge=0, le=1)
    family_mode: bool | None = None


class ChatCommand(Command):
    """A line as if a viewer had written it."""

    command: Literal["chat"] = "chat"
    text: str = Field(min_length=1, max_length=LINE_LIMIT)
    author: str = Field(min_length=1, max_length=NAME_LIMIT)


class SayCommand(Command):
    """Text that is spoken word for word."""

    command: Literal["say"] = "say"
    text: str = Field(min_length=1, max_length=LINE_LIMIT)


class StopCommand(Command):
    command: Literal["stop"] = "stop"


class ExpressionCommand(Command):
    command: Literal["expression"] = "expression"
    mood: Mood


PanelCommand = Annotated[
    PanicCommand
    | ModuleCommand
    | PersonaCommand
    | ChatCommand
    | SayCommand
    | StopCommand
    | ExpressionCommand
    | SetMicrophoneCommand
    | HoldToTalkCommand
    | ObsCommand
    | AvatarCommand,
    Field(discriminator="command"),
]
