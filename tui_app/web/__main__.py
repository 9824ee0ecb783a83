"""One browser's application: started by the server for each connection, and ended with it."""

from __future__ import annotations

import argparse
import contextlib
import sys


def main() -> int:
    """Run the application on what the server passes on: `--control`, or a session to watch, by default the newest."""
    from tui_app.app import AppStart, VigilApp
    from tui_app.recording.errors import RecordingError
    from tui_app.recording.sessions import find
    from tui_app.screens.session_link import SessionLink
    from tui_app.screens.watch_only import WatchOnly

    parser = argparse.ArgumentParser()
    parser.add_argument("--control", action="store_true")
    parser.add_argument("session", nargs="?")
    asked = parser.parse_args()
    entry = None
    if asked.session is not None or not asked.control:
        with contextlib.suppress(RecordingError):  # where there is no session yet, the first screen says so
            entry = find(asked.session)
    # No hidden prompt, no signals, no table on leaving: a browser has no terminal for any of them.
    link = SessionLink() if asked.control else WatchOnly()
    app = VigilApp(link=link, start=AppStart(attach=entry, read_only=not asked.control))
    result = app.run()
    return app.return_code or result or 0


if __name__ == "__main__":
    sys.exit(main())
