"""`kitsu events`: the bus, for people who look inside."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import click

from apps.cli.failures import Failed
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import CliSettings, cli_settings
from libs.bus.base import Bus, BusError, Delivery
from libs.contracts.envelope import Event
from libs.contracts.streams import TOPICS, StreamClass, Topic

LOOK_SECONDS = 0.3
#: Entries looked back on at each look; more than can come in between is not shown.
LOOK_ENTRIES = 200

STORED = tuple(t for t in TOPICS if t.stream_class not in (StreamClass.LIVE, StreamClass.AUDIO))


@click.group()
def events_command() -> None:
    """Look at the bus: what travels on it, its schema, its dead letters."""


@events_command.command(epilog="\b\nExample:\n  kitsu events schema > asyncapi.json")
def schema() -> None:
    """Print the AsyncAPI 3 document of all events."""
    from libs.contracts.asyncapi import document

    print_json(document())


@events_command.command(
    epilog="\b\nExamples:\n  kitsu events tail\n  kitsu events tail --topic chat"
)
@click.option("--topic", type=click.Choice([t.name for t in STORED]), help="Only this stream.")
@click.option("-n", "count", type=click.IntRange(0, LOOK_ENTRIES), default=20, show_default=True)
@click.option("--once", is_flag=True, help="Show what is there and end.")
@click.option("--json", "as_json", is_flag=True, help="One event as JSON per line.")
def tail(topic: str | None, count: int, once: bool, as_json: bool) -> None:
    """Show events as they come, without taking them from anybody."""
    topics = tuple(t for t in STORED if topic in (None, t.name))
    with contextlib.suppress(KeyboardInterrupt):
        _on_bus(_Tail(topics, count, once, as_json).run)


@events_command.command(epilog="\b\nExample:\n  kitsu events dead --json")
@click.option("-n", "limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def dead(limit: int, as_json: bool) -> None:
    """List what could not be dealt with, newest first."""

    async def show(bus: Bus, settings: CliSettings) -> None:
        letters = await bus.dead_letters(limit)
        if as_json:
            print_json({"dead_letters": [_letter(letter) for letter in letters]})
        elif not letters:
            click.echo("There are no dead letters.")
        else:
            rows = [
                [d.entry_id, d.topic, d.tag, d.reason, f"{d.deliveries}x", d.group or "-"]
                for d in letters
            ]
            print_rows(rows, state_column=-1)
            click.echo("Again: kitsu events replay ID    Away with it: kitsu events discard ID")

    _on_bus(show)


@events_command.command(epilog="\b\nExample:\n  kitsu events replay 1795236000000-0")
@click.argument("entry_id")
def replay(entry_id: str) -> None:
    """Put the dead letter ENTRY_ID back on its stream."""

    async def again(bus: Bus, settings: CliSettings) -> None:
        if not await bus.replay_dead_letter(entry_id):
            raise Failed(f"There is no dead letter {entry_id}; list them with: kitsu events dead")
        click.echo(f"{entry_id} is on its stream again")

    _on_bus(again)


@events_command.command(epilog="\b\nExample:\n  kitsu events discard 1795236000000-0")
@click.argument("entry_id")
def discard(entry_id: str) -> None:
    """Remove the dead letter ENTRY_ID for good."""

    async def away(bus: Bus, settings: CliSettings) -> None:
        if not await bus.discard_dead_letter(entry_id):
            raise Failed(f"There is no dead letter {entry_id}; list them with: kitsu events dead")
        click.echo(f"{entry_id} is gone")

    _on_bus(away)


class _Tail:
    def __init__(self, topics: tuple[Topic, ...], count: int, once: bool, as_json: bool) -> None:
        self._topics = topics
        self._count = count
        self._once = once
        self._as_json = as_json
        self._seen: dict[str, deque[str]] = {t.name: deque(maxlen=LOOK_ENTRIES) for t in topics}

    async def run(self, bus: Bus, settings: CliSettings) -> None:
        first = await self._new(bus, settings.kitsu_show)
        for delivery in first[len(first) - self._count if self._count < len(first) else 0 :]:
            self._print(delivery)
        while not self._once:
            await asyncio.sleep(LOOK_SECONDS)
            for delivery in await self._new(bus, settings.kitsu_show):
                self._print(delivery)

    async def _new(self, bus: Bus, show: str) -> list[Delivery]:
        found = []
        for topic in self._topics:
            seen = self._seen[topic.name]
            for delivery in await bus.recent(topic, show, LOOK_ENTRIES):
                if delivery.entry_id not in seen:
                    seen.append(delivery.entry_id)
                    found.append(delivery)
        return sorted(found, key=lambda delivery: delivery.event.emitted_at)

    def _print(self, delivery: Delivery) -> None:
        from libs.telemetry.redaction import visible

        event = delivery.event
        if self._as_json:
            click.echo(event.model_dump_json(exclude={"raw"}))
            return
        own = set(type(event).model_fields) - set(Event.model_fields)
        fields = event.model_dump(mode="json", include=own)
        said = json.dumps(fields, ensure_ascii=False)
        turn = f" turn …{event.turn_id[-6:]}" if event.turn_id else ""
        click.echo(visible(f"{delivery.topic.name:<12} {event.type}{turn} {said}"[:400]))


def _letter(letter: Any) -> dict[str, Any]:
    return {
        "entry_id": letter.entry_id,
        "topic": letter.topic,
        "show": letter.show,
        "type": letter.tag,
        "reason": letter.reason,
        "deliveries": letter.deliveries,
        "group": letter.group,
        "died_at": letter.died_at,
        "event": letter.event_json,
    }


def _on_bus(work: Any) -> None:
    """Runs `work(bus, settings)` on this installation's bus."""
    settings = cli_settings()
    asyncio.run(_run(settings, work))


async def _run(settings: CliSettings, work: Any) -> None:
    async with _opened(settings) as bus:
        await work(bus, settings)


@contextlib.asynccontextmanager
async def _opened(settings: CliSettings) -> AsyncIterator[Bus]:
    from libs.bus.opening import connect

    if settings.kitsu_bus == "memory":
        raise Failed("With KITSU_BUS=memory the events stay inside the one process of `kitsu up`.")
    try:
        bus = connect(settings, f"cli@{settings.hostname}#0")
        await bus.open()
    except BusError as error:
        raise Failed(f"The bus cannot be reached: {error}") from None
    try:
        yield bus
    except BusError as error:
        raise Failed(f"The bus went away: {error}\nRun the same command again.") from None
    finally:
        await bus.close()
