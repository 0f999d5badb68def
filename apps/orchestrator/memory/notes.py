"""What she notes herself: about whoever she answered, and only what she may hear and say.

A model wrote it, perhaps because a viewer talked it into it. So a note is about nobody but the
author of the turn's input (or the show, when that was the host), counts for less than what people
tell of themselves, and there are few of them. Runs inside one transaction of `Database.run`.
"""

import re
import sqlite3
from collections.abc import Callable

from apps.orchestrator.memory import facts, records
from apps.orchestrator.memory.fact_language import NOT_THEIR_OWN
from apps.orchestrator.memory.fact_rules import MAXIMUM_CHARACTERS, Claim
from libs.contracts.conversation import TurnInput, TurnSource
from libs.contracts.people import Author, Role
from libs.safety import clean_chat

#: What the rules find in a viewer's own words counts from 0.3 to 0.9.
NOTE_IMPORTANCE = 0.25
NOTES_A_TURN = 2
#: What she notes of one viewer within an hour.
NOTES_AN_HOUR = 4
#: Notes that are kept of one viewer; a newer one takes the place of the oldest.
NOTES_A_VIEWER = 12

#: Who may teach about the show itself.
HOSTS = frozenset({Role.OPERATOR, Role.BROADCASTER})
_ANSWERED = frozenset({TurnSource.CHAT, TurnSource.PAID, TurnSource.VOICE})
_WORD = re.compile(r"[^\s,.:;!?'’\"()]+")
#: A line that says what the people of the show have said or want: nothing is noted of its author.
_FOR_THE_HOST = re.compile(
    r"\b(?:host|streamer|broadcaster|mods?|moderators?|admins?|owner|dev(?:eloper)?s?|staff|"
    r"dono|dona|moderador\w*|apresentador\w*|anfitri[oó]n\w*|due[nñ]o|besitzer|betreiber|"
    r"propri[eé]taire|mod[eé]rateurs?)\b[^.!?\n]{0,80}\b(?:said|says?|told|tells|wants?|promised|"
    r"agreed|allowed|decided|ordered|asked|disse|diz|falou|mandou|quer|prometeu|dijo|dice|quiere|"
    r"sagte?|will|dit|veut)\b",
    re.IGNORECASE,
)

MayBeKept = Callable[[str], bool]


def speaks_for_the_show(given: TurnInput) -> bool:
    return given.source is TurnSource.VOICE or given.author.role in HOSTS


def keep(
    db: sqlite3.Connection, turn_id: str, text: str, now: float, may_be_kept: MayBeKept
) -> str:
    """Keeps a note, once. Returns a code that says why not; empty when it is kept."""
    found = records.answered(db, turn_id)
    if found is None:
        return "no_turn"
    given, taken_back = found
    text = clean_chat(text, maximum=MAXIMUM_CHARACTERS)
    if refused := _why_not(db, given, taken_back, text, may_be_kept):
        return refused
    of_show = speaks_for_the_show(given)
    viewer_id = facts.THE_SHOW if of_show else given.author.viewer_id
    name = "" if of_show else given.author.name
    theirs = facts.of_viewer(db, viewer_id, now)
    if (text, turn_id) in {(fact.text, fact.source_turn_id) for fact in theirs}:
        return ""  # handed out again
    if refused := _too_many(theirs, text, turn_id, now):
        return refused
    claim = Claim(facts.NOTED, text, NOTE_IMPORTANCE)
    facts.learn(db, viewer_id, name, claim, turn_id, now, trusted=True)
    for fact in _notes(theirs)[NOTES_A_VIEWER - 1 :]:
        facts.forget(db, fact.fact_id)
    return ""


def _why_not(
    db: sqlite3.Connection,
    given: TurnInput,
    taken_back: bool,
    text: str,
    may_be_kept: MayBeKept,
) -> str:
    if taken_back:
        return "taken_back"
    if given.happened or given.source not in _ANSWERED:
        return "nobody"
    if not text:
        return "empty"
    if not speaks_for_the_show(given) and _is_hearsay(db, given, text):
        return "hearsay"
    return "" if may_be_kept(text) and may_be_kept(given.text) else "blocked"


def _is_hearsay(db: sqlite3.Connection, given: TurnInput, text: str) -> bool:
    claims = NOT_THEIR_OWN.search(text) or _FOR_THE_HOST.search(given.text)
    return bool(claims) or _is_about_another(db, given.author, text)


def _is_about_another(db: sqlite3.Connection, author: Author, text: str) -> bool:
    """Whether the note begins with the name of another viewer."""
    words = [word.lstrip("@").casefold() for word in _WORD.findall(text)[:3]]
    names = {" ".join(words[:count]) for count in (1, 2, 3)} - {author.name.casefold(), ""}
    if author.name.casefold() in (" ".join(words[:count]) for count in (1, 2, 3)):
        return False
    marks = ",".join("?" * len(names))
    sql = (
        "SELECT 1 FROM (SELECT viewer_id, name FROM message UNION ALL"
        " SELECT viewer_id, name FROM fact) WHERE viewer_id NOT IN ('', ?)"
        f" AND lower(name) IN ({marks}) LIMIT 1"
    )
    return db.execute(sql, (author.viewer_id, *sorted(names))).fetchone() is not None


def _notes(theirs: list[facts.Fact]) -> list[facts.Fact]:
    """Newest first."""
    notes = [fact for fact in theirs if fact.topic == facts.NOTED]
    return sorted(notes, key=lambda fact: -fact.fact_id)


def _too_many(theirs: list[facts.Fact], text: str, turn_id: str, now: float) -> str:
    notes = _notes(theirs)
    if text in {fact.text for fact in theirs}:
        return "known"
    if sum(fact.source_turn_id == turn_id for fact in notes) >= NOTES_A_TURN:
        return "too_many"
    lately = sum(fact.learned_at > now - 3_600 for fact in notes)
    return "too_often" if lately >= NOTES_AN_HOUR else ""
