"""An engine for tests that does as it is told, well or badly: `python -m` this."""

import os
import sys
import time

from libs.engine_host.child import HostError, Order, serve


def work(order: Order) -> dict[str, object]:
    match order.type:
        case "count":
            return {"bytes": len(order.payload), "sum": sum(order.payload)}
        case "sleep":
            end = time.monotonic() + order.data["seconds"]
            while time.monotonic() < end and order.wanted:
                time.sleep(0.01)
            return {"slept": order.wanted}
        case "refuse":
            raise HostError("too_hard", "no: \x1b[31mtoo hard")
        case "raise":
            raise ZeroDivisionError("of zero")
        case "die":
            order.tell(trying="the impossible")
            print("Aborted: no such device", file=sys.stderr, flush=True)
            os._exit(7)
        case "chatter":
            print("not for the parent")
            sys.stderr.write("x" * 200_000 + "\n" + "line\n" * 5_000)
            return {}
        case "environment":
            return {"names": sorted(os.environ), "path": sys.path, "pid": os.getpid()}
    return {}


def talk_nonsense() -> int:
    os.write(1, b"\xff\xfe{oops\n")
    time.sleep(60)
    return 0


def shout() -> int:
    """A line without end."""
    while True:
        os.write(1, b"x" * 65_536)


if __name__ == "__main__":
    ways = {"nonsense": talk_nonsense, "shout": shout}
    sys.exit(ways[sys.argv[1]]() if sys.argv[1:] else serve(work))
