"""Shows the events, frame and why screens on a recording made by hand: for looking at them, and for pictures.

    python tests/screens/gallery_events.py [events | frame SEQ | why CHECK] [--rows N] [--live] [--ascii]

With --live, rows go on being written while one looks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from recordings import header, one_run, record  # noqa: E402

from tui_app.app import VigilApp  # noqa: E402
from tui_app.recording.fold import Fold  # noqa: E402
from tui_app.recording.reader import Reader  # noqa: E402
from tui_app.recording.writer import Writer  # noqa: E402
from tui_app.screens.view import View  # noqa: E402
from widgets.glyphs import use_ascii  # noqa: E402


def opened(path: Path, role: str = "opened") -> View:
    """A view on a recording, as the application makes it."""
    reader = Reader(path)
    fold = Fold(reader.header)
    while fold.catch_up(reader, 5000):
        pass
    view = View(state=fold.state, reader=reader, fold=fold, path=path, clock=lambda: datetime(2026, 11, 12, 17, 5, 7, tzinfo=UTC))
    view.role = role  # type: ignore[assignment]
    return view


class Growing:
    """A recording that goes on: runs are written by a thread until it is stopped."""

    def __init__(self, path: Path, rows: int) -> None:
        from recordings import Script, beginning, traffic

        self.script = Script()
        self.writer = Writer(path, header())
        self.stop = threading.Event()
        for row in beginning(self.script, 5):
            self.writer.append(row)
        for row in traffic(self.script, rows):
            self.writer.append(row)
        self.writer.flush()
        threading.Thread(target=self._go_on, daemon=True).start()

    def _go_on(self) -> None:
        number = 100_000
        while not self.stop.wait(0.2):
            number += 1
            for row in one_run(self.script, number, f"u{number % 5 + 1}"):
                self.writer.append(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("what", nargs="?", default="events")
    parser.add_argument("of", nargs="?", default="")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--file", type=Path, help="a recording to show instead")
    parser.add_argument("--ascii", action="store_true")
    options = parser.parse_args()
    use_ascii(options.ascii)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.vigil"
        growing = Growing(path, options.rows) if options.live else None
        if growing is None and options.file is None:
            record(path, options.rows)
        app = VigilApp(opened(options.file or path, "driving" if options.live else "opened"))

        def show() -> None:
            if options.what == "frame":
                app.go("events")
                app.open_frame(int(options.of or 1))
            elif options.what == "why":
                app.open_why(options.of or "isolation-frames")
            else:
                app.open_events(options.of)

        app.call_later(lambda: app.call_after_refresh(show))
        app.run(mouse=False)
        if growing is not None:
            growing.stop.set()
            growing.writer.close()


if __name__ == "__main__":
    main()
