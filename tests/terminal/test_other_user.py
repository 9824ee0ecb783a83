"""Another user of the host, whom the group allows it, watches a session from its recording alone."""

from __future__ import annotations

import grp
import os
import pwd
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import Home
from tui_app.recording import sessions
from tui_app.recording.errors import RecordingError
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.sharing import group_id, group_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def as_nobody(gid: int, act: Callable[[], str], groups: bool = True) -> str:
    """What `act` says when nobody, a member of this group, does it."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([gid] if groups else [])
            os.setgid(pwd.getpwnam("nobody").pw_gid if gid != pwd.getpwnam("nobody").pw_gid else 1)
            os.setuid(pwd.getpwnam("nobody").pw_uid)
            said = act()
        except (OSError, RecordingError, sqlite3.Error) as error:
            said = f"refused: {error}"
        os.write(into, said.encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as found:
        said = found.read()
    os.waitpid(pid, 0)
    return said


def test_a_colleague_of_the_group_follows_and_nobody_else(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Live, with what is not yet in the main file; the control socket stays the owner's; without the group nothing can be read."""
    group = grp.getgrnam("users" if any(one.gr_name == "users" for one in grp.getgrall()) else "nogroup")
    shared = Path(str(tmp_path_factory.mktemp("shared")))
    for folder in (shared, *shared.parents[:3]):
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IXGRP)
    home.env["VIGIL_SHARED"] = str(shared)
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, home.env[name])
    run = home.start("run", "--target", "rehearsal", "--checks", "five-events", "--group", group.gr_name)
    assert run.stderr is not None
    line = next(line for line in run.stderr if "may watch" in line)
    recording = Path(line.split()[-1])
    assert group_of(recording) == group.gr_name and stat.S_IMODE(recording.stat().st_mode) == 0o640

    def follow() -> str:
        entry = sessions.entry_of(recording)
        with Reader(recording) as reader:
            fold = Fold(reader.header)
            while not fold.state.runs_total:
                fold.catch_up(reader)
            try:
                reader.annotate("mark", "not mine")
            except RecordingError as error:
                return f"{entry.alive} {fold.state.session} {error} control {os.access(entry.control or '', os.W_OK)}"
            return "annotated"

    said = as_nobody(group.gr_gid, follow)
    assert said.startswith(f"True {recording.stem} cannot annotate") and said.endswith("control False")
    assert "refused" in as_nobody(group.gr_gid, follow, groups=False)
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
