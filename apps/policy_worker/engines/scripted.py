"""The scripted engine: answers without a model, from the persona's own lines."""

import random
from collections.abc import Sequence

from apps.policy_worker.engines.base import Capabilities, Pieces, ReplyRequest
from apps.policy_worker.engines.scripted_hearing import Heard, listen
from libs.contracts.conversation import TurnCommitted, TurnSource
from libs.safety import Gate
from libs.settings.personas import ScriptedLines

#: So many of her own last lines are not repeated.
REMEMBERED_LINES = 4

_MOODS = {"hello": "happy", "thanks": "happy", "laugh": "excited", "question": "thinking"}


class ScriptedEngine:
    """Always available. The same turn gets the same words; a turn that was begun goes on where it
    stopped. Of what was written to her it quotes only words that pass the gate."""

    name = "scripted"
    label = "scripted"
    model = ""
    capabilities = Capabilities(scripted=True)
    complaint = ""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def available(self) -> bool:
        return True

    async def reply(self, request: ReplyRequest) -> Pieces:
        heard = listen(request.turn, self._gate, request.persona.scripted)
        draft = _Draft(request.turn, request.persona.scripted, heard)
        lines = draft.lines()
        said = " ".join(request.already_said)
        if said:
            text = " ".join(lines)
            lines = [text[len(said) :]] if text.startswith(said) else []
        yield f"<mood>{draft.mood}</mood><speech>"
        for line in lines:
            yield f"{line} "
        yield "</speech>"


class _Draft:
    """One answer being put together."""

    def __init__(self, turn: TurnCommitted, lines: ScriptedLines, heard: Heard) -> None:
        self._turn = turn
        self._persona_lines = lines
        self._heard = heard
        self._random = random.Random(turn.turn_id or turn.event_id)
        own = [line.text for line in turn.history if line.speaker == "kitsu"]
        self._recent = " ".join(own[-REMEMBERED_LINES:])

    @property
    def mood(self) -> str:
        persona = self._turn.persona
        mood = _MOODS.get(self._heard.kind, "neutral")
        if mood == "neutral" and persona.energy > 0.75:
            return "excited"
        return "sleepy" if mood == "neutral" and persona.energy < 0.2 else mood

    def lines(self) -> list[str]:
        """Two to four sentences."""
        persona, lines = self._turn.persona, self._persona_lines
        openings = lines.by_style.get(persona.style, ())
        told = [self._choose(openings)] if openings else []
        told += self._answer()
        room = 4 - len(told)
        ends: list[str] = []
        if self._random.random() < persona.chaos * 0.8:
            ends.append(self._choose(lines.chaos))
        ends.append(self._choose(lines.lively_end if persona.energy >= 0.5 else lines.calm_end))
        return [line for line in [*told, *ends[: max(0, room)]] if line]

    def _answer(self) -> list[str]:
        lines, heard = self._persona_lines, self._heard
        if self._turn.input.source is TurnSource.IDLE:
            return [self._choose(lines.idle)]
        if heard.kind in ("hello", "thanks", "laugh"):
            first = self._choose(getattr(lines, heard.kind))
            return [first, self._choose(lines.topic)] if heard.topic else [first]
        if heard.topic is None:
            return [self._choose(lines.no_topic)]
        main = self._choose(lines.question if heard.kind == "question" else lines.topic)
        refers = heard.earlier is not None and self._random.random() < 0.5
        return [main, self._choose(lines.refer_back)] if refers else [main]

    def _choose(self, options: Sequence[str]) -> str:
        """A line that can be filled in and that she has not said just now."""
        filled = [line for option in options if (line := self._filled(option))]
        fresh = [line for line in filled if line not in self._recent]
        choice = fresh or filled
        return self._random.choice(choice) if choice else ""

    def _filled(self, line: str) -> str | None:
        heard = self._heard
        if "{topic}" in line and heard.topic is None:
            return None
        if "{earlier}" in line and heard.earlier is None:
            return None
        line = line.replace("{topic}", heard.topic or "").replace("{earlier}", heard.earlier or "")
        return line.replace("{name}", heard.name)
