"""Identifiers: UUID version 7 (RFC 9562, section 5.7), sortable by time."""

import secrets
import time
from uuid import NAMESPACE_URL, uuid5

_DERIVED = uuid5(NAMESPACE_URL, "kitsu:derived")


def new_id() -> str:
    """A fresh UUIDv7 in its usual text form: 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def derived_id(origin: str, part: str) -> str:
    """The same id each time for the same part of the same thing (UUID version 5)."""
    return str(uuid5(_DERIVED, f"{origin}/{part}"))
