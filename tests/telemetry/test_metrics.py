"""Metrics as Prometheus reads them."""

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from libs.telemetry.metrics import Metrics


def test_counters_are_told_under_kitsu_names_with_their_module() -> None:
    body, content_type = Metrics("stage").render(Counter(handled=3, dropped_stale=1))

    assert content_type.startswith("text/plain")
    families = {f.name: f for f in text_string_to_metric_families(body.decode())}
    assert families["kitsu_handled"].samples[0].value == 3
    assert families["kitsu_handled"].samples[0].labels == {"module": "stage"}
    assert families["kitsu_dropped_stale"].samples[0].value == 1


def test_a_later_reading_tells_the_later_values() -> None:
    metrics, counters = Metrics("stage"), Counter(handled=1)
    metrics.render(counters)
    counters["handled"] = 2
    assert b'kitsu_handled_total{module="stage"} 2.0' in metrics.render(counters)[0]


def test_a_counter_named_by_a_stranger_cannot_break_the_format() -> None:
    body, _ = Metrics("stage").render({'error_"}\n# evil': 1, "": 2, "error___evil": 3})
    families = {f.name for f in text_string_to_metric_families(body.decode())}
    assert {"kitsu_error_evil", "kitsu_unnamed"} <= families
