"""What a turn is about: chat, code, a picture, or an order to the show itself."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from libs.contracts.conversation import TurnInput, TurnSource
from libs.contracts.people import Role


class Kind(StrEnum):
    CHAT = "chat"
    CODE = "code"
    VISION = "vision"
    SYSTEM = "system"


@dataclass(frozen=True)
class Route:
    """`confidence` is 0..1; `rule` names what spoke for it, `action` the stage action wanted."""

    kind: Kind
    confidence: float
    rule: str = ""
    action: str = ""


class _Rule(NamedTuple):
    name: str
    weight: float
    pattern: re.Pattern[str]


#: Below this a turn is chat: a wrong guess costs a natural answer.
THRESHOLD = 0.6

#: Who may order something on stage by words.
_TRUSTED = frozenset({Role.OPERATOR, Role.BROADCASTER, Role.MODERATOR})


def _rule(name: str, weight: float, pattern: str) -> _Rule:
    return _Rule(name, weight, re.compile(pattern, re.IGNORECASE))


_LANGUAGES = (
    r"python|javascript|typescript|java|kotlin|rust|golang|c\+\+|c#|csharp|lua|gdscript|bash|sql"
    r"|html|css|php|ruby|swift|haskell|arduino"
)
_CODE = (
    _rule("fence", 0.9, r"```|`[^`\n]{3,}`"),
    _rule("language", 0.35, rf"(?<!\w)(?:{_LANGUAGES})(?!\w)"),
    _rule(
        "write",
        0.5,
        r"\b(?:write|implement|program|fix|debug|refactor|escrev[ae]\w*|program[ae]\w*"
        r"|implement[ae]\w*|corrig[ei]\w*|conserta\w*)\b",
    ),
    _rule(
        "thing",
        0.4,
        r"\b(?:function|script|class|method|algorithm|regex|regexp|snippet|unit tests?|query|loop"
        r"|funç(?:ão|ões)|código|algoritmo|consulta|laço|source code|code)\b",
    ),
    _rule(
        "error",
        0.55,
        r"\b(?:traceback|stack ?trace|syntaxerror|typeerror|nullpointer\w*|segfault|compile[rd]?"
        r"|compilation error|exception in|erro de (?:compilação|sintaxe))\b",
    ),
    _rule(
        "written", 0.6, r"\b(?:def \w+\(|import \w+|console\.log\(|print\(|#include|SELECT .+ FROM)"
    ),
)
_VISION = (
    _rule(
        "look",
        0.7,
        r"\b(?:what do you see|can you see|look at (?:this|my|the) (?:screen|picture|image|photo)"
        r"|on (?:my|the) screen|in (?:this|the) (?:picture|image|photo|screenshot)"
        r"|o que (?:você |cê )?(?:está |tá )?vendo"
        r"|olha (?:a |essa |nessa )?(?:minha )?(?:tela|foto|imagem)"
        r"|na (?:minha )?tela|nessa (?:foto|imagem))\b",
    ),
)
_ORDER = re.compile(
    r"^\W*(?:(?:kitsu|hey|please|por favor|ei)[,\s]+){0,2}(?:can you |could you |pode )?"
    r"(?:show|play|do|switch to|change to|go to|start|put on|trigger"
    r"|mostra|toca|faz|muda para|vai para|troca para|liga)\s+"
    r"(?:(?:the|a|o|os|as)\s+)?(?P<what>[\w -]{1,40}?)"
    r"(?:\s+(?:scene|action|effect|cena|efeito))?(?:\s+(?:please|now|por favor|agora))?[\s.!?]*$",
    re.IGNORECASE,
)


def route(given: TurnInput, stage_actions: Collection[str] = ()) -> Route:
    """The route of one turn's input. Rules come first; what none of them is sure of is chat."""
    if given.picture:
        return Route(Kind.VISION, 1.0, "picture")
    if given.source in (TurnSource.IDLE, TurnSource.OPERATOR):
        return Route(Kind.CHAT, 1.0, given.source.value)
    if given.author.role in _TRUSTED and (action := _ordered(given.text, stage_actions)):
        return Route(Kind.SYSTEM, 0.9, "order", action)
    best = max(
        (_weigh(Kind.CODE, _CODE, given.text), _weigh(Kind.VISION, _VISION, given.text)),
        key=lambda found: found.confidence,
    )
    if best.confidence >= THRESHOLD:
        return best
    return Route(Kind.CHAT, round(1.0 - best.confidence, 2), best.rule)


def _weigh(kind: Kind, rules: Iterable[_Rule], text: str) -> Route:
    """Signs that do not know of each other: each leaves less room for doubt."""
    doubt, names = 1.0, []
    for rule in rules:
        if rule.pattern.search(text):
            doubt *= 1.0 - rule.weight
            names.append(rule.name)
    return Route(kind, round(1.0 - doubt, 2), "+".join(names))


def _ordered(text: str, stage_actions: Collection[str]) -> str:
    """The stage action that this line orders by name; empty where it orders none."""
    found = _ORDER.match(text) if stage_actions else None
    if found is None:
        return ""
    wanted = re.sub(r"[\s_-]+", " ", found.group("what").strip().lower())
    names = {re.sub(r"[\s_-]+", " ", name.lower()): name for name in stage_actions}
    return names.get(wanted, "")
