"""Lines of IRC with tags (RFC 1459, section 2.3; IRCv3, "Message Tags")."""

from dataclasses import dataclass, field

_ESCAPES = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


@dataclass(frozen=True)
class IrcLine:
    """`text` is the last parameter; `login` who it is from. Nonsense gives empty fields."""

    command: str = ""
    login: str = ""
    parameters: tuple[str, ...] = ()
    text: str = ""
    tags: dict[str, str] = field(default_factory=dict)


def parse(raw: str) -> IrcLine:
    rest, tags, source = raw, "", ""
    if rest.startswith("@"):
        tags, _, rest = rest[1:].partition(" ")
    if rest.startswith(":"):
        source, _, rest = rest[1:].partition(" ")
    head, _, text = rest.partition(" :")
    command, *parameters = head.split() or [""]
    if not text and command == "PING" and parameters:
        text = parameters[-1]
    return IrcLine(command, source.partition("!")[0], tuple(parameters), text, _tags(tags))


def _tags(written: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in written.split(";") if pair)
    return {name: _unescaped(value) for name, _, value in pairs}


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    pieces, characters = [], iter(value)
    for character in characters:
        if character == "\\":
            following = next(characters, "")
            character = _ESCAPES.get(following, following)
        pieces.append(character)
    return "".join(pieces)
