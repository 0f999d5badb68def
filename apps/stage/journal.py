"""What the stage began and ended, on its own disk, so that a crash loses and repeats nothing."""

import contextlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter, ValidationError

from apps.stage.facts import fact_id
from apps.stage.utterance import Utterance
from libs.contracts.conversation import ActionChosen, ChosenOrder
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted

#: Ended utterances that the journal still knows: many more than the audio stream can hold.
KEPT_ENDINGS = 500
#: A running stage compacts its journal after so many lines: about 20 minutes of speech.
COMPACT_AFTER_LINES = 5_000
#: Actions that wait for a sentence of which nothing was heard yet; of more, the oldest go.
KEPT_ACTIONS = 500

#: What the stage says, so that all must hear of it: facts of playback, and orders that were due.
Told = PlaybackStarted | PlaybackFinished | ChosenOrder
_TOLD: TypeAdapter[Told] = TypeAdapter(Told)
_log = logging.getLogger("kitsu.stage.journal")


@dataclass
class Remembered:
    """One utterance as the journal knows it. Times are on the show's clock."""

    id: str
    show: str
    turn_id: str | None
    epoch: int
    cause_id: str
    good_until: float
    started: bool = False
    sentences: int | None = None
    full_text: str = ""
    heard_text: str = ""
    position_seconds: float = 0.0
    known_seconds: float = 0.0
    output: str = ""

    def interrupted(self, reason: str) -> PlaybackFinished:
        """Its end, where nobody was there to see it: what had been noted last."""
        return PlaybackFinished(
            event_id=fact_id(self.show, self.id, "finished"),
            show=self.show,
            turn_id=self.turn_id,
            utterance_id=self.id,
            epoch=self.epoch,
            cause_id=self.cause_id,
            outcome=PlaybackOutcome.INTERRUPTED,
            heard_text=self.heard_text,
            full_text=self.full_text or self.heard_text,
            position_seconds=self.position_seconds,
            duration_seconds=max(self.known_seconds, self.position_seconds),
            reason=reason,
            output=self.output,
        )


@dataclass
class Memory:
    """All that a journal says: utterances without an end, ended ones, what was not yet published,
    and actions by their event's id, until their utterance ends."""

    utterances: dict[str, Remembered] = field(default_factory=dict)
    ended: dict[str, None] = field(default_factory=dict)
    unpublished: dict[str, Told] = field(default_factory=dict)
    chosen: dict[str, ActionChosen] = field(default_factory=dict)

    def take(self, line: dict[str, Any]) -> None:
        """Applies one line. Raises `KeyError`, `TypeError` or `ValueError` for a broken one."""
        match line["note"]:
            case "opened":
                known = Remembered(**line["utterance"])
                if known.id not in self.ended:
                    self.utterances.setdefault(known.id, known)
            case "replied":
                self._of(line).sentences = int(line["sentences"])
                self._of(line).full_text = str(line["text"])
            case "heard":
                known = self._of(line)
                known.started, known.output = True, str(line["output"])
                known.heard_text = str(line["heard"])
                known.full_text = str(line["full"])
                known.position_seconds = float(line["position"])
                known.known_seconds = float(line["known"])
            case "chosen":
                self._keep(ActionChosen.model_validate(line["event"]))
            case "fact":
                fact = _TOLD.validate_python(line["event"])
                self.unpublished[fact.event_id] = fact
                if isinstance(fact, PlaybackFinished):
                    self._end(str(fact.utterance_id))
            case "published":
                self.unpublished.pop(str(line["event_id"]), None)
            case "ended":
                self._end(str(line["id"]))

    def _of(self, line: dict[str, Any]) -> Remembered:
        return self.utterances[str(line["id"])]

    def _keep(self, event: ActionChosen) -> None:
        self.chosen[event.event_id] = event
        if len(self.chosen) > KEPT_ACTIONS:
            self.chosen.pop(next(iter(self.chosen)))

    def _end(self, utterance_id: str) -> None:
        self.utterances.pop(utterance_id, None)
        for event in [e for e in self.chosen.values() if e.utterance_id == utterance_id]:
            del self.chosen[event.event_id]
        self.ended.pop(utterance_id, None)
        self.ended[utterance_id] = None
        if len(self.ended) > KEPT_ENDINGS:
            self.ended.pop(next(iter(self.ended)))

    def lines(self) -> Iterator[dict[str, Any]]:
        """The shortest journal that says the same."""
        for utterance_id in self.ended:
            yield {"note": "ended", "id": utterance_id}
        for fact in self.unpublished.values():
            yield {"note": "fact", "event": fact.model_dump(mode="json")}
        for known in self.utterances.values():
            yield {"note": "opened", "utterance": vars(known)}
        for event in self.chosen.values():
            yield {"note": "chosen", "event": event.model_dump(mode="json")}


class Journal:
    """Appends what happens; read and compacted when it is opened.

    Promises: a line is with the operating system when a method returns, so that it outlives the
    process; a line torn by a crash is skipped; a file that cannot be read is moved aside with a
    message, never overwritten; a disk that takes nothing (full, gone) stops nobody: silence and
    facts go on, only a crash in that time would lose or repeat.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._memory = Memory()
        self._lines = 0
        self._disk_failed = False

    def open(self) -> Memory:
        """What an earlier life of the stage left behind."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._memory = self._read()
        self._compact()
        return self._memory

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # a full disk: what it did not take is lost
                file.close()

    def opened(self, utterance: Utterance, good_until: float) -> None:
        known = Remembered(
            utterance.id,
            utterance.show,
            utterance.turn_id,
            utterance.epoch,
            utterance.cause_id,
            good_until,
        )
        self._write({"note": "opened", "utterance": vars(known)})

    def replied(self, utterance: Utterance) -> None:
        """How many sentences there will be: the fact is acknowledged and does not come again."""
        sentences, text = utterance.expected, utterance.full_text
        self._write({"note": "replied", "id": utterance.id, "sentences": sentences, "text": text})

    def heard(self, utterance: Utterance, position: int, output: str) -> None:
        """It plays, and this is how far it was heard. From the first such note on it never plays
        again."""
        rate = utterance.rate_hz or 1
        self._write(
            {
                "note": "heard",
                "id": utterance.id,
                "position": round(position / rate, 3),
                "known": round(utterance.known_seconds, 3),
                "heard": utterance.heard_text(position),
                "full": utterance.full_text,
                "output": output,
            }
        )

    def chosen(self, event: ActionChosen) -> None:
        """This waits for its sentence: the event is acknowledged and does not come again."""
        self._write({"note": "chosen", "event": event.model_dump(mode="json")})

    def fact(self, told: Told) -> None:
        """This is about to be published."""
        self._write({"note": "fact", "event": told.model_dump(mode="json")})

    def published(self, event_id: str) -> None:
        self._write({"note": "published", "event_id": event_id})

    def _write(self, line: dict[str, Any]) -> None:
        with contextlib.suppress(KeyError):  # an utterance that has ended needs no more notes
            self._memory.take(line)
        if self._file is None and not self._disk_failed:
            return
        try:
            self._append(line)
        except OSError as error:
            self.close()  # what the file has not taken must not pile up
            if not self._disk_failed:
                _log.error("the journal cannot be written (%s): free some space", error)
            self._disk_failed = True

    def _append(self, line: dict[str, Any]) -> None:
        if self._file is None or self._lines >= COMPACT_AFTER_LINES:
            self._compact()  # has this line already
        else:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
            self._lines += 1
        self._disk_failed = False

    def _read(self) -> Memory:
        memory = Memory()
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return memory
        except (OSError, UnicodeDecodeError) as error:
            aside = self._path.with_suffix(".unreadable")
            self._path.replace(aside)
            _log.error("the journal could not be read (%s); it is kept as %s", error, aside)
            return memory
        broken = 0
        for line in text.splitlines():
            try:
                memory.take(json.loads(line))
            except (ValueError, KeyError, TypeError, ValidationError, RecursionError):
                broken += 1
        if broken:
            _log.warning("the journal had lines that make no sense", extra={"lines": broken})
        return memory

    def _compact(self) -> None:
        """Writes the shortest journal beside the old one, then puts it in its place."""
        self.close()
        fresh = self._path.with_suffix(".new")
        lines = [json.dumps(line, ensure_ascii=False) for line in self._memory.lines()]
        fresh.write_text("".join(line + "\n" for line in lines), "utf-8")
        fresh.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")
        self._lines = 0
