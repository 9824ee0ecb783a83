"""A bundle holds the evidence, says so, and shows a change of any byte."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.handover_night import JWT, night
from tests.reports_session import leaking_session
from tui_app.bundles import timeline as turns
from tui_app.bundles.check import check
from tui_app.bundles.incident import FILES as INCIDENT
from tui_app.bundles.incident import compose
from tui_app.bundles.make import MANIFEST, RECORDING, make
from tui_app.bundles.timeline import timeline
from tui_app.cli import dispatch, parser
from tui_app.recording.reader import Reader
from tui_app.reports.facts import gather
from tui_app.reports.files import FILES
from tui_app.watch.model import Happening, Poll
from tui_app.watch.poller import Looked
from tui_app.watch.store import Store


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Composed of a night's last session, with a watch of the same target beside it."""
    folder = tmp_path_factory.mktemp("incident")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        path = night()
        began = datetime.fromisoformat("2026-11-12T05:40:00+00:00").timestamp()
        for target, at, text in (("staging", began - 60, "up -> down: 503"), ("staging", began - 2 * 86_400, "long ago"),
                                 ("elsewhere", began - 60, "another's")):  # fmt: skip
            store = Store(target)
            store.add(
                Looked([Poll(at, "backend", "down")], "backend", "/health", 503, "", ""), [Happening(at, "backend", "transition", text)]
            )
            store.close()
        compose(path, folder / "incident.zip")
        yield folder / "incident.zip"


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


def test_an_incident_bundle_is_one_file_to_send_and_no_recording(incident: Path) -> None:
    manifest, wrong = check(incident)
    assert not wrong and manifest["kind"] == "incident" and manifest["run_by"] == "night on console"
    assert [one["name"] for one in manifest["files"]] == list(INCIDENT)
    with zipfile.ZipFile(incident) as archive:
        texts = {name: archive.read(name).decode() for name in INCIDENT}
    front, turns, witnesses = texts["incident.md"], texts["timeline.txt"].splitlines(), texts["witnesses.jsonl"].splitlines()
    assert front.startswith("# A database tier is lost: staging beta-14 rev 214") and "2 of 3 tiers keep what is written" in front
    assert "Sign in as a test user in a browser, in a private window: **well**" in front and "Vigil 0.1.0" in front
    assert [line[:24] for line in turns] == sorted(line[:24] for line in turns)
    assert "watch: backend transition up -> down: 503" in turns[0] and "session start" in turns[1]
    assert not any("long ago" in line or "another's" in line for line in turns), "of this target, and of about this time"
    assert any("note by night on console: the second tier came back" in line for line in turns)
    assert any("control take by morning on console" in line for line in turns) and any("FAIL golden-path" in line for line in turns)
    assert {json.loads(line)["seq"] for line in witnesses} == {4, 5}
    assert "changes  restart-it" in texts["runbook.txt"] and "[x] Sign in" in texts["runbook.txt"]
    assert JWT.rpartition(".")[2] not in "".join(texts.values()) and "hunter2" not in "".join(texts.values())
    assert "opensesame1" not in "".join(texts.values()) and "⟨held back⟩" in texts["report.md"]


def test_one_byte_changed_in_an_incident_bundle_is_seen(incident: Path, tmp_path: Path) -> None:
    raw = bytearray(incident.read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "changed.zip").write_bytes(raw)
    assert check(tmp_path / "changed.zip")[1]


def test_the_command_composes_an_incident_and_says_that_a_person_sends_it(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with zipfile.ZipFile(bundle) as archive:
        archive.extract(RECORDING, tmp_path)
    target = tmp_path / "out.zip"
    assert dispatch(parser().parse_args(["bundle", "--incident", str(tmp_path / RECORDING), "--output", str(target)])) == 0
    said = capsys.readouterr().out
    assert "scp " in said and str(target) in said and "a person decides who gets it" in said and "incident.md" in said
    assert dispatch(parser().parse_args(["verify", str(target), "--digest", said.split("sha256 ")[1].split()[0]])) == 0


def test_a_timeline_that_is_too_long_says_how_much_it_leaves_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    facts = gather(night())
    whole = [line.text for line in timeline(facts) if line.since and "convicts" not in line.text]
    monkeypatch.setattr(turns, "MOST", 6)
    short = [line.text for line in timeline(facts) if line.since and "convicts" not in line.text]
    assert len(whole) > 7 and short == [*whole[:3], f"... {len(whole) - 6} lines are left out here: the recording has them", *whole[-3:]]
