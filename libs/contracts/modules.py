"""The modules of a show: the ids that APIs, the command line, logs and docs use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Module:
    """`output` modules can be seen or heard: they hold the panic latch and answer `POST /panic`.

    A `singleton` runs once per show; the others are pools that can serve many shows.
    """

    id: str
    title: str
    default_port: int
    output: bool
    singleton: bool


#: In the order in which `kitsu up` starts them: consumers before producers.
MODULES: tuple[Module, ...] = (
    Module("stage", "Stage", 8010, output=True, singleton=True),
    Module("obs_controller", "OBS", 8015, output=True, singleton=True),
    Module("avatar_controller", "Avatar", 8014, output=True, singleton=True),
    Module("tts_worker", "Voice", 8011, output=True, singleton=False),
    Module("policy_worker", "Brain", 8012, output=True, singleton=False),
    Module("orchestrator", "Orchestrator", 8000, output=False, singleton=True),
    Module("twitch_ingest", "Chat", 8016, output=True, singleton=True),
    Module("asr_worker", "Ears", 8013, output=False, singleton=True),
)

MODULES_BY_ID: dict[str, Module] = {module.id: module for module in MODULES}

#: Who is told of a panic on a port of its own: what can be seen or heard, then who keeps the show.
TOLD_OF_PANIC = (*(module.id for module in MODULES if module.output), "orchestrator")
