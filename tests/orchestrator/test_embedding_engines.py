"""Vectors from a server: the real `ollama` client and httpx against the stand-ins."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from apps.orchestrator.engines.base import EmbeddingEngine, EmbeddingError, Garbled
from apps.orchestrator.engines.ollama import OllamaEmbedding
from apps.orchestrator.engines.openai_compatible import OpenAICompatibleEmbedding
from apps.orchestrator.memory.database import Database
from apps.orchestrator.providers import meaning_of
from apps.orchestrator.settings import OrchestratorSettings
from libs.settings import SettingsError, load
from libs.testing.stand_ins.embedding_faults import FAULTS
from libs.testing.stand_ins.http_wire import Connection, Request
from libs.testing.stand_ins.listener import HttpStandIn
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.testing.stand_ins.openai import OpenAIStandIn

PRODUCTS = ("ollama", "openai")
KEY = "sk-secret-of-the-streamer"
CODES = {
    "404": "model_missing",
    "400": "refused",
    "401": "key_refused",
    "500": "engine_failed",
    "503": "busy",
    "reset": "engine_failed",
    "fin": "engine_failed",
}
#: What is told by no code, because it only takes long or is of another length than before.
NOT_SEEN_BY_ENGINES = {"slow", "dimension"}


@asynccontextmanager
async def server_and_engine(product: str) -> AsyncIterator[tuple[HttpStandIn, EmbeddingEngine]]:
    engine: EmbeddingEngine
    if product == "ollama":
        async with OllamaStandIn(["embed:latest"]) as ollama:
            engine = OllamaEmbedding(ollama.url, "embed")
            try:
                yield ollama, engine
            finally:
                await engine.stop()
    else:
        async with OpenAIStandIn(["embed"], key=KEY) as openai:
            engine = OpenAICompatibleEmbedding(openai.base_url, KEY, "embed")
            try:
                yield openai, engine
            finally:
                await engine.stop()


@pytest.mark.parametrize("product", PRODUCTS)
async def test_each_text_gets_its_own_vector_of_length_one(product: str) -> None:
    async with server_and_engine(product) as (server, engine):
        texts = ["my cat is called Miso", "press the blue lamp", "🦊 <script> \u0000 ' OR 1=1"]
        found = await engine.embed(texts)
        again = await engine.embed(texts[1:2])
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert found[1] == pytest.approx(again[0])
    assert server.embedded == [texts, texts[1:2]]


@pytest.mark.parametrize("product", PRODUCTS)
async def test_near_are_texts_about_the_same_thing(product: str) -> None:
    async with server_and_engine(product) as (_, engine):
        cat, kitten, lamp = await engine.embed(["my cat", "a furry kitten", "press the lamp"])
    assert cat @ kitten > cat @ lamp + 0.2


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - NOT_SEEN_BY_ENGINES))
@pytest.mark.parametrize("product", PRODUCTS)
async def test_every_fault_has_a_code_and_gives_away_nothing(product: str, fault: str) -> None:
    async with server_and_engine(product) as (server, engine):
        server.embedding_faults.append(fault)
        with pytest.raises(EmbeddingError) as caught:
            await engine.embed(["hello", "there"])
        assert caught.value.code == CODES.get(fault, "garbled")
        assert caught.value.mend
        told = f"{caught.value!r} {caught.value.__cause__!r} {engine.label}"
        assert KEY not in told
        assert "runner" not in told
        assert len(await engine.embed(["hello"])) == 1, "and the next time it is well"


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_server_that_is_not_there_is_told_as_such(product: str) -> None:
    async with server_and_engine(product) as (server, engine):
        await engine.embed(["hello"])
        await server.__aexit__()
        with pytest.raises(EmbeddingError) as caught:
            await engine.embed(["hello"])
        assert caught.value.code in ("unreachable", "engine_failed")
        with pytest.raises(EmbeddingError) as caught:
            await engine.embed(["hello"])
        assert caught.value.code == "unreachable"


@pytest.mark.parametrize("product", PRODUCTS)
async def test_who_stops_waiting_closes_the_connection(product: str) -> None:
    async with server_and_engine(product) as (server, engine):
        server.embedding_faults.append("slow:30")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await engine.embed(["hello"])
        assert len(await asyncio.wait_for(engine.embed(["again"]), 2)) == 1


class Endless(HttpStandIn):
    """Sends for ever."""

    async def route(self, connection: Connection, request: Request) -> None:
        await connection.begin_stream("application/json")
        while True:
            await connection.send(b"[" * 100_000)


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    async with Endless() as server:
        engine = OpenAICompatibleEmbedding(server.url, "", "embed")
        with pytest.raises(Garbled):
            await asyncio.wait_for(engine.embed(["hello"]), 20)
        await engine.stop()


# Which one is asked ------------------------------------------------------------------------------


def engine_for(**settings: str) -> object:
    found = OrchestratorSettings(_env_file=None, **settings)  # type: ignore[arg-type]
    meaning = meaning_of(found, Database(found.kitsu_data_dir / "none.sqlite"))
    return None if meaning is None else meaning._engine


def test_without_a_model_there_is_none_and_nothing_of_it_is_loaded() -> None:
    assert engine_for() is None
    assert engine_for(embedding_provider="openai") is None
    loaded = "import sys, apps.orchestrator.worker; print({'numpy', 'ollama'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True)
    assert found.stdout.strip() == b"set()"


def test_nothing_leaves_the_machine_unless_a_provider_is_named() -> None:
    model = {"embedding_model_name": "embed"}
    assert isinstance(engine_for(**model), OllamaEmbedding)
    far = {**model, "openai_base_url": "https://api.openai.com/v1", "openai_api_key": KEY}
    assert isinstance(engine_for(**far), OllamaEmbedding)
    here = {**model, "openai_base_url": "http://127.0.0.1:1234/v1"}
    assert isinstance(engine_for(**here), OpenAICompatibleEmbedding)
    named = {**far, "embedding_provider": "openai"}
    assert isinstance(engine_for(**named), OpenAICompatibleEmbedding)
    both = {**here, "embedding_provider": "ollama"}
    assert isinstance(engine_for(**both), OllamaEmbedding)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("embedding_provider", "cohere", "ollama"),
        ("embedding_model_name", "two words", "pattern"),
        ("embedding_deadline_ms", "0", "1"),
        ("embedding_deadline_ms", "nan", ""),
        ("ollama_url", "ftp://x", "http://127.0.0.1:11434"),
    ],
)
def test_a_wrong_setting_names_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(OrchestratorSettings, _env_file=None, **{name: value})
    assert str(caught.value).startswith(f"{name.upper()} = ")
    assert allowed in str(caught.value)
