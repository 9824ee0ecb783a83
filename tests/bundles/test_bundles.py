"""A bundle holds the evidence, says so, and shows a change of any byte."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.reports_session import leaking_session
from tui_app.bundles.check import check
from tui_app.bundles.make import MANIFEST, RECORDING, make
from tui_app.cli import dispatch, parser
from tui_app.recording.reader import Reader
from tui_app.reports.files import FILES


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    target = folder / "evidence.zip"
    make(leaking_session(folder), target)
    return target


def test_a_bundle_is_whole_and_its_recording_can_be_read(bundle: Path, tmp_path: Path) -> None:
    manifest, wrong = check(bundle)
    assert (
        not wrong
        and manifest["verdict"] == "FAIL"
        and {one["name"] for one in manifest["files"]} == {RECORDING, *FILES.values(), "repro-isolation-frames.py"}
    )
    with zipfile.ZipFile(bundle) as archive:
        archive.extract(RECORDING, tmp_path)
    with Reader(tmp_path / RECORDING) as reader:
        result = reader.result()
    assert result is not None and result["session"] == manifest["session"]


def test_the_same_recording_makes_the_same_reports(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extract(RECORDING, tmp_path)
        again = tmp_path / "again.zip"
        make(tmp_path / RECORDING, again)
        with zipfile.ZipFile(again) as other:
            assert all(archive.read(name) == other.read(name) for name in FILES.values())


@pytest.mark.parametrize("seed", range(60))
def test_one_byte_changed_anywhere_is_seen_and_a_file_is_named(bundle: Path, tmp_path: Path, seed: int) -> None:
    raw = bytearray(bundle.read_bytes())
    place = random.Random(seed).randrange(len(raw)) if seed > 9 else [0, 7, 30, -1, -40, -65, -70, -80, len(raw) // 2, 100][seed]
    raw[place] ^= 1 << seed % 8
    changed = tmp_path / "changed.zip"
    changed.write_bytes(raw)
    _, wrong = check(changed)
    assert wrong and all(":" in line for line in wrong)


def test_a_file_taken_out_put_in_or_swapped_is_named(bundle: Path, tmp_path: Path) -> None:
    def rebuilt(name: str, text: bytes | None) -> list[str]:
        target = tmp_path / "rebuilt.zip"
        with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(target, "w") as out:
            for one in source.namelist():
                if one != name:
                    out.writestr(one, source.read(one))
            if text is not None:
                out.writestr(name, text)
        return check(target)[1]

    assert any(line.startswith("executive.md: is listed and missing") for line in rebuilt("executive.md", None))
    assert any(line.startswith("extra.md: was not there") for line in rebuilt("extra.md", b"more"))
    assert any(line.startswith("report.md: is not what it was") for line in rebuilt("report.md", b"all is well"))


def test_a_manifest_that_was_mended_to_fit_has_another_digest(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever makes a new bundle can make it whole: the digest that was kept elsewhere tells."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extract(RECORDING, tmp_path)
        assert json.loads(archive.read(MANIFEST))["chain"]
    first = bundle.read_bytes()[-64:].decode()
    assert dispatch(parser().parse_args(["verify", str(bundle), "--digest", first])) == 0
    assert dispatch(parser().parse_args(["verify", str(bundle), "--digest", "0" * 64])) == 1
    assert "another bundle" in capsys.readouterr().err


def test_the_command_says_how_to_take_it_away(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extract(RECORDING, tmp_path)
    copy = Path(shutil.copy(tmp_path / RECORDING, tmp_path / "own.vigil"))
    target = tmp_path / "out.zip"
    assert dispatch(parser().parse_args(["bundle", str(copy), "--output", str(target)])) == 0
    said = capsys.readouterr().out
    assert "scp " in said and "vigil verify" in said and str(target) in said
    assert dispatch(parser().parse_args(["verify", str(target)])) == 0
