"""A link that only watches has no hands, whatever a screen asks of it."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Home
from tui_app.recording import sessions
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.screens.link import Choice, line_of
from tui_app.screens.session_link import LinkError
from tui_app.screens.watch_only import WatchOnly


async def test_it_starts_commands_and_notes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, home.env[name])
    link, before = WatchOnly(), sessions.list_sessions()
    for refused in (
        link.start(Choice("rehearsal", ("ws-connect",), "quick", 2)), link.command("stop"), link.command("take"),
        link.sign_in("u1", prompt=False),
    ):  # fmt: skip
        with pytest.raises(LinkError, match="read-only"):
            await refused
    with pytest.raises(LinkError, match="read-only"):
        link.describe(str(home.folder / "secret.toml"))
    monkeypatch.setenv("VIGIL_KEEP_SESSIONS", "0")
    assert link.retain() == "" and len(sessions.list_sessions()) == len(before)
    with pytest.raises(LinkError, match="read-only"):
        link.pin(line_of(before[0]), kept=True)
    opened = await link.attach(line_of(before[0]))
    assert opened.sealed and not opened.commanding
    with Reader(opened.recording, sealed=opened.sealed) as reader, pytest.raises(RecordingError, match="read-only"):
        reader.annotate("mark", "x")
    assert len(sessions.list_sessions()) == len(before)
    await link.close()
