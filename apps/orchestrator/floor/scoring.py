"""How much a line deserves an answer, part by part."""

from functools import lru_cache

from apps.orchestrator.floor.candidates import Candidate, Score
from apps.orchestrator.floor.crowd import NEW_BELOW, Answered, Crowd
from apps.orchestrator.floor.reading import Reading, fold
from apps.orchestrator.floor.rules import FloorRules
from libs.contracts.people import Role

#: Whose links are wanted.
_TRUSTED = frozenset({Role.OPERATOR, Role.BROADCASTER, Role.MODERATOR, Role.VIP})
#: Letters that pass for others in names (a part of https://www.unicode.org/reports/tr39/).
_LOOK_ALIKE = str.maketrans(
    dict(zip("01i!|3457$8@авекмнорстухіёł", "olllleastsbaabekmhopctyxlel", strict=True))
)


def score(
    candidate: Candidate,
    reading: Reading,
    crowd: Crowd,
    her_names: frozenset[str],
    rules: FloorRules,
    now: float,
) -> tuple[Score, Answered | None]:
    """Takes note of the line in the crowd. Also: what was answered that this line repeats."""
    points, author = rules.points, candidate.input.author
    times, copied = crowd.heard(author, reading, now)
    likeness, answered = crowd.likest_answer(reading, now)
    for_her = reading.for_her or fold(candidate.reply_to) in her_names
    spam = [sign for sign in reading.spam if sign[0] != "link" or author.role not in _TRUSTED]
    spam += [("repeated", rules.spam.repeated * times)] if times else []
    spam += [("wave", rules.spam.wave)] if copied else []
    counted = [
        ("base", points.base),
        ("mention", points.mention if for_her else 0),
        ("question", points.question if reading.asks else 0),
        ("first_time", points.first_time if candidate.first_time else 0),
        ("role", _of_role(author.role, rules)),
        ("paid", points.paid if candidate.paid else 0),
        ("novelty", points.novelty if likeness < NEW_BELOW and not reading.is_greeting else 0),
        _of_answer(candidate, reading, answered, rules),
        ("to_another", points.to_another if _is_to_another(candidate, reading, for_her) else 0),
        _of_length(reading, rules),
        (
            "imitates",
            points.imitates if imitates(author.name, author.role, crowd, her_names) else 0,
        ),
        *((name, -found) for name, found in spam),
    ]
    return Score.of(counted, sum([found for _, found in spam])), answered


def imitates(name: str, role: Role, crowd: Crowd, her_names: frozenset[str]) -> bool:
    """Whether a viewer's name looks like hers or the host's."""
    if role in (Role.BROADCASTER, Role.OPERATOR):
        return False
    plain = _skeleton(fold(name))
    if not plain:
        return False
    return plain in _skeletons(her_names) or plain == _skeleton(crowd.host_name)


@lru_cache(maxsize=16)
def _skeletons(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_skeleton, names))


@lru_cache(maxsize=4_000)
def _skeleton(folded: str) -> str:
    return "".join(letter for letter in folded.translate(_LOOK_ALIKE) if letter.isalnum())


def _of_role(role: Role, rules: FloorRules) -> float:
    points = rules.points
    return {
        Role.OPERATOR: points.broadcaster,
        Role.BROADCASTER: points.broadcaster,
        Role.MODERATOR: points.moderator,
        Role.VIP: points.vip,
        Role.SUBSCRIBER: points.subscriber,
    }.get(role, 0.0)


def _of_answer(
    candidate: Candidate, reading: Reading, answered: Answered | None, rules: FloorRules
) -> tuple[str, float]:
    """A greeting that somebody else had an answer to may have one too; a newcomer's always."""
    if answered is None:
        return "already_answered", 0
    if reading.is_greeting and candidate.viewer_id not in answered.viewer_ids:
        return "greeting_again", 0 if candidate.first_time else rules.points.greeting_again
    return "already_answered", rules.points.already_answered


def _is_to_another(candidate: Candidate, reading: Reading, for_her: bool) -> bool:
    return not for_her and bool(candidate.reply_to or reading.named)


def _of_length(reading: Reading, rules: FloorRules) -> tuple[str, float]:
    if len(reading.folded) > rules.long_letters:
        return "long", rules.points.long
    letters = sum(map(len, reading.words))
    return "short", rules.points.short if letters < rules.short_letters else 0
