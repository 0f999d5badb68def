"""Typed settings."""

from libs.settings.base import ROOT, SettingsError, ShowSettings, load

__all__ = ["ROOT", "SettingsError", "ShowSettings", "load"]
