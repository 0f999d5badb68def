"""What the rules take in each process that judges: several of a show do."""

import gc
import tracemalloc

from libs.safety.gate import RULES, Gate
from libs.safety.rules import load_rules

#: Thousands of phrases are kept as their lines. Read into words and sets they took twice as much.
MOST_MB = 16.0


def test_the_shipped_rules_stay_small() -> None:
    tracemalloc.start()
    try:
        gate = Gate(load_rules(RULES))
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert gate.check("a text").text == "a text"
    assert held / 2**20 < MOST_MB, f"{held / 2**20:.1f} MB"
