"""The one form in which every bench gives its figures."""

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; `share` is 0..1."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def process_name(process: psutil.Process) -> str:
    """What a process of the show is, without paths: "apps.stage", "valkey-server"."""
    words = [word for word in process.cmdline() if word.startswith("apps.")]
    return words[0] if words else process.name()


def machine() -> dict[str, Any]:
    """What the figures were taken on, as far as they depend on it."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "platform": platform.platform(terse=True),
        "python": platform.python_version(),
        "load_average": round(psutil.getloadavg()[0], 2),
    }


@dataclass
class Figures:
    """Milliseconds of one thing that was measured many times."""

    values: list[float]

    def as_json(self) -> dict[str, float]:
        return {
            "p50": round(percentile(self.values, 0.5), 3),
            "p95": round(percentile(self.values, 0.95), 3),
            "p99": round(percentile(self.values, 0.99), 3),
            "max": round(max(self.values), 3),
        }


@dataclass
class Check:
    """A budget of the design, and what was found."""

    what: str
    limit: float
    found: float
    unit: str = "ms"

    @property
    def met(self) -> bool:
        return self.found <= self.limit


@dataclass
class Report:
    """The result of one bench."""

    bench: str
    figures: Figures | None = None
    floor_what: str = ""
    floor: Figures | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(check.met for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"bench": self.bench}
        if self.figures is not None:
            found |= {"n": len(self.figures.values), "unit": "ms", **self.figures.as_json()}
        if self.figures is not None and self.floor is not None:
            floor = self.floor.as_json()
            found["floor"] = {"what": self.floor_what, "p50": floor["p50"], "p95": floor["p95"]}
            found["ratio_p50"] = round(found["p50"] / floor["p50"], 2)
        return {
            **found,
            **self.counts,
            "parts": self.parts,
            "checks": [{**asdict(check), "met": check.met} for check in self.checks],
            "passed": self.passed,
            "machine": machine(),
            "notes": self.notes,
        }

    def as_text(self) -> str:
        """The same for people."""
        document = self.as_json()
        lines = [f"bench {self.bench}"]
        if self.figures is not None:
            shown = "  ".join(f"{key} {document[key]:g}" for key in ("p50", "p95", "p99", "max"))
            lines.append(f"  {document['n']} measured, ms: {shown}")
        if "floor" in document:
            floor = document["floor"]
            lines.append(
                f"  floor ({floor['what']}): p50 {floor['p50']:g}  p95 {floor['p95']:g}"
                f"  ratio {document['ratio_p50']:g}"
            )
        lines += [f"  {key}: {json.dumps(value)}" for key, value in self.counts.items()]
        lines += [f"  {key}: {json.dumps(value)}" for key, value in self.parts.items()]
        for check in self.checks:
            sign = "ok  " if check.met else "OVER"
            lines.append(
                f"  {sign} {check.what}: {check.found:g} (limit {check.limit:g} {check.unit})"
            )
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
