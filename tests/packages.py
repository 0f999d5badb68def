"""Packages that are not part of the base: a test that needs one skips where it is missing."""

from importlib.util import find_spec

from tests.conftest import need


def need_packages(*names: str) -> None:
    """In CI nothing is skipped for want of a package."""
    for name in names:
        need(find_spec(name) is not None, f"the package {name}")
