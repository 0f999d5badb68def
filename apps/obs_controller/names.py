"""Which of OBS's things play which part in the show, and names that are nearly right."""

import difflib
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from apps.obs_controller.settings import ObsControllerSettings, names
from apps.obs_controller.studio_state import BROWSER_KIND, MIC_KINDS, KnownInput, StudioState

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def mic_inputs(settings: ObsControllerSettings, state: StudioState) -> list[str]:
    """Those of the settings, or else every microphone there is."""
    if given := names(settings.obs_mic_inputs):
        return list(given)
    captures = [
        name
        for name, known in state.inputs.items()
        if known.kind in MIC_KINDS and known.muted is not None
    ]
    return list(dict.fromkeys([*state.mics, *captures]))


def voice_inputs(settings: ObsControllerSettings, state: StudioState) -> list[str]:
    """Those of the settings, or else the browser sources that show the overlay."""
    if given := names(settings.obs_voice_inputs):
        return list(given)
    return [
        name
        for name, known in state.inputs.items()
        if known.muted is not None and (is_overlay(settings, known))
    ]


def is_overlay(settings: ObsControllerSettings, known: KnownInput) -> bool:
    """Whether a browser source shows this show's overlay page."""
    if known.kind != BROWSER_KIND:
        return False
    try:
        parts = urlsplit(known.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    return port == settings.stage_port and (host in _LOOPBACK or host == settings.kitsu_host)


def role_of(
    settings: ObsControllerSettings, state: StudioState, name: str
) -> Literal["mic", "voice", "other"]:
    if name in mic_inputs(settings, state):
        return "mic"
    return "voice" if name in voice_inputs(settings, state) else "other"


def panic_filters(settings: ObsControllerSettings, state: StudioState) -> list[tuple[str, str]]:
    """(source, filter) of each filter that panic switches on; a source of "" was not found."""
    wanted = settings.obs_panic_filter.strip()
    if not wanted:
        return []
    found = [(source, wanted) for source, filters in state.filters.items() if wanted in filters]
    if found:
        return found
    source, colon, name = (part.strip() for part in wanted.partition(":"))
    return [(source, name)] if colon else [("", wanted)]


def nearest(name: str, known: Iterable[str]) -> str:
    """ " Did you mean 'Live'?", or what there is, or nothing."""
    there = list(known)
    lowered = {one.casefold(): one for one in there}
    close = difflib.get_close_matches(name.casefold(), lowered, n=3, cutoff=0.5)
    if close:
        return f" Did you mean {' or '.join(repr(lowered[one]) for one in close)}?"
    if not there:
        return ""
    listed = ", ".join(repr(one) for one in there[:8])
    return f" There are: {listed}{' and more' if len(there) > 8 else ''}."
