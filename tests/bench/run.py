"""All benches, one after the other, and one table of their figures: `python tests/bench/run.py [--quick] [--json FILE]`.

Each bench prints its own table, too; run one alone (with --help) to choose what it measures.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.bench import measured  # noqa: E402

QUICK = {
    "bench_accuracy": ["--quick"],
    "bench_cluster": ["--users", "40"],
    "bench_compare": ["--pairs", "2", "--planted", "1"],
    "bench_cost": ["--users", "50", "--rounds", "1"],
    "bench_recording": ["--rows", "100000"],
    "bench_reports": ["--frames", "100000"],
    "bench_scale": ["--quick"],
    "bench_sockets": ["--runs", "1", "--sockets", "50", "--seconds", "2"],
    "bench_stream": ["--rows", "100000"],
}


def figures(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a bench's document with its place in it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in measured.SINGLE:
                yield from figures(inner, f"{path}: {name}" if path else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from figures(inner, f"{path} [{number}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def main() -> int:
    """Run them; exit code 1 if one of them failed or missed its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller recordings and single runs: a look, not a measurement")
    parser.add_argument("--only", default="", metavar="BENCH,..", help="these, such as bench_cost")
    parser.add_argument("--options", default="", metavar="'--x ..'", help="options for the one bench that --only names")
    parser.add_argument(
        "--keep", nargs="?", const="", metavar="PART",
        help="keep the figures as the README's (tests/bench/measured.json); commands that measure a part of a bench each name theirs",
    )  # fmt: skip
    parser.add_argument("--json", metavar="FILE", help="write all documents here, by bench")
    asked = parser.parse_args()
    here = {path.stem: path for path in sorted(HERE.glob("bench_*.py"))}
    chosen = asked.only.split(",") if asked.only else list(here)
    if unknown := set(chosen) - set(here):
        parser.error(f"no bench {', '.join(sorted(unknown))}; there are {', '.join(here)}")
    if asked.options and len(chosen) != 1:
        parser.error("--options are those of one bench: name it with --only")
    if asked.keep is not None and asked.quick:
        parser.error("--quick is a look, and what is kept is a measurement: leave one of the two out")
    documents: dict[str, Any] = {}
    worst = 0
    for path in (here[name] for name in chosen):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "figures.json"
            options = shlex.split(asked.options) or (QUICK.get(path.stem, []) if asked.quick else [])
            print(f"== {path.stem}", file=sys.stderr, flush=True)
            done = subprocess.run([sys.executable, str(path), *options, "--json", str(target)], check=False)
            worst = max(worst, min(done.returncode, 1))
            if target.exists():
                documents[path.stem] = document = json.loads(target.read_text())
                if asked.keep is not None and done.returncode:
                    print(f"not kept: {path.stem} ended with exit code {done.returncode}", file=sys.stderr)
                elif asked.keep is not None:
                    command = shlex.join(["python", f"tests/bench/{path.name}", *options])
                    measured.keep(f"{path.stem} {asked.keep}".strip(), command, document)
    for name, document in documents.items():
        print(f"\n{name}")
        for what, number in figures(document):
            print(f"  {what:72}{number:>16,.3f}")
    if asked.json:
        Path(asked.json).write_text(json.dumps(documents, indent=1) + "\n")
    return worst


if __name__ == "__main__":
    sys.exit(main())
