"""Verifying a bundle: whether every byte of it is as it was made, and which file is not."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from tui_app.bundles.make import DIGEST, MANIFEST, SCHEMA, chained, digest_of
from tui_app.sanitize import sanitize


def check(bundle: Path) -> tuple[dict[str, Any], list[str]]:
    """The manifest as far as it can be read, and what is wrong, a line each naming the file; no lines: nothing is. Raises OSError."""
    wrong: list[str] = []
    manifest: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(bundle) as archive:
            comment = archive.comment.decode("ascii", "replace")
            manifest = json.loads(archive.read(MANIFEST))
            if manifest.get("schema") != SCHEMA:
                return {}, [f"{MANIFEST}: is not of a bundle that this Vigil knows ({sanitize(str(manifest.get('schema')), 40)})"]
            wrong += _files(archive, manifest)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, NotImplementedError, TypeError) as error:
        return manifest, [*wrong, f"{_guilty(error)}: cannot be read ({sanitize(str(error), 120)})"]
    whole = comment == f"{DIGEST}{digest_of(bundle)}"
    if not whole and not wrong:
        wrong.append(f"{bundle.name}: the archive is not as it was made, in its list of files, {MANIFEST} or its digest")
    return manifest, wrong


def _guilty(error: Exception) -> str:
    text = str(error)
    return next((name for name in text.split("'") if "." in name), MANIFEST)


def _files(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> list[str]:
    wrong = []
    listed = {str(one["name"]): one for one in manifest["files"]}
    there = {name for name in archive.namelist() if name != MANIFEST}
    wrong += [f"{sanitize(name, 80)}: is listed and missing" for name in sorted(set(listed) - there)]
    wrong += [f"{sanitize(name, 80)}: was not there when the bundle was made" for name in sorted(there - set(listed))]
    for name in sorted(set(listed) & there):
        try:
            with archive.open(name) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            wrong.append(f"{name}: is damaged ({sanitize(str(error), 80)})")
            continue
        if digest != listed[name]["sha256"]:
            wrong.append(f"{name}: is not what it was when the bundle was made")
    if chained(manifest["files"]) != manifest.get("chain"):
        wrong.append(f"{MANIFEST}: its chain of digests does not fit its list of files")
    return wrong
