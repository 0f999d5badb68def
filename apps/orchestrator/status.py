"""`GET /status`: the whole state of the show in one document."""

from typing import TYPE_CHECKING

from apps.orchestrator.panel.protocol import (
    BusStatus,
    MemoryStatus,
    Notice,
    OverlayStatus,
    PanicStatus,
    StatusMessage,
)
from apps.orchestrator.show_panic import ModuleAnswer
from libs.contracts.health import ModuleState
from libs.contracts.modules import MODULES
from libs.worker.access import Scope
from libs.worker.runtime import kitsu_version

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker


def status_message(worker: "OrchestratorWorker") -> StatusMessage:
    modules = worker.roster.status()
    state = worker.panic.state
    return StatusMessage(
        show=worker.show,
        uptime_seconds=worker.session.uptime_seconds,
        version=kitsu_version(),
        bus=BusStatus(description=worker.bus.description, connected=worker.bus.connected),
        panic=PanicStatus(
            engaged=state.engaged,
            since=state.since,
            reason=state.reason,
            modules=_latches(worker),
            obs=worker.studio.panic(state.engaged),
        ),
        persona=worker.session.persona_status(),
        modules=modules,
        scene=worker.studio.scene,
        last_tts=worker.session.last_tts,
        speaking=worker.on_air.speaking,
        memory=MemoryStatus(
            current_summary=worker.memory.summary.text,
            restore_context=worker.settings.restore_context,
            messages=worker.message_count,
        ),
        overlay=_overlay(worker),
        studio=worker.studio.status(),
        avatar=worker.avatar.state(),
        queue=worker.conversation.waiting,
        floor=worker.floor.status(),
        mood=worker.session.mood.value,
        poll=worker.polls.status(),
        chat=worker.chat.status(),
        microphone=worker.microphone.status(),
        notices=_bus_notice(worker)
        + _persona_notice(worker)
        + [
            Notice(
                code=f"{module_id}_{module.state.value}", message=f"{module.title}: {module.detail}"
            )
            for module_id, module in modules.items()
            if module.state in (ModuleState.DEGRADED, ModuleState.DOWN) and module.detail
        ],
    )


def _latches(worker: "OrchestratorWorker") -> dict[str, ModuleAnswer]:
    """Which output modules hold the latch, by their beats; else what they answered last."""
    answers: dict[str, ModuleAnswer] = dict(worker.panic_desk.show_panic.modules)
    if worker.panic.engaged:
        for module in MODULES:
            if module.output:
                beats = worker.roster.beats(module.id)
                unanswered: ModuleAnswer = "released" if beats else "unreachable"
                latched = bool(beats) and all(beat.panic for beat in beats)
                answer = answers.get(module.id, unanswered)
                answers[module.id] = "latched" if latched else answer
    return answers


def _bus_notice(worker: "OrchestratorWorker") -> list[Notice]:
    if worker.bus.connected:
        return []
    message = "The bus is away and is being tried again; what follows is old. Panic still works."
    return [Notice(code="bus_away", message=message)]


def _persona_notice(worker: "OrchestratorWorker") -> list[Notice]:
    complaint = worker.session.complaint
    return [Notice(code="persona", message=f"Persona: {complaint}")] if complaint else []


def _overlay(worker: "OrchestratorWorker") -> OverlayStatus:
    settings = worker.settings
    key = worker.access.token(Scope.OVERLAY)
    gauges = [beat.gauges for beat in worker.roster.beats("stage")]
    pages = sum(gauge.get("pages", 0) for gauge in gauges)
    sounding = any(gauge.get("sounding_pages", 0) for gauge in gauges)
    url = f"http://{settings.kitsu_host}:{settings.stage_port}/?key={key}"
    return OverlayStatus(url=url, pages=pages, sounding=sounding)
