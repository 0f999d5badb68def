"""Which engines the settings ask for."""

from collections.abc import Sequence

from apps.policy_worker.engines.base import ReplyEngine, Task
from apps.policy_worker.engines.scripted import ScriptedEngine
from apps.policy_worker.guard import AnyModel
from apps.policy_worker.settings import PolicySettings
from libs.safety import Gate
from libs.settings.model_servers import is_this_machine


def engines_of(settings: PolicySettings, gate: Gate) -> dict[Task, Sequence[ReplyEngine]]:
    """The engines of each task, from best to last resort.

    `auto` uses what is on this machine, and what is named in OLLAMA_URL; nothing goes to a provider
    that was not named. Code goes the way of chat unless it has a provider of its own. Pictures go
    only to models on this machine, unless VISION_PROVIDER names another one. The scripted persona
    is the last resort of chat.
    """
    scripted = ScriptedEngine(gate)
    if settings.policy_force_mock:
        return {Task.CHAT: [scripted]}
    shelf = _Shelf(settings)
    chat = shelf.engines(settings.chat_provider, model="")
    code = settings.chat_provider if settings.code_provider == "auto" else settings.code_provider
    return {
        Task.CHAT: [*chat, scripted],
        Task.CODE: shelf.engines(code, settings.code_model_name),
        Task.VISION: shelf.engines(settings.vision_provider, settings.vision_model_name),
    }


def guard_model(settings: PolicySettings) -> AnyModel | None:
    """The model that the guard asks; None where none is wanted."""
    if not settings.guard_provider or settings.policy_force_mock:
        return None
    if settings.guard_provider == "ollama":
        from apps.policy_worker.engines.ollama import OllamaEngine

        return OllamaEngine(settings.ollama_url, settings.guard_model_name, preload=False)
    from apps.policy_worker.engines.openai_compatible import OpenAICompatibleEngine

    return OpenAICompatibleEngine(
        settings.openai_base_url, settings.openai_api_key, settings.guard_model_name
    )


class _Shelf:
    """Makes each engine once, whatever it is used for."""

    def __init__(self, settings: PolicySettings) -> None:
        self._settings = settings
        self._made: dict[tuple[str, str], ReplyEngine] = {}

    def engines(self, provider: str, model: str) -> list[ReplyEngine]:
        """The engines of a `*_PROVIDER` setting. An empty model: the one of chat."""
        names = provider.split(",")
        if provider == "auto":
            local = is_this_machine(self._settings.openai_base_url)
            names = ["ollama", "openai"] if local else ["ollama"]
        return [self._engine(name, model) for name in names if name != "scripted"]

    def _engine(self, name: str, model: str) -> ReplyEngine:
        if (name, model) not in self._made:
            self._made[name, model] = self._make(name, model)
        return self._made[name, model]

    def _make(self, name: str, model: str) -> ReplyEngine:
        settings = self._settings
        if name == "ollama":
            from apps.policy_worker.engines.ollama import OllamaEngine

            chat_model = settings.llm_model_name
            return OllamaEngine(settings.ollama_url, model or chat_model, preload=not model)
        from apps.policy_worker.engines.openai_compatible import OpenAICompatibleEngine

        return OpenAICompatibleEngine(
            settings.openai_base_url, settings.openai_api_key, model or settings.openai_model
        )
