"""Loads twitchio, which takes a third of a second and 25 MB: only where Twitch is used."""

import importlib
import warnings


def load_twitchio() -> None:
    """Call before anything that imports it. It subclasses an aiohttp class that warns of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module("twitchio")
