"""What the ears may expect to hear: her names, and those of viewers who wrote lately."""

import asyncio
import re
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING

from libs.bus.base import BusError
from libs.contracts.conversation import PersonaSnapshot
from libs.contracts.health import WorkerBeat
from libs.contracts.listening import WordsExpected
from libs.contracts.safety import GateAction, OwnRule
from libs.safety import Gate, clean_chat
from libs.telemetry import clock

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: It is told again so often, while there is somebody who listens.
TELL_SECONDS = 10.0
#: Who wrote longer ago is not spoken of any more.
LATELY_SECONDS = 900.0
#: So many names are told; a recogniser that expects too much hears what was not said.
MOST_NAMES = 60
MOST_OF_HER_NAMES = 20
NAME_CHARACTERS = 25
#: The gate reads so many new names at a time: in a flood the others wait, or are never told.
READ_AT_ONCE = 20
REMEMBERED_VERDICTS = 2_000

#: Something that can be said: letters with what stands in names, and few words.
_SAYABLE = re.compile(r"(?=.*[^\W\d_]{2})[\w.'’-]+(?: [\w.'’-]+){0,2}")


class SayableNames:
    """Which viewers' names may be told. Promises: bounded; a name that the gate would not let her
    say is not told; the same name is judged once for the same rules."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._rules: tuple[bool, tuple[OwnRule, ...]] | None = None
        self._verdicts: OrderedDict[str, bool] = OrderedDict()

    def under(self, family_mode: bool, own_rules: tuple[OwnRule, ...]) -> None:
        """By which rules names are judged from now on."""
        if (family_mode, own_rules) != self._rules:
            self._rules = (family_mode, own_rules)
            self._gate = self._gate.in_mode(family_mode).with_own_rules(own_rules)
            self._verdicts.clear()

    def known(self, name: str) -> bool | None:
        """None: it was not judged yet."""
        return self._verdicts.get(name)

    def judge(self, name: str) -> bool:
        sayable = self._gate.name(name, "").action is GateAction.ALLOW
        self._verdicts[name] = sayable
        if len(self._verdicts) > REMEMBERED_VERDICTS:
            self._verdicts.popitem(last=False)
        return sayable


class ExpectedWords:
    """Promises: costs nothing while nobody listens, and however many write only so much every few
    seconds."""

    def __init__(self, worker: "OrchestratorWorker", gate: Gate) -> None:
        self._worker = worker
        self._names = SayableNames(gate)
        self._told: set[tuple[str, int]] = set()
        """Ears that were told at least once."""
        self._changed = asyncio.Event()

    def hear_beat(self, beat: WorkerBeat) -> None:
        if beat.module == "asr_worker" and (beat.instance, beat.pid) not in self._told:
            self.changed()

    def changed(self) -> None:
        """What was told before is not right any more."""
        self._changed.set()

    async def keep_telling(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), TELL_SECONDS)
            self._changed.clear()
            ears = self._worker.roster.beats("asr_worker")
            self._told = {(beat.instance, beat.pid) for beat in ears}
            if ears:
                with suppress(BusError):  # told again soon
                    await self._worker.publish(await self.expected(clock.now()))

    async def expected(self, now: float) -> WordsExpected:
        snapshot = self._worker.session.snapshot
        self._names.under(snapshot.family_mode, self._worker.session.own_rules)
        return WordsExpected(
            show=self._worker.show,
            her_names=her_names(snapshot, self._worker.floor.floor.rules.names),
            words=tuple(await self._viewers(now)),
            language=snapshot.language,
        )

    async def _viewers(self, now: float) -> list[str]:
        """The last who wrote first."""
        floor, told, read = self._worker.floor.floor, OrderedDict[str, str](), 0
        for author in floor.crowd.lately(now - LATELY_SECONDS):
            name = clean_chat(author.name, maximum=NAME_CHARACTERS)
            if author.viewer_id in floor.muted or not _SAYABLE.fullmatch(name):
                continue
            sayable = self._names.known(name)
            if sayable is None:
                if read == READ_AT_ONCE:
                    continue
                read += 1
                sayable = self._names.judge(name)
                await asyncio.sleep(0)  # a turn does not wait for it
            if sayable:
                told.setdefault(name.casefold(), name)
            if len(told) == MOST_NAMES:
                break
        return list(told.values())


def her_names(snapshot: PersonaSnapshot, others: tuple[str, ...]) -> tuple[str, ...]:
    """The persona's name first, each once."""
    cleaned = (clean_chat(name, maximum=64) for name in (snapshot.name, *others))
    names = {name.casefold(): name[:1].upper() + name[1:] for name in reversed([*cleaned]) if name}
    return tuple(reversed(names.values()))[:MOST_OF_HER_NAMES]
