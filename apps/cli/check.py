"""One line of `kitsu doctor`."""

from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """`warn`: works, but less well; `fail`: does not work. `mend` is empty when all is well."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)
