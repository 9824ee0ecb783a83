"""The README says what is so: its generated parts are fresh, its facts hold, and its pictures are there and of this version."""

from __future__ import annotations

import html
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.docs.refresh import PART, PARTS, README, ROOT, refreshed
from tui_app.engine.plan import footprint, select
from tui_app.order import make_plan
from tui_app.screens.actions import footer_for
from tui_app.target.profile import load
from tui_app.verdict.words import WORDS

TEXT = README.read_text("utf-8")
SHOTS = ROOT / "screenshots"
PICTURES = sorted(path.stem for path in SHOTS.glob("*.png") if path.stem != "demo")
SCREENS = {"plan": "plan", "live": "live", "events": "events", "frame": "frame", "isolation": "isolation", "latency": "latency",
           "latency-chart": "chart", "verdict": "verdict", "why": "why",
           "load": "load", "soak": "soak", "iterations": "iterations"}  # fmt: skip
ONLY_SOMETIMES = {"repro", "copy-logs", "back", "take", "write", "rerun", "freeze", "docker", "view", "unfold-all", "fold-all",
                  "compare"}  # fmt: skip
"""Keys that a bar shows in some states of a session only."""


def words_of(name: str) -> str:
    """All text in a picture, with plain spaces."""
    root = ElementTree.fromstring((SHOTS / f"{name}.svg").read_text("utf-8"))
    return "\n".join((element.text or "") for element in root.iter("{http://www.w3.org/2000/svg}text")).replace("\u00a0", " ")


def test_generated_parts_are_fresh() -> None:
    assert {match["name"] for match in PART.finditer(TEXT)} == set(PARTS)
    assert refreshed(TEXT) == TEXT, "run `python -m tests.docs.refresh`"


def test_a_stale_part_is_found() -> None:
    assert refreshed(TEXT.replace("| `0` |", "| `7` |")) == TEXT
    with pytest.raises(KeyError):
        refreshed("<!-- generated: nothing -->\nx\n<!-- end: nothing -->")


def test_the_target_file_in_the_readme_can_be_planned_for(tmp_path: Path) -> None:
    toml, *_ = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "staging.toml"
    path.write_text(toml, "utf-8")
    profile = load(str(path))
    assert not profile.loopback and not profile.blanks and profile.consent.negative
    plan = make_plan(profile, select())
    cost = footprint(plan, select())
    assert cost["agent_runs"] <= cost["agent_runs_limit"], "the README's limit stops its own plan half-way"


def test_every_word_is_explained() -> None:
    section = TEXT.split("## What a verdict means")[1].split("\n## ")[0]
    assert re.findall(r"^\| ([A-Z]+) \|", section, re.MULTILINE) == list(WORDS)


def test_every_section_is_in_the_table_of_contents() -> None:
    heads = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert re.findall(r"^- \[(.+?)\]\(#(.+?)\)$", TEXT, re.MULTILINE) == [(head, head.lower().replace(" ", "-")) for head in heads]


def test_every_picture_is_shown_and_every_shown_one_is_made() -> None:
    shown = set(re.findall(r"screenshots/([a-z0-9-]+)\.png", TEXT)) - {"demo"}
    assert shown <= set(PICTURES)
    assert set(PICTURES) - shown <= {"verdict-failed"}
    script = (SHOTS / "make.py").read_text("utf-8")
    assert sorted(re.findall(r'(?:\.picture|course)\("([a-z0-9-]+)"', script)) == PICTURES, "take them anew: python -m screenshots.make"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_shows_nobodys_machine(name: str) -> None:
    data = (SHOTS / f"{name}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) < 200 * 1024
    width, height = struct.unpack(">II", data[16:24])
    assert 900 <= width <= 2000 and 500 <= height <= 1200
    svg = (SHOTS / f"{name}.svg").read_text("utf-8")
    assert "://" not in svg.replace("http://www.w3.org/2000/svg", ""), "a picture that fetches something"
    said = html.unescape(words_of(name))
    hosts = set(re.findall(r"\w+@([\w.-]+)", said)) | set(re.findall(r"vigil-([a-z-]+)-[0-9a-f]{10}", said))
    assert hosts <= {"jump-host"}, hosts


def test_the_demo_is_a_moving_picture_of_modest_size() -> None:
    data = (SHOTS / "demo.png").read_bytes()
    assert "screenshots/demo.png" in TEXT
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and b"acTL" in data[:4096] and len(data) < 3 * 1024 * 1024


@pytest.mark.parametrize(("name", "screen"), SCREENS.items())
def test_a_picture_shows_the_keys_of_this_version(name: str, screen: str) -> None:
    said = words_of(name)
    for action in footer_for(screen):
        if action.id not in ONLY_SOMETIMES and action.group != "Replay":
            assert re.search(rf"\b{re.escape(action.label)}\b", said), f"{name}: no {action.label!r}; take it anew"


def test_the_pictures_show_what_the_readme_says_of_them() -> None:
    verdict, why = words_of("verdict"), words_of("why")
    assert "Everything required was measured and is within its limits." in verdict and "decides nothing about staging" in verdict
    assert re.search(r"FAIL\s+isolation-frames", why) and re.search(r"u\d saw (events|run id) of u\d", why)
    assert "SLOW LINK" not in "".join(map(words_of, PICTURES)), "taken while the machine was busy"
