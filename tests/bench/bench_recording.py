"""What a recording of a million rows costs: `python tests/bench/bench_recording.py [--rows N] [--json FILE]`.

Prints the median of five of each figure. Builds the recording with the real writer in a temporary folder.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tui_app.model import CRITICAL_EVENTS, SECOND, Row
from tui_app.recording.fold import Fold
from tui_app.recording.query import parse
from tui_app.recording.reader import Reader
from tui_app.recording.secrets import Vault
from tui_app.recording.writer import Writer

REPEAT = 5
USERS = 50


def traffic(n: int) -> Iterator[Row]:
    """Rows as a session makes them: nineteen of twenty are frames, of 50 users; one user speaks only once, in the middle."""
    rng = random.Random(1)
    words = " ".join(f"word{i}" for i in range(40))
    for seq in range(1, n + 1):
        user = f"u{rng.randrange(USERS) + 1}" if seq != n // 2 else "rare"
        run = f"{seq // 400:08x}-5c1e"
        t = seq * SECOND // 5_000
        kind = rng.random()
        if kind < 0.95:
            type = rng.choice(CRITICAL_EVENTS)
            cut = rng.randrange(100, 240)
            text = (
                f'{{"type":"{type}","data":{{"run_id":"{run}","thread_id":"t-{seq // 4000}","user_id":"{user}","text":"{words[:cut]}"}}}}'
            )
            yield Row(seq, t, "frame", "", user, seq % 60, "in", type, run, f"t-{seq // 4000}", None, "", len(text), text)
        elif kind < 0.96:
            yield Row(seq, t, "http", "", user, 0, "in", "200", ms=12.5, text='{"path":"/api/threads","body":"[]"}')
        elif kind < 0.97:
            yield Row(seq, t, "clock")
        elif kind < 0.99:
            yield Row(
                seq, t, "sample", "", user, 0, "", rng.choice(["ping", "connect", "run"]), ms=rng.lognormvariate(2, 1), text='{"ref":[1,2]}'
            )
        elif kind < 0.995:
            yield Row(seq, t, "run", "", user, 0, "", "", run, ms=900.0, text='{"lamps":"sssss","state":"ok"}')
        elif kind < 0.9999:
            body = f'{{"source":"{user}","observer":"u{rng.randrange(USERS) + 1}","probes":{seq},"leaks":0,"state":"clean"}}'
            yield Row(seq, t, "cell", "", user, text=body)
        else:
            yield Row(seq, t, "finding", "events", user, flag="minor", text='{"text":"late","evidence":[[1,5]]}')


def timed(do: Callable[[], object], unit: float = 1e3) -> tuple[float, object]:
    start = time.perf_counter()
    result = do()
    return (time.perf_counter() - start) * unit, result


def median(do: Callable[[], object], unit: float = 1e3) -> float:
    return statistics.median(timed(do, unit)[0] for _ in range(REPEAT))


def fold_all(path: Path) -> int:
    with Reader(path) as reader:
        fold = Fold(reader.header)
        total = 0
        while n := fold.catch_up(reader):
            total += n
        return total


def visible(folder: Path) -> float:
    """Milliseconds from an append until a reader sees it."""
    writer = Writer(folder / "live.vigil", {})
    times = []
    with Reader(writer.path) as reader:
        for seq in range(1, 12):
            start = time.perf_counter()
            writer.append(Row(seq, seq, "clock"))
            while reader.head() < seq:
                time.sleep(0.001)
            times.append((time.perf_counter() - start) * 1e3)
    writer.close()
    writer.path.unlink()
    return statistics.median(times)


def peak_mb(path: Path) -> float:
    """Growth of the peak memory of a process that reads all of it: folded, windowed, filtered and iterated."""
    run = subprocess.run([sys.executable, __file__, "--read", str(path)], capture_output=True, text=True, check=True)
    return float(run.stdout)


def resident_mb() -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0


def read(path: Path) -> None:
    before = resident_mb()
    fold_all(path)
    with Reader(path) as reader:
        for share in range(100):
            reader.window(reader.at_fraction(share / 100), 50, 50)
        reader.count(parse("user:u3"), budget=60)
        for _ in reader.rows():
            pass
    print(resident_mb() - before)


def clean_us(passwords: bool) -> float:
    vault = Vault()
    for user in range(USERS):
        vault.add("access", f"u{user}", f"eyJhbGciOiJIUzI1NiJ9.{user:060d}.{user:043d}")
        if passwords:
            vault.add(
                "password",
                f"u{user}",
                "".join(random.Random(user).choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=20)),
            )
    frames = [row.text for row in traffic(2_000) if row.kind == "frame"]
    return median(lambda: [vault.clean(text) for text in frames], 1e6) / len(frames)


def build(path: Path, rows: int) -> tuple[Writer, list[float]]:
    """The recording, and the rows per second of each fifth of it; the rows are made before they are timed."""
    writer = Writer(path, {"session": "0123456789ab"})
    made = traffic(rows)
    rates = []
    for _ in range(REPEAT):
        spent, count = 0.0, 0
        while count < rows // REPEAT:
            part = list(itertools.islice(made, min(100_000, rows // REPEAT - count)))
            start = time.perf_counter()
            for row in part:
                writer.append(row)
            writer.flush(within=60)
            spent += time.perf_counter() - start
            count += len(part)
        rates.append(count / spent)
    return writer, rates


def looked_at(path: Path, user: str) -> list[tuple[str, float, str]]:
    """What each way to look at a recording takes, with its unit; `user` is one of many whose frames are all over it."""
    theirs = parse(f"user:{user}")

    def opened() -> None:
        with Reader(path) as reader:
            reader.window(reader.head() + 1, 50, 0)

    figures = [("open, and show the end", median(opened), "ms")]
    with Reader(path) as reader:
        head = reader.head()
        middle = reader.at_fraction(0.5)
        anywhere = [timed(lambda at=place / 50: reader.window(reader.at_fraction(at), 25, 25))[0] for place in range(50)]  # type: ignore[misc]
        figures += [
            ("jump to one of 50 places, 50 rows", statistics.median(anywhere), "ms"),
            ("jump, the slowest of 50", max(anywhere), "ms"),
            ("filter by user, first page", median(lambda: reader.window(1, 0, 50, theirs)), "ms"),
            ("filter by user, page in the middle", median(lambda: reader.window(middle, 25, 25, theirs)), "ms"),
            ("filter kind:finding, page in the middle", median(lambda: reader.window(middle, 25, 25, parse("kind:finding"))), "ms"),
            ("filter, no match: first answer (budget 50 ms)", median(lambda: reader.window(middle, 25, 25, parse("user:nobody"))), "ms"),
            ("filter, no match: whole recording", median(lambda: reader.count(parse("user:nobody"), budget=600)), "ms"),
            ("filter by text, no match: whole recording", median(lambda: reader.count(parse('"nobody said this"'), budget=600)), "ms"),
            (
                "follow at the end, one tick",
                median(lambda: (reader.head(), reader.window(head + 1, 50, 0), reader.state_rows(head, 500))),
                "ms",
            ),
            ("follow at the end, filtered", median(lambda: reader.window(head + 1, 50, 0, theirs)), "ms"),
            ("rate of the last second", median(lambda: reader.rate(1.0)), "ms"),
        ]
        seconds = median(lambda: sum(1 for _ in reader.rows())) / 1e3
        figures.append(("iterate all rows: rows/s", head / seconds, ""))
    return figures


def measure(rows: int, folder: Path) -> list[tuple[str, float, str]]:
    path = folder / "bench.vigil"
    writer, rates = build(path, rows)
    closing, _ = timed(writer.close)
    frames = [row for row in traffic(20_000) if row.kind == "frame"]
    figures: list[tuple[str, float, str]] = [
        ("write: rows/s", statistics.median(rates), ""),
        ("write: end, into one file", closing, "ms"),
        ("size", path.stat().st_size / 2**20, "MiB"),
        ("write: append until a viewer sees it", visible(folder), "ms"),
    ]
    idle = Writer(folder / "idle.vigil", {})
    figures.append(("write: append, cost to the caller", median(lambda: [idle.append(row) for row in frames], 1e6) / len(frames), "us"))
    idle.close()

    figures += looked_at(path, "u3")
    with Reader(path) as reader:
        figures.append(("find the one row of a user", median(lambda: reader.first(parse("user:rare"), budget=600)), "ms"))
    spent = median(lambda: fold_all(path))
    figures += [
        ("fold from the start", spent, "ms"),
        ("fold: state rows/s", fold_all(path) / spent * 1e3, ""),
        ("memory: reading all of it adds", peak_mb(path), "MiB"),
        ("clean a frame, 50 users' tokens", clean_us(False), "us"),
        ("clean a frame, and 50 passwords", clean_us(True), "us"),
    ]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        read(given.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(given.rows, Path(folder))
    print(f"{given.rows:,} rows, medians of {REPEAT}")
    for name, value, unit in figures:
        print(f"{name:<48}{value:>14,.{0 if value >= 1000 else 2}f} {unit}")
    if given.json:
        given.json.write_text(
            json.dumps({"rows": given.rows, "figures": {name: {"value": value, "unit": unit} for name, value, unit in figures}}, indent=1)
        )


if __name__ == "__main__":
    main()
