"""A stage's player whose clock only moves when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apps.stage.journal import Journal, Memory
from apps.stage.outputs.silent import SilentOutput
from apps.stage.player import Player, Watcher
from apps.stage.playlist import Playlist, PlaylistRules
from apps.stage.utterance import Utterance
from libs.contracts.conversation import ActionChosen
from libs.contracts.envelope import Event
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import (
    AudioChunk,
    PlaybackFinished,
    PlaybackOutcome,
    SentenceSynthesized,
)

SHOW_ZERO = 1_700_000_000.0


class NobodyWatches:
    def began(self, utterance: Utterance, number: int) -> None: ...
    def moved(self, utterance: Utterance, position: int) -> None: ...
    def held(self, hold: SpeechHold) -> None: ...
    def ended(self, utterance: Utterance, outcome: PlaybackOutcome) -> None: ...


@dataclass
class VirtualStage:
    """A player whose clock only moves when a test says so."""

    path: Path
    rules: PlaylistRules = field(default_factory=PlaylistRules)
    told: list[Event] = field(default_factory=list)
    now: float = 100.0
    dies_before_publishing: bool = False
    watcher: Watcher = field(default_factory=NobodyWatches)

    def __post_init__(self) -> None:
        self.journal = Journal(self.path)
        self.memory = self.journal.open()
        self.player = Player(
            Playlist(self.rules),
            SilentOutput(lambda: self.now),
            self.journal,
            self.publish,
            self.watcher,
            lambda: self.now,
            lambda: SHOW_ZERO + self.now,
        )

    def publish(self, event: Event) -> None:
        self.told.append(event)
        if not self.dies_before_publishing:
            self.journal.published(event.event_id)

    def hear(self, *events: object) -> None:
        for item in events:
            event, pcm = item if isinstance(item, tuple) else (item, b"")
            event = event.model_copy(update={"emitted_at": SHOW_ZERO + self.now})
            if isinstance(event, AudioChunk):
                self.player.audio(event, pcm)
            elif isinstance(event, SentenceSynthesized):
                self.player.synthesized(event)
            elif isinstance(event, ActionChosen):
                self.player.chosen(event)
            else:
                self.player.reply_finished(event)

    def pass_time(self, seconds: float, step: float = 0.02) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += step
            self.player.look()

    def of(self, kind: type[Event]) -> list:
        return [event for event in self.told if type(event) is kind]

    @property
    def finished(self) -> list[PlaybackFinished]:
        return self.of(PlaybackFinished)

    def killed(self, later: float = 1.0) -> "VirtualStage":
        """The same stage after kill -9: only what is on disk at this moment is left."""
        on_disk = self.path.with_suffix(f".{len(list(self.path.parent.iterdir()))}.jsonl")
        on_disk.write_bytes(self.path.read_bytes())
        self.journal.close()
        return VirtualStage(on_disk, self.rules, now=self.now + later)

    def restore(self, fenced: str = "") -> None:
        self.player.restore(self.memory, lambda known: fenced)


@contextmanager
def closing_journals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every journal that is opened meanwhile is closed in the end, also that of a killed stage."""
    opened: list[Journal] = []
    real_open = Journal.open

    def noting_open(journal: Journal) -> Memory:
        opened.append(journal)
        return real_open(journal)

    monkeypatch.setattr(Journal, "open", noting_open)
    yield
    for journal in opened:
        journal.close()
