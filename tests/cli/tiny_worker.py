"""A worker in miniature, for tests of the supervisor: answers `GET /ready`, leaves when its
standard input closes.

    tiny_worker.py NAME PORT [--deaf] [--die-after SECONDS] [--exit-code N] [--say TEXT]
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("port", type=int)
    parser.add_argument("--deaf", action="store_true", help="ignores its input and SIGTERM")
    parser.add_argument("--die-after", type=float)
    parser.add_argument("--exit-code", type=int, default=1)
    parser.add_argument("--say", default="")
    options = parser.parse_args()
    if options.say:
        print(options.say, flush=True)
    if options.die_after == 0:
        sys.exit(options.exit_code)
    if options.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        threading.Thread(target=leave_with_supervisor, daemon=True).start()
    if options.die_after:
        threading.Timer(options.die_after, os._exit, (options.exit_code,)).start()
    serve(options.name, options.port)


def leave_with_supervisor() -> None:
    while os.read(0, 64):
        pass
    os._exit(0)


def serve(name: str, port: int) -> None:
    if not port:
        time.sleep(3600)

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"module": name, "ready": True, "state": "ready"}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Says nothing."""

    HTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    main()
