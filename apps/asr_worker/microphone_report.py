"""How listening is, as one event and as words for people."""

from dataclasses import dataclass

from apps.asr_worker.hearing import Hearing
from apps.asr_worker.inputs.base import RATE_HZ, SoundInput
from apps.asr_worker.microphone import Microphone
from apps.asr_worker.partners import LevelMeter, Recognising
from libs.contracts.health import ModuleState
from libs.contracts.listening import MicrophoneReported, MicrophoneState
from libs.worker.worker import Health

MUTED = "muted for her: she hears nothing until it is unmuted (panel, or kitsu ears unmute)"


@dataclass
class MicrophoneReport:
    """`starting`: the recogniser is being made ready. `weakness`: what makes hearing itself worse.
    `notes`: what could be there besides."""

    sound: SoundInput
    ladder: Recognising
    microphone: Microphone
    levels: LevelMeter
    hearing: Hearing | None = None
    starting: bool = True
    weakness: str = ""
    notes: tuple[str, ...] = ()

    def state(self, enabled: bool) -> MicrophoneState:
        if not enabled:
            return MicrophoneState.OFF
        if not self.ladder.ready:
            return MicrophoneState.STARTING if self.starting else MicrophoneState.UNABLE
        if self.hearing is None:
            return MicrophoneState.STARTING
        if self.microphone.muted:
            return MicrophoneState.MUTED
        return MicrophoneState.LISTENING if self.sound.present else MicrophoneState.WAITING

    def event(self, show: str, enabled: bool, now: float) -> MicrophoneReported:
        state = self.state(enabled)
        hears = state in (MicrophoneState.LISTENING, MicrophoneState.MUTED)
        hearing = self.hearing
        measured = {}
        if hears:
            measured = {
                "level_dbfs": round(self.levels.level_dbfs, 1),
                "peak_dbfs": round(self.levels.peak_dbfs, 1),
            }
        floor = hearing.noise_floor_dbfs if hearing is not None and hears else None
        return MicrophoneReported(
            show=show,
            state=state,
            mode=self.microphone.mode,
            muted=self.microphone.muted,
            talking=self.microphone.key.held(now),
            voice=hearing is not None and state is MicrophoneState.LISTENING and hearing.voice,
            source=self.sound.source,
            device=self.sound.device[:200],
            recogniser=self._recogniser()[:200],
            problem=self._problem(state, now)[:400],
            noise_floor_dbfs=None if floor is None else round(floor, 1),
            lost_seconds=round(self.sound.lost_samples / RATE_HZ, 2),
            **measured,
        )

    def health(self, now: float) -> Health:
        """One line for people, with the step that mends what is not well."""
        engine = self._recogniser()
        state = self.state(enabled=True)
        if state is MicrophoneState.UNABLE:
            return self.ladder.health()
        if state is MicrophoneState.STARTING:
            return Health(ModuleState.STARTING, "the recogniser is being made ready", engine)
        if self.sound.source == "none":
            detail = self.sound.problem or self.sound.device or "no microphone is chosen"
            return Health(ModuleState.NOT_CONFIGURED, detail, engine)
        ladder = self.ladder.health()
        problems = [text for text in (self._problem(state, now), self.weakness) if text]
        if ladder.state is not ModuleState.READY and ladder.detail:
            problems.append(ladder.detail)
        if state is MicrophoneState.MUTED:
            return Health(ModuleState.READY, "; ".join([MUTED, *problems, *self.notes]), engine)
        if state is MicrophoneState.WAITING:
            return Health(ModuleState.DEGRADED, "; ".join(problems), engine)
        listening = f"listening on {self.sound.device or self.sound.source}"
        detail = "; ".join([*problems, listening, *self.notes])
        return Health(ModuleState.DEGRADED if problems else ModuleState.READY, detail, engine)

    def _recogniser(self) -> str:
        in_use = self.ladder.in_use
        return in_use.capabilities.label if in_use is not None and self.ladder.ready else ""

    def _problem(self, state: MicrophoneState, now: float) -> str:
        """Of the sound or its device; the most important one."""
        if state is MicrophoneState.UNABLE:
            return self.ladder.health().detail
        if self.microphone.problem:
            return self.microphone.problem
        if state is MicrophoneState.WAITING:
            there_is_one = self.sound.source != "none"
            return self.sound.problem or ("the microphone is not there" if there_is_one else "")
        if state is MicrophoneState.LISTENING:
            return self.sound.problem or self.levels.problem(now)
        return ""
