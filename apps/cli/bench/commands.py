"""`kitsu bench …`."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import click

from apps.cli.bench.report import Report

Bench = Callable[[int, Path], Awaitable[Report]]


@click.group(name="bench")
def bench() -> None:
    """Measure the budgets on this machine.

    Each bench starts a whole show of its own (free ports, a folder that is removed afterwards),
    measures, and compares with a floor taken in the same run. Exit code 1: a budget is not met.

    \b
    Example:  kitsu bench turn --json
    """


def _run(work: Bench, amount: int, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="kitsu-bench-") as folder:
        report = asyncio.run(_measured(work, amount, Path(folder)))
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else report.as_text())
    sys.exit(0 if report.passed else 1)


async def _measured(work: Bench, amount: int, folder: Path) -> Report:
    return await work(amount, folder)


_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@bench.command()
@click.option("--turns", default=200, show_default=True, type=click.IntRange(10, 100_000))
@_as_json
def turn(turns: int, as_json: bool) -> None:
    """A typed line to the first audio chunk at the stage.

    With 300 turns or more it also compares the last tenth with the first:
    kitsu bench turn --turns 1500
    """
    from apps.cli.bench.turn import bench_turn

    _run(bench_turn, turns, as_json)


@bench.command()
@click.option("--rounds", default=50, show_default=True, type=click.IntRange(5, 10_000))
@click.option("--no-obs", is_flag=True, help="Leave OBS out, also where it is installed.")
@_as_json
def panic(rounds: int, no_obs: bool, as_json: bool) -> None:
    """The panic button to silence, and to muted and BRB in a real OBS: calm, in a chat flood,
    without orchestrator, without bus."""
    from apps.cli.bench.panic import bench_panic

    _run(partial(bench_panic, with_obs=not no_obs), rounds, as_json)


@bench.command()
@click.option("--rounds", default=30, show_default=True, type=click.IntRange(5, 10_000))
@_as_json
def interrupt(rounds: int, as_json: bool) -> None:
    """The order to stop, to the last sample that was heard; the order to pause, and to go on."""
    from apps.cli.bench.interrupt import bench_interrupt

    _run(bench_interrupt, rounds, as_json)


@bench.command()
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(5, 3_600))
@_as_json
def avatar(seconds: int, as_json: bool) -> None:
    """Frames a second at VTube Studio (a stand-in), for so long in each of its ways to answer; the
    mouth there beside the sound; how soon she moves again after all that can go wrong."""
    from apps.cli.bench.avatar import bench_avatar

    _run(bench_avatar, seconds, as_json)


@bench.command()
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(4, 10_000))
@_as_json
def bargein(rounds: int, as_json: bool) -> None:
    """A voice, or the talk key, over hers: to the last sample in a recording of the loudspeaker.

    Needs PulseAudio and faster-whisper; without them it says so and measures nothing.
    """
    from apps.cli.bench.bargein import bench_bargein

    _run(bench_bargein, rounds, as_json)


@bench.command()
@click.option("--cuts", default=200, show_default=True, type=click.IntRange(20, 100_000))
@_as_json
def heard(cuts: int, as_json: bool) -> None:
    """What was heard of a sentence that is cut, told from its sound alone: how many words off."""
    from apps.cli.bench.heard import bench_heard

    _run(bench_heard, cuts, as_json)


@bench.command()
@click.option("--seconds", default=30, show_default=True, type=click.IntRange(5, 3_600))
@_as_json
def idle(seconds: int, as_json: bool) -> None:
    """CPU and memory of the whole show while nothing happens, and its start-up time."""
    from apps.cli.bench.idle import bench_idle

    _run(bench_idle, seconds, as_json)


@bench.command()
@click.option("--turns", default=60, show_default=True, type=click.IntRange(5, 10_000))
@_as_json
def policy(turns: int, as_json: bool) -> None:
    """The last token of a sentence, to the judged sentence on the bus."""
    from apps.cli.bench.policy import bench_policy

    _run(bench_policy, turns, as_json)


@bench.command()
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(1, 100))
@_as_json
def kill(rounds: int, as_json: bool) -> None:
    """Each worker killed in mid-turn: what is lost, what is said twice, how soon it is back."""
    from apps.cli.bench.kill import bench_kill

    _run(bench_kill, rounds, as_json)


@bench.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100))
@_as_json
def gate(rounds: int, as_json: bool) -> None:
    """What the safety gate stops and lets pass on the corpora, and its time for a sentence."""
    from apps.cli.bench.gate import bench_gate

    _run(bench_gate, rounds, as_json)


@bench.command()
@click.option("--bursts", default=60, show_default=True, type=click.IntRange(10, 1_000))
@click.option("--character", default="kitsu", show_default=True)
@_as_json
def overlay(bursts: int, character: str, as_json: bool) -> None:
    """The drawn character in Chromium: her mouth against the sound, frame times, CPU.

    Needs Chromium and playwright (the dev extra); without them it says so and measures nothing.
    """
    from apps.cli.bench.overlay import bench_overlay

    _run(partial(bench_overlay, character=character), bursts, as_json)


@bench.command()
@click.option("--messages", default=10_000, show_default=True, type=click.IntRange(500, 200_000))
@_as_json
@click.option("--embedding-url", help="An Ollama server, instead of the stand-in.")
@click.option("--embedding-model", default="nomic-embed-text", show_default=True)
def memory(messages: int, as_json: bool, embedding_url: str | None, embedding_model: str) -> None:
    """What is recalled of a long show, by words and by meaning, how fast, and how much is kept."""
    from apps.cli.bench.memory import Model, bench_memory

    model = Model(embedding_url, embedding_model) if embedding_url else None
    _run(partial(bench_memory, model=model), messages, as_json)


@bench.command()
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(20, 600))
@_as_json
def flood(seconds: int, as_json: bool) -> None:
    """A thousand lines of chat a second: commands, freshness, memory, and a reason for each."""
    from apps.cli.bench.flood import bench_flood

    _run(bench_flood, seconds, as_json)


@bench.command()
@click.option("--lines", default=10_000, show_default=True, type=click.IntRange(500, 1_000_000))
@click.option(
    "--log",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A recorded chat log (JSON lines), instead of one that is made up.",
)
@_as_json
def floor(lines: int, log: Path | None, as_json: bool) -> None:
    """Who is answered in a busy chat, against first come, first served, and what a line costs."""
    from apps.cli.bench.chat_floor import bench_chat_floor

    _run(partial(bench_chat_floor, log=log.resolve() if log else None), lines, as_json)


@bench.command()
@click.option("--sentences", default=24, show_default=True, type=click.IntRange(2, 24))
@_as_json
def endpointing(sentences: int, as_json: bool) -> None:
    """Pauses inside sentences, and their ends: how often each strategy cuts off, how long it
    waits."""
    from apps.cli.bench.endpointing import bench_endpointing

    _run(bench_endpointing, sentences, as_json)
