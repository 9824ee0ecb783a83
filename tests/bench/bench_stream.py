"""What looking at a long recording costs: opening, jumping, filtering, following, and the memory it takes.

    python tests/bench/bench_stream.py [--rows 1000000] [--size 160x45] [--json FILE]

The screens are the real ones, on a real file, drawn without a terminal. Times are medians in milliseconds with their worst,
from the key to the drawn rows; memory is the growth of the resident set while one looks.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "screens")]

from recordings import Script, header, one_run, record  # noqa: E402

from tui_app.app import VigilApp  # noqa: E402
from tui_app.recording.fold import Fold  # noqa: E402
from tui_app.recording.reader import Reader  # noqa: E402
from tui_app.recording.writer import Writer  # noqa: E402
from tui_app.screens.events import EventsScreen  # noqa: E402
from tui_app.screens.view import View  # noqa: E402


def resident_mib() -> float:
    """The resident set of this process, MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Figures:
    """Times by what was done, in the order of the first."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.facts: dict[str, float] = {}

    def time(self, name: str, action: Callable[[], object]) -> None:
        """Do it and note how long it took."""
        begun = time.perf_counter()
        action()
        self.times.setdefault(name, []).append((time.perf_counter() - begun) * 1000)

    def document(self) -> dict[str, Any]:
        """Everything, for --json."""
        times = {
            name: {"n": len(values), "median_ms": round(statistics.median(values), 2), "worst_ms": round(max(values), 2)}
            for name, values in self.times.items()
        }
        return {"times": times, **{name: round(value, 2) for name, value in self.facts.items()}}


def drawn(screen: EventsScreen) -> None:
    """Draw every line of the stream, as the compositor does."""
    for y in range(screen.stream.size.height):
        screen.stream.render_line(y)


def look(screen: EventsScreen, query: str) -> None:
    """Apply a filter and draw what there is at once."""
    screen.look(query)
    drawn(screen)


def search(screen: EventsScreen, query: str) -> None:
    """Apply a filter and go on until the search is over."""
    screen.look(query)
    while screen.stream.view.searching:
        screen.tick()
    drawn(screen)


async def measure(path: Path, script: Script, width: int, height: int) -> Figures:
    """Look at the recording in every way there is."""
    figures = Figures()
    reader = Reader(path)
    figures.facts["rows"] = reader.head()
    fold = Fold(reader.header)

    def catch_up() -> None:
        while fold.catch_up(reader, 5000):
            pass

    figures.time("fold the state rows (once)", catch_up)
    view = View(state=fold.state, reader=reader, fold=fold, path=path)
    view.role = "watching"
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(width, height)) as pilot:
        begun = time.perf_counter()
        app.go("events")
        while not isinstance(app.screen, EventsScreen) or not app.screen.stream.size.height:  # noqa: ASYNC110
            await asyncio.sleep(0)  # nothing tells that the first layout is done
        screen = app.screen
        screen.pulse()
        drawn(screen)
        figures.times["open the events screen"] = [(time.perf_counter() - begun) * 1000]
        await pilot.pause()
        gc.collect()
        before = resident_mib()
        total = reader.head()
        for part in range(1, 20):
            seq = total * part // 20
            figures.time("jump to a row", lambda seq=seq: (screen.stream.go_to(seq), drawn(screen)))
        for part in range(1, 20):
            t = script.t * part // 20
            figures.time("jump to a time", lambda t=t: (screen.stream.go_to(reader.at_time(t)), drawn(screen)))
        screen.stream.go_to(total // 2)
        for _ in range(500):
            figures.time("a page up", lambda: (screen.stream.action_page(-1), drawn(screen)))
        screen.stream.action_follow()
        for user in range(1, 6):
            figures.time("filter by user", lambda user=user: look(screen, f"user:u{user}"))
        for query in ("type:agent_completed", "dir:in >10ms", "flag:foreign", "kind:finding"):
            figures.time("another filter, first answer", lambda query=query: look(screen, query))
        figures.time("a text that is nowhere, to the end", lambda: search(screen, '"there is no such text"'))
        screen.look("user:u3")
        screen.stream.go_to(total // 2)
        figures.time("jump in a filtered stream", lambda: (screen.stream.go_to(total // 4), drawn(screen)))
        screen.look("")
        screen.stream.action_follow()
        figures.facts["held_rows"] = len(screen.stream.view.rows)
        figures.facts["rss_growth_looking_mib"] = resident_mib() - before
        await follow(path, script, screen, figures)
        figures.facts["rss_growth_mib"] = resident_mib() - before
        figures.facts["rss_mib"] = resident_mib()
    reader.close()
    return figures


async def follow(path: Path, script: Script, screen: EventsScreen, figures: Figures) -> None:
    """Let the file grow by about a hundred rows between two looks, a thousand rows a second at 10 Hz."""
    more = path.with_name("tail.vigil")
    writer = Writer(more, header())
    record_of = Reader(more)
    tail = Script()
    from tui_app.screens.row_source import RowSource

    number = 0
    for turn in range(300):
        for _ in range(11):
            number += 1
            for row in one_run(tail, number, f"u{number % 5 + 1}"):
                writer.append(row)
        writer.flush()
        if turn == 0:
            screen.stream.change(RowSource(record_of))
        figures.time("a look that finds 100 new rows", lambda: (screen.stream.tick(), drawn(screen)))
        figures.time("a look that finds nothing new", lambda: (screen.stream.tick(), drawn(screen)))
    record_of.close()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--size", default="160x45")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    width, height = (int(part) for part in options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.vigil"
        script = record(path, options.rows, end=False)
        figures = asyncio.run(measure(path, script, width, height))
        figures.facts["file_mib"] = path.stat().st_size / 2**20
    document = figures.document()
    print(f"{'what':<38}{'n':>5}{'median ms':>12}{'worst ms':>12}")
    for name, values in document["times"].items():
        print(f"{name:<38}{values['n']:>5}{values['median_ms']:>12,.1f}{values['worst_ms']:>12,.1f}")
    for name, value in document.items():
        if name != "times":
            print(f"{name:<38}{'':>5}{value:>12,.1f}")
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
