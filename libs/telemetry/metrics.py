"""Prometheus metrics of one worker: its counters, and the process itself."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import CounterMetricFamily

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9]+")


class Metrics:
    """What `GET /metrics` answers. The Prometheus library is loaded by the first request."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._registry: CollectorRegistry | None = None
        self._counters: Mapping[str, float] = {}

    def render(self, counters: Mapping[str, float]) -> tuple[bytes, str]:
        """The counters as `kitsu_<name>_total{module=…}` with CPU, memory and handles of the
        process: body and content type."""
        from prometheus_client import (
            CONTENT_TYPE_LATEST,
            CollectorRegistry,
            ProcessCollector,
            generate_latest,
        )

        if self._registry is None:
            self._registry = CollectorRegistry()
            ProcessCollector(registry=self._registry)
            self._registry.register(self)
        self._counters = counters
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def collect(self) -> Iterator["CounterMetricFamily"]:
        """Called by the registry."""
        from prometheus_client.core import CounterMetricFamily

        totals: dict[str, float] = {}
        for name, value in self._counters.items():
            fit = _NOT_IN_NAMES.sub("_", name).strip("_").lower() or "unnamed"
            totals[fit] = totals.get(fit, 0) + value
        for name, value in sorted(totals.items()):
            family = CounterMetricFamily(
                f"kitsu_{name}", f"Number of {name.replace('_', ' ')}", labels=["module"]
            )
            family.add_metric([self._module], value)
            yield family
