"""Ports for servers of tests, that nobody else takes meanwhile."""

import itertools
import os
import random
import socket

#: Below the ports that systems give to outgoing connections.
_FIRST, _LAST = 20_000, 32_000


def _numbers() -> "itertools.chain[int]":
    """From a place of this process's own on; beside each other, tests have a part each."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if worker.isdigit():
        width = (_LAST - _FIRST) // 8
        first = _FIRST + int(worker) % 8 * width
        start, last = first, first + width
    else:
        first, last = _FIRST, _LAST
        start = random.randrange(first, last)
    return itertools.chain(range(start, last), itertools.cycle(range(first, last)))


_next = _numbers()


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now; each is given once until all were."""
    found: list[int] = []
    for port in _next:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            break
    return found


def free_port() -> int:
    return free_ports(1)[0]
