"""Names in `.env` and `configs/kitsu.yaml` that no part of Kitsu knows: mostly slips of the pen."""

import difflib
import re
from pathlib import Path
from typing import Any

import yaml

from libs.settings import ROOT
from libs.settings.base import config_file
from libs.settings.yaml_text import document_of

#: Knows every name there is; a test holds it to that.
EXAMPLE = ROOT / ".env.example"
_NAME = re.compile(r"^\s*#?\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.MULTILINE)


def unknown_names(env_file: Path = ROOT / ".env") -> list[str]:
    """One line for each name that is not known: where it stands, and what may be meant."""
    known = set(_NAME.findall(_text(EXAMPLE)))
    if not known:
        return []
    given = [(env_file.name, name) for name in _NAME.findall(_without_comments(_text(env_file)))]
    given += [(config_file().name, name) for name in _yaml_names(config_file())]
    return [_line(place, name, known) for place, name in given if name.upper() not in known]


def _line(place: str, name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.75)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"{place}: nothing reads {name}{meant}"


def _yaml_names(file: Path) -> list[str]:
    try:
        document: Any = document_of(_text(file))
    except yaml.YAMLError:
        return []
    return [str(name) for name in document] if isinstance(document, dict) else []


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
