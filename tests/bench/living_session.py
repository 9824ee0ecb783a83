"""Writes a living session at a rate of rows a second: `python tests/bench/living_session.py RATE SECONDS`; rate 0: silence.

Says a word on standard output once the session can be watched. Rows are made before they are due, so that the rate is kept.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "screens")]

from recordings import Script, beginning, header, one_run  # noqa: E402

from tui_app.model import Row  # noqa: E402
from tui_app.recording import sessions  # noqa: E402
from tui_app.recording.writer import Writer  # noqa: E402

USERS = 5
TICK_S = 0.02


def traffic(script: Script) -> Iterator[Row]:
    """Runs, each with its samples; a cell of the matrix after each eighth."""
    for number in itertools.count(1):
        user = f"u{script.random.randint(1, USERS)}"
        yield from one_run(script, number, user)
        for name, middle in (("ping", 2.0), ("first_event", 40.0), ("run", 1900.0)):
            yield script.row("sample", user=user, type=name, ms=middle * script.random.lognormvariate(0, 0.3), text='{"ref":[1,2]}')
        if number % 8 == 0:
            other = f"u{script.random.randint(1, USERS)}"
            facts = {"source": user, "observer": other, "probes": number // 8, "leaks": 0, "state": "clean", "evidence": []}
            yield script.row("cell", user=other, text=json.dumps(facts))


def main() -> None:
    rate, seconds = int(sys.argv[1]), float(sys.argv[2])
    script = Script()
    begun = 0.0
    session = sessions.new_session()
    held = sessions.claim(session)
    # Nobody answers commands: the session is there to be watched.
    facts = json.loads(held.paths.lock.read_text())
    held.paths.lock.write_text(json.dumps(facts | {"control": ""}))
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    writer = Writer(held.paths.recording, header() | {"session": session, "started": started})
    made = traffic(script)
    opening = [*beginning(script, USERS), *itertools.islice(made, 200)]
    waiting = deque(itertools.islice(made, min(rate * 4, 40_000)))
    begun = time.monotonic()

    def put(row: Row) -> None:
        writer.append(msgspec.structs.replace(row, t=int((time.monotonic() - begun) * 1e9)))

    for row in opening:
        put(row)
    writer.flush()
    print("begun", flush=True)
    done = 0
    while (now := time.monotonic() - begun) < seconds:
        due = int(now * rate) - done
        for _ in range(due):
            put(waiting.popleft() if waiting else next(made))
        done += due
        time.sleep(TICK_S)
    writer.close()
    held.release()


if __name__ == "__main__":
    main()
