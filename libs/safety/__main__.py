"""`python -m libs.safety < lines.txt`: one verdict for each line, on the standard output.

A line is judged as a chat line that would be given to a model, and as a sentence that would be
said; the first of the two verdicts that does not let it pass counts (`--place` asks for one only).
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from libs.contracts.safety import GateAction, Verdict
from libs.safety.findings import Place
from libs.safety.gate import Gate
from libs.safety.rules import RulesError

#: In this order the places are asked.
EVERYWHERE: tuple[Place, ...] = ("input", "speech")


def verdicts(gate: Gate, lines: BinaryIO, places: Sequence[Place]) -> Iterator[Verdict]:
    """One verdict a line. Lines end with a line feed and nothing else; what is not UTF-8 in them is
    read as U+FFFD."""
    for raw in lines:
        text = raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", errors="replace")
        yield judged(gate, text, places)


def judged(gate: Gate, text: str, places: Sequence[Place]) -> Verdict:
    """The first verdict that does not let the text pass; where all do, the last one."""
    for place in places:
        verdict = gate.check(text, place)
        if verdict.action is not GateAction.ALLOW:
            break
    return verdict


def _as_json(number: int, verdict: Verdict) -> str:
    found = {
        "line": number,
        "action": verdict.action.value,
        "rule": verdict.rule,
        "category": verdict.category,
        "text": verdict.text,
        "ms": round(verdict.seconds * 1_000, 3),
    }
    return json.dumps(found, ensure_ascii=True)


def _as_line(number: int, verdict: Verdict) -> str:
    return f"{number:>6}  {verdict.action.value:<8} {verdict.rule}".rstrip()


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m libs.safety",
        description="Judges the lines of the standard input: one verdict for each line.",
        epilog="Example: python -m libs.safety --json < lines.txt",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each line")
    parser.add_argument(
        "--place",
        choices=("everywhere", "input", "speech", "chat_out", "operator"),
        default="everywhere",
        help="where the text would go: into a prompt (input), into sound (speech), into chat "
        "(chat_out), or said for the operator; everywhere: input and speech (the default)",
    )
    parser.add_argument(
        "--swearing", action="store_true", help="out of family mode: swearing passes, slurs do not"
    )
    parser.add_argument("--rules", type=Path, help="another folder than configs/safety")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """0: every line has its verdict; 1: the rules cannot be used."""
    options = _arguments(given)
    try:
        gate = Gate.load(family_mode=not options.swearing, folder=options.rules)
    except RulesError as error:
        print(error, file=sys.stderr)
        return 1
    places = EVERYWHERE if options.place == "everywhere" else (options.place,)
    shape = _as_json if options.json else _as_line
    for number, verdict in enumerate(verdicts(gate, sys.stdin.buffer, places), start=1):
        print(shape(number, verdict))
    return 0


if __name__ == "__main__":
    sys.exit(main())
