"""How many sessions are kept, and how much room they may take: what goes, what stays and why, and the going itself.

Nothing that is pinned, running or unreadable goes, nor what an interrupted session has yet to tidy; none of these counts
against a limit. Of the others the oldest go first, each with everything beside it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tui_app.recording.beside import KEPT, LET_GO, PIN, files_beside, is_pinned
from tui_app.recording.errors import RecordingError
from tui_app.recording.places import SUFFIX, runtime_dir, sessions_dir, state_dir
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import INTERRUPTED, SessionEntry, claim, list_sessions

KEEP_VARIABLE: Final = "VIGIL_KEEP_SESSIONS"
SIZE_VARIABLE: Final = "VIGIL_KEEP_SIZE"
STUCK: Final = "could not be removed"
UNITS: Final = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
                "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}  # fmt: skip


class Limits(msgspec.Struct, frozen=True):
    """So many sessions at most, so many bytes at most; None: as many as there are."""

    keep: int | None = None
    size: int | None = None

    @property
    def any(self) -> bool:
        """Whether anything is limited."""
        return self.keep is not None or self.size is not None


class Judged(msgspec.Struct, frozen=True):
    """A session and what becomes of it. `goes`: it is beyond a limit; `why` names the limit, or what protects it."""

    entry: SessionEntry
    goes: bool
    why: str = ""


def count_of(text: str) -> int:
    """A number of sessions from 0. Raises ValueError."""
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no number of sessions such as 50")
    return int(text)


def bytes_of(text: str) -> int:
    """Bytes of a size such as 500MB, 2GB or 1.5 GiB. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)", text.strip())
    if found is None or found[2].upper() not in UNITS:
        raise ValueError(f"{text!r} is no size such as 500MB, 2GB or 1.5GiB")
    return int(float(found[1]) * UNITS[found[2].upper()])


def size_text(size: int) -> str:
    """Bytes as a person reads them: 640 KB, 2.4 MB, 1.1 GB."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if size >= unit:
            value = size / unit
            return f"{value:.0f} {name}" if value >= 100 or unit == 10**3 else f"{value:.1f} {name}"
    return f"{size} B"


def standing(environment: Mapping[str, str] = os.environ) -> Limits:
    """The limits that hold on this host, from the environment. Raises ValueError where one cannot be read: then nothing goes."""
    keep, size = environment.get(KEEP_VARIABLE, "").strip(), environment.get(SIZE_VARIABLE, "").strip()
    try:
        return Limits(count_of(keep) if keep else None, bytes_of(size) if size else None)
    except ValueError as error:
        raise ValueError(f"{KEEP_VARIABLE} and {SIZE_VARIABLE}: {error}") from None


def judge(entries: Sequence[SessionEntry], limits: Limits) -> list[Judged]:
    """What becomes of each session (newest first, as listed) under these limits."""
    parents = {entry.parent for entry in entries if entry.alive and entry.parent}
    found, count, size = [], 0, 0
    full = False
    for entry in entries:
        why = _protected(entry, parents)
        if why:
            found.append(Judged(entry, False, why))
            continue
        count, size = count + 1, size + entry.size
        if limits.keep is not None and count > limits.keep:
            found.append(Judged(entry, True, f"more than {limits.keep} sessions"))
        elif limits.size is not None and (full or size > limits.size):
            full = True  # no older one stays in the place of a newer one that was too large
            found.append(Judged(entry, True, f"more than {size_text(limits.size)}"))
        else:
            found.append(Judged(entry, False))
    return found


def _protected(entry: SessionEntry, parents: set[str]) -> str:
    """Why a session stays whatever the limits are; '' where nothing protects it."""
    if entry.alive:
        return "running"
    if entry.pinned:
        return "pinned"
    if entry.problem:
        return "cannot be read, so nobody knows whether it is pinned"
    if entry.session in parents:
        return "being rerun"
    if entry.ended == INTERRUPTED and _untidied(entry.path):
        return f"interrupted and not tidied: vigil cleanup {entry.session}"
    return ""


def _untidied(path: Path) -> bool:
    """Whether a target other than our own rehearsal still holds what the session made, which only its recording knows."""
    try:
        with Reader(path) as reader:
            plan = msgspec.json.decode(reader.header.get("plan", "{}"))
            target = plan.get("target") if isinstance(plan, dict) else None
            if isinstance(target, dict) and target.get("environment") == "rehearsal":
                return False
            if any(note.kind == "cleanup" for note in reader.annotations()):
                return False
            made = sum(1 if row.type == "made" else -1 if row.type == "tidied" else 0 for row in reader.rows(kinds=("created",)))
            return made > 0
    except (RecordingError, msgspec.DecodeError):
        return True


def prune(limits: Limits, *, dry: bool = False) -> list[Judged]:
    """Remove what is beyond the limits (with `dry`, only say what that is); what became of every session.

    One that cannot be removed stays, and its `why` says so.
    """
    judged = judge(list_sessions(), limits)
    return judged if dry else [_gone(one) if one.goes else one for one in judged]


def keep_within() -> str:
    """Hold to this host's limits, as a session that begins does; what went or could not, in a sentence, '' where nothing did."""
    try:
        limits = standing()
        judged = prune(limits) if limits.any else []
    except (ValueError, RecordingError) as error:
        return f"no old session was deleted: {error}"
    gone = [one.entry for one in judged if one.goes]
    stuck = next((one for one in judged if one.why.startswith(STUCK)), None)
    said = f"{len(gone)} old session{'s' if len(gone) > 1 else ''} deleted, {size_text(sum(entry.size for entry in gone))}" if gone else ""
    return f"{said}; session {stuck.entry.session} {stuck.why}".lstrip("; ") if stuck is not None else said


def _gone(one: Judged) -> Judged:
    try:
        remove(one.entry)
    except (OSError, RecordingError) as error:
        return Judged(one.entry, False, f"{STUCK}: {error}")
    return one


def remove(entry: SessionEntry) -> None:
    """Delete a recording and everything beside it. Raises RecordingError where an engine holds it, OSError where the system refuses."""
    own = entry.path.resolve()
    stem = own.name.removesuffix(SUFFIX)
    held = claim(stem)
    try:
        with Reader(own) as reader:
            # Looked at once more under the lock: a pin may have come since it was listed.
            if is_pinned(reader.annotations()):
                raise RecordingError(f"session {entry.session} is kept", "it has been pinned meanwhile")
        for path in files_beside(own):
            if path.is_dir():
                shutil.rmtree(path)
            elif path != held.paths.lock:
                path.unlink(missing_ok=True)
        usual = sessions_dir() / own.name
        if usual.is_symlink():
            usual.unlink()
            with contextlib.suppress(OSError):
                own.parent.rmdir()  # the folder that its group could enter, unless something else is in it
        for folder in (sessions_dir() / f"{stem}-reports", state_dir() / "rehearsal" / stem):
            shutil.rmtree(folder, ignore_errors=True)
        (runtime_dir() / f"{stem}.sock").unlink(missing_ok=True)
    finally:
        held.release()


def pin(entry: SessionEntry, who: str, *, kept: bool) -> bool:
    """Keep a session whatever the limits are, or let it go again; whether that changed anything. Raises RecordingError."""
    if entry.pinned == kept:
        return False
    with Reader(entry.path) as reader:
        reader.annotate(PIN, KEPT if kept else LET_GO, who=who)
    return True
