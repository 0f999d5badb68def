"""Servers of language models: their settings, what may be shown of an address, and whether what is
sent there stays on this machine."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from libs.settings.base import ShowSettings


def _address(value: str) -> str:
    parts = urlsplit(value)  # raises ValueError for an address that is none, as does .port
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must look like http://127.0.0.1:11434 or https://host/path")
    _ = parts.port
    return value


Address = Annotated[str, Field(pattern=r"^\S+$"), AfterValidator(_address)]
ModelName = Annotated[str, Field(max_length=200, pattern=r"^[^\s<>\"']*$")]


class ModelServerSettings(ShowSettings):
    """What every process that asks a model must know."""

    ollama_url: Address = "http://127.0.0.1:11434"
    openai_base_url: Address = "https://api.openai.com/v1"
    """Any server that speaks OpenAI's API. Used when a provider names it, and in `auto` when it is
    on this machine."""
    openai_api_key: str = Field(default="", repr=False)

    @field_validator("openai_api_key")
    @classmethod
    def _fits_into_a_header(cls, key: str) -> str:
        if not all(33 <= ord(character) <= 126 for character in key):
            raise ValueError("a key has no spaces and no letters with marks")
        return key


def shown(url: str) -> str:
    """Host and port, without a password that may stand in the address."""
    address = urlsplit(url)
    return f"{address.hostname}:{address.port}" if address.port else str(address.hostname)


def is_this_machine(url: str) -> bool:
    """Whether what is sent there stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
