"""What can go wrong with an Ollama server: forty-five ways, by name."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    REFUSES = "refuses"
    """An error status instead of a reply."""
    TIME = "time"
    TRANSPORT = "transport"
    """The stream breaks, after some tokens."""
    FORM = "form"
    LENGTH = "length"
    CONTENT = "content"


@dataclass(frozen=True)
class Fault:
    """One row of the table. `arguments` are the usual ones; `what` says what happens."""

    name: str
    kind: Kind
    what: str
    arguments: tuple[str, ...] = ()


_ROWS = (
    Fault("404", Kind.REFUSES, "the model is not there"),
    Fault("500", Kind.REFUSES, "the runner died; well again after so many times", ("1",)),
    Fault("503", Kind.REFUSES, "the queue is full"),
    Fault("load-fail", Kind.REFUSES, "not enough memory for the model"),
    Fault("slow-first", Kind.TIME, "nothing for so many seconds", ("8",)),
    Fault("stall", Kind.TIME, "after so many tokens nothing for so many seconds", ("8", "3600")),
    Fault("gap", Kind.TIME, "after so many tokens a pause of so many seconds", ("8", "0.2")),
    Fault("burst", Kind.TIME, "everything at once"),
    Fault("dribble", Kind.TIME, "one character at a time"),
    Fault("reset", Kind.TRANSPORT, "TCP reset", ("8",)),
    Fault("fin", Kind.TRANSPORT, "closed", ("8",)),
    Fault("half-line", Kind.TRANSPORT, "closed inside a line", ("8",)),
    Fault("bad-json", Kind.TRANSPORT, "a line that is not JSON", ("8",)),
    Fault("stream-error", Kind.TRANSPORT, "an error line, with status 200", ("8",)),
    Fault("no-done", Kind.TRANSPORT, "the end without the line that says so"),
    Fault("empty", Kind.FORM, "no token at all"),
    Fault("blank", Kind.FORM, "white space only"),
    Fault("unclosed", Kind.FORM, "no closing tags"),
    Fault("cut-tag", Kind.FORM, "ends inside a tag"),
    Fault("tag-split", Kind.FORM, "tags one character at a time"),
    Fault("markup", Kind.FORM, "HTML, markdown, emoji and stage directions"),
    Fault("entity", Kind.FORM, "HTML entities"),
    Fault("no-xml", Kind.FORM, "plain text"),
    Fault("fence", Kind.FORM, "the form inside a code block, with courtesies around it"),
    Fault("upper", Kind.FORM, "tags in capitals"),
    Fault("attrs", Kind.FORM, "tags with attributes and spaces"),
    Fault("order", Kind.FORM, "actions and mood before the speech"),
    Fault("twice", Kind.FORM, "the whole reply twice"),
    Fault("nested-actions", Kind.FORM, "tags inside the speech"),
    Fault("bad-actions", Kind.FORM, "hundreds of actions, and forbidden ones"),
    Fault("think", Kind.FORM, "a thinking block in the text"),
    Fault("think-unclosed", Kind.FORM, "a thinking block that never ends"),
    Fault("ramble", Kind.LENGTH, "so many sentences", ("1000",)),
    Fault("loop", Kind.LENGTH, "one sentence so many times", ("400",)),
    Fault("run-on", Kind.LENGTH, "so many words without a stop", ("400",)),
    Fault("profanity", Kind.CONTENT, "swearing"),
    Fault("obfuscated", Kind.CONTENT, "swearing in disguise"),
    Fault("split-word", Kind.CONTENT, "a word split over two sentences"),
    Fault("leak", Kind.CONTENT, "its own instructions"),
    Fault("pii", Kind.CONTENT, "an e-mail address and a telephone number"),
    Fault("link", Kind.CONTENT, "a link"),
    Fault("threat", Kind.CONTENT, "a threat"),
    Fault("selfharm", Kind.CONTENT, "telling someone to hurt themselves"),
    Fault("impersonate", Kind.CONTENT, "posing as staff"),
    Fault("lang", Kind.CONTENT, "another language: ja, ru or pt", ("ja",)),
)

#: Every fault by its name.
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _ROWS}


@dataclass
class Met:
    """A fault that one chat meets, with its arguments: `name[:first[,second]]`.

    Unlisted, and no fault of the model: `refuses-think` is a very old server.
    """

    name: str = ""
    arguments: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> Self:
        name, _, rest = text.partition(":")
        given = rest.split(",") if rest else []
        usual = list(FAULTS[name].arguments) if name in FAULTS else []
        return cls(name, given + usual[len(given) :])

    @property
    def kind(self) -> Kind | None:
        return FAULTS[self.name].kind if self.name in FAULTS else None

    @property
    def argument(self) -> str:
        return self.arguments[0] if self.arguments else ""

    def seconds(self) -> float:
        """The last argument."""
        return float(self.arguments[-1])
