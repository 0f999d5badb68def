"""Names that are told to everybody: each once, and never more than everybody can keep."""

from apps.avatar_controller.told_names import MAXIMUM_BYTES, told_names
from libs.contracts.avatar import MAXIMUM_NAMES


def test_usual_names_are_all_told_each_once() -> None:
    names = [f"Toggle a thing {number:03d}" for number in range(MAXIMUM_NAMES)]
    assert told_names([*names, *names]) == tuple(names)


def test_of_very_many_or_very_long_names_some_are_told() -> None:
    assert len(told_names(f"{number}" for number in range(10_000))) == MAXIMUM_NAMES
    for letter in ("x", "笑"):
        told = told_names(f"{number}".ljust(200, letter) for number in range(MAXIMUM_NAMES))
        assert 0 < sum(len(name.encode()) for name in told) <= MAXIMUM_BYTES
