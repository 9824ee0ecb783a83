"""Making a bundle: what goes into it, in which order, and what binds it together."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tui_app.masking import masked
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.reports.facts import Facts, gather, masking
from tui_app.reports.files import FILES, write_into
from tui_app.repro.write import offers, script

SCHEMA: Final = "vigil.bundle/1"
MANIFEST: Final = "manifest.json"
RECORDING: Final = "recording.vigil"
DIGEST: Final = "sha256="
"""What the archive's comment begins with."""
_THEN: Final = (1980, 1, 1, 0, 0, 0)
_PIECE: Final = 1 << 20


def make(recording: Path, target: Path, result: Mapping[str, Any] | None = None) -> str:
    """Write the bundle of a recording that is no longer written; gives its digest. Raises OSError, RecordingError, ValueError."""
    facts = gather(recording, result)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "bundle"
        write_into(folder, facts)
        hidden = _copy(recording, folder / RECORDING, facts)
        names = [RECORDING, *FILES.values(), *_scripts(recording, folder, facts)]
        return seal(folder, describe(facts, folder, names, hidden), names, target)


def seal(folder: Path, manifest: Mapping[str, Any], names: Sequence[str], target: Path) -> str:
    """Write the archive of these files of a folder, its manifest first; gives its digest. Raises OSError."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name in (MANIFEST, *names):
            entry = zipfile.ZipInfo(name, _THEN)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            with file.open(entry, "w", force_zip64=True) as out, (folder / name).open("rb") as source:
                shutil.copyfileobj(source, out, _PIECE)
        file.comment = f"{DIGEST}{'0' * 64}".encode()
    digest = digest_of(archive)
    with archive.open("r+b") as file:
        file.seek(-64, 2)
        file.write(digest.encode())
    target.touch(mode=0o600)
    shutil.copyfile(archive, target)
    return digest


def digest_of(archive: Path) -> str:
    """SHA-256 of all of the archive but the digest at its end, hex."""
    left, digest = archive.stat().st_size - 64, hashlib.sha256()
    with archive.open("rb") as file:
        while left > 0:
            piece = file.read(min(_PIECE, left))
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def chained(files: list[dict[str, Any]]) -> str:
    """The head of the chain over names and digests, in their order: nothing can be taken out, put in or swapped."""
    link = ""
    for one in files:
        link = hashlib.sha256(f"{link}\n{one['name']}\n{one['bytes']}\n{one['sha256']}".encode()).hexdigest()
    return link


def _scripts(recording: Path, folder: Path, facts: Facts) -> list[str]:
    """A script for each failed check that has one; the names of their files."""
    names = []
    for offer in offers(facts.result):
        if offer.family is not None:
            with contextlib.suppress(RecordingError):  # what failed cannot be asked for again: `vigil repro` says so
                text = script(recording, facts.result, offer.check).text
                names.append(f"repro-{offer.check}.py")
                (folder / names[-1]).write_text(text, encoding="utf-8")
    return names


def _copy(recording: Path, target: Path, facts: Facts) -> int:
    """A copy of the recording in one file, without what may be a stranger's text; how many rows were held back."""
    with closing(sqlite3.connect(f"file:{recording}?mode=ro", uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    target.chmod(0o600)
    hides = masking(facts.result)
    with Reader(recording) as reader:
        rows = [row for seq in sorted(facts.witnesses) if (row := reader.row(seq)) is not None]
    hidden = [masked(row) for row in rows if hides(row)]
    if hidden:
        with closing(sqlite3.connect(target)) as copy, copy:
            copy.executemany("UPDATE rows SET text = ? WHERE seq = ?", [(row.text, row.seq) for row in hidden])
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("VACUUM")  # what stood there is gone from the file, too
    return len(hidden)


def describe(facts: Facts, folder: Path, names: Sequence[str], hidden: int) -> dict[str, Any]:
    """The manifest: what the session was, what it rests on, and the digest of each file. `hidden`: rows whose text is held back."""
    files = []
    for name in names:
        with (folder / name).open("rb") as file:
            files.append({"name": name, "bytes": (folder / name).stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()})
    header = facts.header
    return {
        "schema": SCHEMA,
        "session": facts.result["session"],
        "parent": facts.result["parent"],
        "vigil": header.get("vigil"),
        "verdict": facts.result["verdict"],
        "target": {"name": facts.result["target"].get("name"), "environment": facts.result["target"].get("environment")},
        "build": facts.result["build"],
        "started": header.get("started"),
        "seconds": round(facts.seconds, 3),
        "run_by": header.get("host"),
        "configuration_sha256": hashlib.sha256(header["plan"].encode()).hexdigest(),
        "self_test": facts.plan.get("selftest") or None,
        "client_health": _health(facts.path),
        "rows_held_back": hidden,
        "files": files,
        "chain": chained(files),
    }


def _health(recording: Path) -> dict[str, Any]:
    """How the client itself was: its worst lag, ms, and how often it was too slow to be trusted."""
    worst, slow = 0.0, 0
    with Reader(recording) as reader:
        for row in reader.rows(kinds=("lag", "client")):
            if row.kind == "lag":
                worst = max(worst, row.ms or 0.0)
            elif row.type == "slow":
                slow += 1
    return {"worst_lag_ms": round(worst, 3), "too_slow": slow}
