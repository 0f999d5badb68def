"""A turn: what was asked, what is being answered, what was left unanswered and why."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event, Value
from libs.contracts.people import Author
from libs.contracts.safety import MAXIMUM_OWN_RULES, OwnRule
from libs.contracts.stage import PollOption, ShowItem, TriggerHotkey
from libs.contracts.streams import CONVERSATION, LIVE, MEMORY, SKIPS, TURNS
from libs.contracts.studio import RequestStageAction


class TurnSource(StrEnum):
    """Where a turn came from, in the floor's order of priority."""

    OPERATOR = "operator"
    """Text the operator wants said word for word (`/tts`, `kitsu say`)."""
    VOICE = "voice"
    PAID = "paid"
    CHAT = "chat"
    IDLE = "idle"


class Asker(Value):
    """One more viewer who wrote about the same as the line that is answered."""

    viewer_id: str = Field(max_length=128)
    name: str = Field(max_length=128)
    message_id: str = ""


class TurnInput(Value):
    source: TurnSource
    author: Author
    text: str = Field(max_length=2_000)
    message_ids: tuple[str, ...] = ()
    arrived_at: float
    """When the line arrived or the speech ended (show's clock)."""
    wait_seconds: float = 0.0
    """Silence waited for, for speech; counted apart in `TurnTimed`."""
    recognition_seconds: float | None = None
    """Of speech: from the end of that wait to its words."""
    verbatim: bool = False
    """It is what she says, word for word (still gated), not something to answer."""
    override: str | None = None
    """Operator who overrides the gate for this text, on record."""
    picture: str = ""
    """Media type (image/jpeg, image/png, image/webp) of a picture that belongs to it and travels as
    the raw data of `TurnCommitted`."""
    asked_by: tuple[Asker, ...] = Field(default=(), max_length=100)
    """Others who wrote about the same and are answered with it. `message_ids` are the author's own:
    what one of the others takes back does not take the question back."""
    happened: bool = False
    """Nobody wrote this text: it says what happened (a raid, gifts), with viewers' names in it."""

    @property
    def told(self) -> str:
        """The text for people, with how many want to know it."""
        if not self.asked_by:
            return self.text
        others = f"{len(self.asked_by)} other{'s' if len(self.asked_by) > 1 else ''}"
        verb = "ask" if self.text.rstrip().endswith(("?", "？", "؟")) else "say"
        return f"{self.author.name} (and {others}) {verb}: {self.text}"


class PersonaSnapshot(Value):
    """The persona as it was when the turn was committed. `chaos` and `energy` are 0..1."""

    persona: str = ""
    """File name in configs/personas, where the rest of her stands; empty: found by her name."""
    name: str = "Kitsu"
    style: str = "playful"
    chaos: float = Field(default=0.35, ge=0, le=1)
    energy: float = Field(default=0.6, ge=0, le=1)
    family_mode: bool = True
    language: str = "en"
    voice: str = ""
    system_text: str = ""


class HistoryLine(Value):
    """One earlier line of the conversation: what was said to her, or what was *heard* from her."""

    speaker: Literal["viewer", "kitsu"]
    name: str
    role: str = ""
    text: str
    unheard: str = Field(default="", max_length=2_000)
    """Of hers: what she would have gone on to say, had she not been cut off."""


class MemoryLine(Value):
    """Something remembered that goes with a turn, quoted like everything that people said."""

    kind: Literal["fact", "past", "summary"]
    about: str = ""
    """Whose fact it is, or who said it; "you" is Kitsu."""
    text: str
    why: str = ""
    """Why it was thought of, for the panel."""
    viewer_id: str = ""
    """Whose memory it is, so that it can be forgotten with them; empty: nobody's."""


class TurnOpened(Event):
    topic = CONVERSATION
    type: Literal["conversation.turn_opened"] = "conversation.turn_opened"
    input: TurnInput


class TurnCommitted(Event):
    """Work for a policy worker: all it needs to answer, so that any instance can take it."""

    topic = TURNS
    fenced = True
    type: Literal["conversation.turn_committed"] = "conversation.turn_committed"
    input: TurnInput
    persona: PersonaSnapshot
    history: tuple[HistoryLine, ...] = ()
    memories: tuple[MemoryLine, ...] = ()
    own_rules: tuple[OwnRule, ...] = Field(default=(), max_length=MAXIMUM_OWN_RULES)
    """The show's own rules of the gate, for those who judge what is heard and said in this turn."""
    mood: str = "neutral"
    voice: str = ""
    again: bool = False
    """Sent once more after a restart: an earlier attempt may have been answered in part."""


class ReplyChunk(Event):
    """A piece of the reply as the model streams it, for screens only: not gated, not spoken."""

    topic = LIVE
    type: Literal["conversation.reply_chunk"] = "conversation.reply_chunk"
    text: str


class PromptMessage(Value):
    """One message to a model, as it was sent. `pictures` says what came with it, not the bytes;
    `tools` are the calls that the model had made in it, or the name of the tool that answers."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str = Field(max_length=12_000)
    pictures: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


class PromptBuilt(Event):
    """What a model was asked, for screens: secrets are cut. Comes after the sentences have left."""

    topic = LIVE
    type: Literal["conversation.prompt_built"] = "conversation.prompt_built"
    engine: str = Field(max_length=200)
    model: str = Field(default="", max_length=200)
    task: str = "chat"
    messages: tuple[PromptMessage, ...] = Field(default=(), max_length=300)
    """Empty: the engine takes no prompt (the scripted persona)."""
    shortened: bool = False
    """Some of the text was left out here, for it is long; the model had it."""
    committed_at: float
    """When the turn was committed: nothing that the prompt quotes is newer."""


class StartPoll(Event):
    """Viewers are asked something; refused while another poll runs."""

    topic = CONVERSATION
    type: Literal["conversation.start_poll"] = "conversation.start_poll"
    question: str = Field(max_length=200)
    options: tuple[str, ...] = Field(max_length=20)


class PollFinished(Event):
    """The one end of a poll; `cause_id` is its `StartPoll`."""

    topic = CONVERSATION
    type: Literal["conversation.poll_finished"] = "conversation.poll_finished"
    question: str
    options: tuple[PollOption, ...]
    outcome: Literal["ended", "cancelled"]
    reason: str = ""
    """Why it was cancelled: panic, operator."""


class RememberFact(Event):
    """What she wants remembered of whoever she answers in this turn; of the show, when that is the
    host. Her own words: nobody has checked them."""

    topic = MEMORY
    type: Literal["conversation.remember_fact"] = "conversation.remember_fact"
    text: str = Field(max_length=200)


#: What she can do beside speaking.
ChosenOrder = RequestStageAction | TriggerHotkey | ShowItem | RememberFact | StartPoll


class ActionChosen(Event):
    """What she does with one sentence of a reply. Travels before the reply's `ReplyFinished`.

    The stage gives the order when that sentence begins to be heard; it is no order before.
    """

    topic = CONVERSATION
    type: Literal["conversation.action_chosen"] = "conversation.action_chosen"
    index: int = Field(ge=0)
    """Number of the sentence."""
    order: ChosenOrder


class ReplyFinished(Event):
    """The policy worker is done with this utterance: `sentences` of them were sent to be spoken."""

    topic = CONVERSATION
    type: Literal["conversation.reply_finished"] = "conversation.reply_finished"
    sentences: int = Field(ge=0)
    text: str
    engine: str
    outcome: Literal["complete", "blocked", "cut", "failed"] = "complete"
    reason: str = ""
    first_token_seconds: float | None = None
    first_sentence_seconds: float | None = None
    gate_seconds: float = 0.0
    task: str = "chat"
    """What it was taken for: chat, code, vision or system."""
    thinking_seconds: float = 0.0
    """Of the time before the first sentence: spent on thoughts that are not said."""
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    """None: the engine does not count."""


class CodeWritten(Event):
    """A piece of code that belongs to a reply: for screens, never spoken, not gated."""

    topic = CONVERSATION
    type: Literal["conversation.code_written"] = "conversation.code_written"
    index: int = Field(ge=0)
    """Number among the pieces of one reply."""
    language: str = Field(default="", max_length=40)
    text: str = Field(max_length=40_000)


class ReplyAbandoned(Event):
    """The reply was given up before it was whole (stale, stopped, panic)."""

    topic = CONVERSATION
    type: Literal["conversation.reply_abandoned"] = "conversation.reply_abandoned"
    reason: str


class SkipReason(StrEnum):
    TOO_OLD = "too_old"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    BLOCKED = "blocked"
    COOLDOWN = "cooldown"
    OUTRANKED = "outranked"
    QUIET = "quiet"
    PANIC = "panic"
    OFF = "off"
    DELETED = "deleted"
    FULL = "full"
    VOTE = "vote"
    """It was counted in a poll."""


class InputSkipped(Event):
    """An input that will not be answered, and why."""

    topic = SKIPS
    type: Literal["conversation.input_skipped"] = "conversation.input_skipped"
    input_id: str
    reason: SkipReason
    author: Author
    text: str = ""
    detail: str = Field(default="", max_length=200)
    """What led to it, for people: which rule, or with whose line it was answered."""


class IdleReached(Event):
    topic = CONVERSATION
    type: Literal["conversation.idle_reached"] = "conversation.idle_reached"
    silent_seconds: float
