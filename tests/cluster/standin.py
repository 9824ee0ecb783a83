"""In an engine's place: says a numbered line every 50 ms, echoes what it is told, ends with its standard input.

Its order: {"lines": N, "secret": ...}: after N lines it waits for the end of its input. It never says the secret, only its length.
{"deaf": true}: it reads nothing more, so that only a signal ends it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time


def main() -> None:
    order = json.loads(sys.stdin.readline())
    lock = threading.Lock()

    def say(**told: object) -> None:
        with lock:
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()

    say(pid=os.getpid(), length=len(order["secret"]))

    def lines() -> None:
        for number in range(order["lines"]):
            say(line=number, pad="x" * order.get("pad", 0))
            time.sleep(0.05)
        say(done=order["lines"])

    threading.Thread(target=lines, daemon=True).start()
    if order.get("deaf"):
        threading.Event().wait()
    for told in sys.stdin:
        if json.loads(told).get("crash"):
            os._exit(3)
        say(told=json.loads(told))


if __name__ == "__main__":
    main()
