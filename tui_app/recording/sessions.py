"""The sessions of this user: which there are, which are alive, how each ended.

A session is alive as long as its engine holds the lock on `<session>.lock` beside the recording. The lock ends with the
process, however it ends, so a process id that somebody else has by now never makes a dead session look alive.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Final

import msgspec

from tui_app.model import SECOND
from tui_app.recording.beside import is_pinned, size_of
from tui_app.recording.errors import RecordingError
from tui_app.recording.fold import Fold
from tui_app.recording.places import SUFFIX, Paths, new_paths, new_session, runtime_dir, sessions_dir, state_dir
from tui_app.recording.reader import Reader
from tui_app.recording.sharing import let_read
from tui_app.recording.state import SessionState

__all__ = [
    "Claim", "Paths", "SessionEntry", "alive", "claim", "find", "holder", "list_sessions", "new_paths", "new_session",
    "runtime_dir", "sessions_dir", "state_dir",
]  # fmt: skip

INTERRUPTED: Final = "interrupted"
_CLAIM_TRIES: Final = 20


class Holder(msgspec.Struct, frozen=True):
    """Who runs a session: process id, when that process started (epoch seconds), where it listens, and what it writes."""

    pid: int
    started: float
    control: str
    recording: str = ""


class SessionEntry(msgspec.Struct, frozen=True):
    """A session as `vigil sessions` lists it.

    `ended` is '' while it runs, or complete, stopped, interrupted (its engine died without an end row) or fault.
    `word` is the verdict, or the verdict so far. `pid` and `control` are 0 and None unless it is alive. `problem`
    says why the recording cannot be read; the other facts are then missing. `seconds` is how long it has gone on, `parent`
    the session that it reruns or '', `size` the bytes of the recording and of what stands beside it,
    `environment` what its target is, such as rehearsal or staging.
    """

    session: str
    path: Path
    started: str = ""
    target: str = ""
    alive: bool = False
    pid: int = 0
    control: Path | None = None
    word: str = ""
    ended: str = ""
    problem: str = ""
    build: str = ""
    seconds: float = 0.0
    parent: str = ""
    size: int = 0
    pinned: bool = False
    environment: str = ""


class Claim:
    """The engine's hold on its session. Keep it until the end; `release` gives it up and removes the lock file."""

    def __init__(self, fd: int, paths: Paths, beside: tuple[int, Path] | None = None) -> None:
        self._fd = fd
        self.paths = paths
        self._beside = beside

    def release(self) -> None:
        """End the claim; may be called twice."""
        if self._fd >= 0:
            self.paths.lock.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1
            if self._beside is not None:
                self._beside[1].unlink(missing_ok=True)
                os.close(self._beside[0])


def claim(session: str, recording: Path | None = None, gid: int | None = None) -> Claim:
    """Take a session for this process; `recording` is its file where that is not the usual one.

    gid -- a group that may watch: beside the recording it finds a lock of its own, which tells whether the session goes on

    Raises RecordingError where another engine runs it.
    """
    paths = new_paths(session)
    for _ in range(_CLAIM_TRIES):
        fd = os.open(paths.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            # Somebody may only be looking whether it is held.
            time.sleep(0.01)
            continue
        facts = Holder(os.getpid(), _process_start(), str(paths.control), str((recording or paths.recording).absolute()))
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(facts), 0)
        return Claim(fd, paths, _lock_beside(recording, facts, gid) if recording is not None and gid is not None else None)
    who = holder(session)
    raise RecordingError(
        f"session {session} is running already", f"process {who.pid} has it" if who else "another process has it", "use `vigil attach`"
    )


def _lock_beside(recording: Path, facts: Holder, gid: int) -> tuple[int, Path]:
    lock = _lock_of(recording)
    fd = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.pwrite(fd, msgspec.json.encode(facts), 0)
    let_read(lock, gid)
    return fd, lock


def _lock_of(recording: Path) -> Path:
    return recording.with_name(recording.name.removesuffix(SUFFIX) + ".lock")


def holder(session: str) -> Holder | None:
    """Who runs the session now, None where nobody does."""
    return _holder_of(sessions_dir() / f"{session}.lock")


def alive(session: str, recording: Path | None = None) -> bool:
    """Whether an engine runs the session now; of another user's by its recording, which that user shares."""
    return holder(session) is not None or (recording is not None and _holder_of(_lock_of(recording.resolve())) is not None)


def _holder_of(lock: Path) -> Holder | None:
    try:
        fd = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Shared, so that two who look at once don't take each other for the engine.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        with contextlib.suppress(msgspec.DecodeError, OSError):
            return msgspec.json.decode(os.pread(fd, 4096, 0), type=Holder)
        return Holder(0, 0.0, "")
    finally:
        os.close(fd)


def _process_start() -> float:
    """When this process started, epoch seconds; 0 where the system does not tell."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return round(time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK"), 2)
    except (OSError, ValueError, IndexError):
        return 0.0


def list_sessions() -> list[SessionEntry]:
    """Every session of this user, newest first, and those that now record elsewhere.

    A file that cannot be read is listed with its `problem`, never skipped.
    """
    home = sessions_dir()
    held = [who for lock in home.glob("*.lock") if (who := _holder_of(lock)) is not None and who.recording]
    usual = (path.resolve() if path.is_symlink() else path for path in home.glob(f"*{SUFFIX}"))
    paths = {*usual, *(path for who in held if (path := Path(who.recording)).is_file())}
    entries = [entry_of(path) for path in paths]
    return sorted(entries, key=lambda entry: (entry.started or _changed(entry.path), entry.session), reverse=True)


def entry_of(path: Path) -> SessionEntry:
    """What is known of the session in this file."""
    session = path.name.removesuffix(SUFFIX)
    problem = ""
    state = SessionState()
    pinned = False
    try:
        with Reader(path) as reader:
            session = reader.header.get("session") or session
            pinned = is_pinned(reader.annotations())
            fold = Fold(reader.header)
            # Asked before the rows are read: an engine that ends in between has then written its end.
            who = _holder_of_file(session, path)
            for row in reader.rows(kinds=("session", "target", "verdict", "result")):
                fold.apply(row)
            state = fold.state
            last = reader.row(reader.head())
            state.t = max(state.t, last.t if last is not None else 0)
    except RecordingError as error:
        who = _holder_of_file(session, path)
        problem = str(error)
    ended = (state.end_reason or "complete") if state.ended else ("" if who else INTERRUPTED)
    # What a dead engine did not live to ask is open: only a failure is certain.
    word = "INCONCLUSIVE" if ended == INTERRUPTED and state.word != "FAIL" and not problem else state.word
    return SessionEntry(
        session, path, state.started, state.target, who is not None, who.pid if who else 0,
        Path(who.control) if who and who.control else None, word, ended, problem,
        build=state.build, seconds=round(state.t / SECOND, 3), parent=state.parent, size=size_of(path), pinned=pinned,
        environment=state.environment,
    )  # fmt: skip


def _holder_of_file(session: str, path: Path) -> Holder | None:
    """Who writes this very file: a copy of a live recording is not alive."""
    who = holder(session) or _holder_of(_lock_of(path.resolve()))
    return who if who is None or not who.recording or Path(who.recording).resolve() == path.resolve() else None


def _changed(path: Path) -> str:
    with contextlib.suppress(OSError):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime))
    return ""


def find(prefix: str | None = None) -> SessionEntry:
    """The session whose id begins so, or that is in this file; None: the newest. Raises RecordingError unless there is exactly one."""
    if prefix and (prefix.endswith(SUFFIX) or os.sep in prefix):
        path = Path(prefix).expanduser()
        if not path.is_file():
            raise RecordingError(f"there is no recording {path}", "", "`vigil sessions` lists those there are")
        return entry_of(path)
    entries = list_sessions()
    found = [entry for entry in entries if prefix is None or entry.session.startswith(prefix.lower())]
    if prefix is None and found:
        return found[0]
    exact = [entry for entry in found if entry.session == prefix]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    if not entries:
        raise RecordingError("there is no session yet", "", "start one with `vigil` or `vigil run`")
    if not found:
        raise RecordingError(f"no session begins with {prefix!r}", "", "`vigil sessions` lists those there are")
    some = ", ".join(entry.session for entry in found[:5])
    raise RecordingError(f"{len(found)} sessions begin with {prefix!r}", some, "give more of its id")


def recording_of(named: str) -> Path:
    """The recording that is meant: a file, or the session whose id begins so. Raises RecordingError."""
    path = Path(named).expanduser()
    return path if path.is_file() else find(named).path
