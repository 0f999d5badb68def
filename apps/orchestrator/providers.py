"""Which embedding model the settings ask for."""

from typing import TYPE_CHECKING

from apps.orchestrator.memory.database import Database
from apps.orchestrator.settings import OrchestratorSettings
from libs.settings.model_servers import is_this_machine

if TYPE_CHECKING:
    from apps.orchestrator.engines.base import EmbeddingEngine
    from apps.orchestrator.memory.meaning import Meaning


def meaning_of(settings: OrchestratorSettings, database: Database) -> "Meaning | None":
    """None where no model is named: then nothing of it is even imported.

    `auto` is the server of OPENAI_BASE_URL if that is this machine, else Ollama; nothing goes to a
    provider that was not named.
    """
    if not settings.embedding_model_name:
        return None
    from apps.orchestrator.memory.meaning import Meaning

    return Meaning(database, _engine(settings), settings.embedding_deadline_ms / 1_000)


def _engine(settings: OrchestratorSettings) -> "EmbeddingEngine":
    model, provider = settings.embedding_model_name, settings.embedding_provider
    if provider == "auto":
        provider = "openai" if is_this_machine(settings.openai_base_url) else "ollama"
    if provider == "ollama":
        from apps.orchestrator.engines.ollama import OllamaEmbedding

        return OllamaEmbedding(settings.ollama_url, model)
    from apps.orchestrator.engines.openai_compatible import OpenAICompatibleEmbedding

    return OpenAICompatibleEmbedding(settings.openai_base_url, settings.openai_api_key, model)
