"""Another user of the host, whom the group allows it, watches a session from its recording alone."""

from __future__ import annotations

import asyncio
import grp
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Home
from tui_app.engine import client
from tui_app.recording import sessions
from tui_app.recording.errors import RecordingError
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.sharing import group_id, group_of
from tui_app.screens.session_link import SessionLink, line_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

NOBODY = 65_534
assert client  # loaded while this process may still read where the interpreter lives


def as_nobody(gid: int, place: Path, act: Callable[[], str], groups: bool = True) -> str:
    """What `act` says when nobody, a member of this group, does it."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([gid] if groups else [])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
                os.environ[name] = str(place)
            said = act()
        except (OSError, AssertionError, RecordingError, sqlite3.Error) as error:
            said = f"refused: {error}"
        os.write(into, said.encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as found:
        said = found.read()
    os.waitpid(pid, 0)
    return said


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user of this host may pass through, as the tests' own is not."""
    found = Path(tempfile.mkdtemp(prefix="vigil-test-"))
    found.chmod(0o711)
    yield found
    shutil.rmtree(found)


def test_a_colleague_of_the_group_follows_and_nobody_else(home: Home, shared: Path) -> None:
    """Live, with what is not yet in the main file; the control socket stays the owner's; without the group nothing can be read."""
    group = next(one for one in grp.getgrall() if one.gr_gid not in (0, NOBODY))
    place = shared / "of nobody"
    place.mkdir(mode=0o700)
    os.chown(place, NOBODY, NOBODY)
    home.env["VIGIL_SHARED"] = str(shared)
    run = home.start("run", "--target", "rehearsal", "--checks", "five-events", "--group", group.gr_name)
    assert run.stderr is not None
    line = next(line for line in run.stderr if "may watch" in line)
    recording = Path(line.split()[-1])
    assert group_of(recording) == group.gr_name and stat.S_IMODE(recording.stat().st_mode) == 0o640

    def follow() -> str:
        entry = sessions.entry_of(recording)
        with Reader(recording) as reader:
            fold, link = Fold(reader.header), SessionLink()
            opened = asyncio.run(link.attach(line_of(entry)))
            assert not opened.commanding and not opened.viewer and link.alive()
            while not fold.state.runs_total:
                fold.catch_up(reader)
            try:
                reader.annotate("mark", "not mine")
            except RecordingError as error:
                return f"{entry.alive} {fold.state.session} {error} control {os.access(entry.control or '', os.W_OK)}"
            return "annotated"

    said = as_nobody(group.gr_gid, place, follow)
    assert said.startswith(f"True {recording.stem} cannot annotate") and said.endswith("control False")
    assert "refused" in as_nobody(group.gr_gid, place, follow, groups=False)
    listed = home.vigil("sessions").out
    assert f"group {group.gr_name} may watch: vigil attach {recording}" in listed
    assert listed.count(recording.stem + "  ") == 1, "one session, though its file is elsewhere"

    assert run.wait() == 0
    ended = sessions.find(recording.stem)
    assert ended.path == recording and ended.ended == "complete" and not ended.alive
    assert not recording.with_name(recording.name + "-wal").exists(), "one file to copy"


def test_a_group_that_is_none_is_said(home: Home) -> None:
    done = home.vigil("run", "--target", "rehearsal", "--checks", "sign-in", "--group", "no-such-group")
    assert done.code != 0 and "there is no group no-such-group" in done.err
    with pytest.raises(RecordingError, match="there is no group"):
        group_id("no-such-group")
