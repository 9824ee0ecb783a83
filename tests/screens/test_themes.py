"""Themes can be read: contrast by WCAG, verdicts apart for colour-blind eyes, a cursor that is seen without any colour."""

from __future__ import annotations

import stat
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from looking import settle, showing, text_of
from states import failed, running
from textual.color import Color
from textual.theme import Theme

from tui_app import looks
from tui_app.screens import themes

GROUNDS = ("background", "surface", "panel")
TEXTS = (
    "foreground", "foreground-muted", "text-muted", "text-disabled", "text-primary", "text-accent", "text-success", "text-warning",
    "text-error",
)  # fmt: skip
OWN = [theme for theme in themes.ALL if not theme.ansi]
SIXTEEN = [theme for theme in themes.ALL if theme.ansi]

XTERM = {
    "black": "#000000", "red": "#cd0000", "green": "#00cd00", "yellow": "#cdcd00", "blue": "#0000ee", "magenta": "#cd00cd",
    "cyan": "#00cdcd", "white": "#e5e5e5", "bright_black": "#7f7f7f", "bright_red": "#ff0000", "bright_green": "#00ff00",
    "bright_yellow": "#ffff00", "bright_blue": "#5c5cff", "bright_magenta": "#ff00ff", "bright_cyan": "#00ffff", "bright_white": "#ffffff",
}  # fmt: skip
"""What xterm draws for the sixteen unless told otherwise."""

BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
"""Linear RGB as eyes without long-wave or middle-wave cones see it (Machado, Oliveira and Fernandes 2009, severity 1)."""

Triple = tuple[float, float, float]


def linear(color: str) -> Triple:
    red, green, blue = Color.parse(color).normalized
    values = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return values[0], values[1], values[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: (lighter + 0.05) / (darker + 0.05) of relative luminances."""
    found = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other)))
    return (found[1] + 0.05) / (found[0] + 0.05)


def lab(rgb: Triple) -> Triple:
    """CIE L*a*b* (D65) of linear RGB."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    parts = [sum(factor * part for factor, part in zip(row, rgb, strict=True)) / w for row, w in zip(rows, white, strict=True)]
    x, y, z = (max(p, 0.0) ** (1 / 3) if p > 0.008856 else 7.787 * p + 16 / 116 for p in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, eyes: str) -> float:
    """How far two colours are apart (CIE 1976) for eyes of one kind; about 2 is just seen, over 20 is another colour."""
    seen = []
    for color in (one, other):
        rgb = linear(color)
        if eyes in BLIND:
            red, green, blue = (sum(f * p for f, p in zip(row, rgb, strict=True)) for row in BLIND[eyes])
            rgb = red, green, blue
        seen.append(lab(rgb))
    return sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


def colors(theme: Theme) -> dict[str, str]:
    return theme.to_color_system().generate()


@pytest.mark.parametrize("theme", OWN, ids=lambda theme: theme.name)
def test_text_can_be_read_on_every_ground(theme: Theme) -> None:
    found, least = colors(theme), 7.0 if theme.name == "high-contrast" else 4.5
    short = {
        (text, ground): round(contrast(found[text], found[ground]), 2)
        for text in TEXTS
        for ground in GROUNDS
        if contrast(found[text], found[ground]) < least
    }
    assert short == {}
    assert contrast(found["block-cursor-foreground"], found["block-cursor-background"]) >= least
    assert contrast(found["secondary"], found["background"]) >= 3, "bars are graphics: WCAG 1.4.11"
    assert contrast(found["block-cursor-background"], found["background"]) >= 1.3, "the line under the cursor stands out"


@pytest.mark.parametrize("theme", [theme for theme in SIXTEEN if theme.name != "mono"], ids=lambda theme: theme.name)
def test_sixteen_colours_can_be_read_as_xterm_draws_them(theme: Theme) -> None:
    ground = "#000000" if theme.dark else "#ffffff"
    for tone in (theme.success, theme.warning, theme.error, theme.accent, theme.primary):
        assert tone is not None and contrast(XTERM[tone.removeprefix("ansi_")], ground) >= 4.5, tone
    text, under = (XTERM[theme.variables[f"block-cursor-{part}"].removeprefix("ansi_")] for part in ("foreground", "background"))
    assert contrast(text, under) >= 4.5


@pytest.mark.parametrize("eyes", ("all cones", *BLIND))
def test_verdicts_of_the_colour_blind_theme_stay_apart(eyes: str) -> None:
    found = colors(themes.COLOUR_BLIND)
    tones = ("text-success", "text-error", "text-warning", "foreground")
    near = {(a, b): round(distance(found[a], found[b], eyes)) for a, b in combinations(tones, 2) if distance(found[a], found[b], eyes) < 20}
    assert near == {}


def test_names_are_told_where_the_toolkit_is_not_loaded() -> None:
    assert [theme.name for theme in themes.ALL] == list(looks.THEMES)


@pytest.mark.parametrize(
    ("environ", "remembered", "theme"),
    [
        ({"TERM": "xterm-256color"}, "", "vigil"),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, "high-contrast", "high-contrast"),
        ({"TERM": "xterm-256color", "VIGIL_THEME": "vigil-light"}, "high-contrast", "vigil-light"),
        ({"TERM": "xterm-256color", "VIGIL_THEME": "vigil-light", "NO_COLOR": "1"}, "high-contrast", "mono"),
        ({"TERM": "linux"}, "", "ansi-dark"),
        ({"TERM": "xterm", "COLORFGBG": "0;15"}, "", "ansi-light"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "gone", "vigil"),
    ],
)
def test_which_theme_it_begins_with(environ: dict[str, str], remembered: str, theme: str) -> None:
    assert looks.choose(environ, remembered) == (theme, "")


def test_a_theme_that_does_not_exist_is_said_and_does_no_harm() -> None:
    theme, problem = looks.choose({"TERM": "xterm-256color", "VIGIL_THEME": "purple"})
    assert theme == "vigil" and "purple" in problem and "colour-blind" in problem


async def test_ctrl_t_goes_through_all_says_each_and_keeps_the_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("VIGIL_THEME", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    async with showing(running(), "live") as (app, pilot):
        app.owns_terminal = True
        seen = [app.theme]
        for _ in looks.THEMES:
            await pilot.press("ctrl+t")
            await settle(pilot)
            seen.append(app.theme)
            assert f"theme {app.theme}: " in text_of(app).splitlines()[-1]
        app.use_theme("colour-blind")
    assert all(after == looks.next_theme(before) for before, after in pairwise(seen)) and seen[-1] == seen[0]
    kept = tmp_path / "vigil" / "theme"
    assert kept.read_text() == "colour-blind\n" and stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert looks.recall() == "colour-blind"


@pytest.mark.parametrize("screen", ("start", "plan", "verdict", "latency"))
async def test_without_colour_the_line_under_the_cursor_is_reversed_and_nothing_is_coloured(
    monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with showing(failed(), screen) as (app, pilot):
        if screen == "plan":
            app.choose_target(app.link.describe("rehearsal"))  # type: ignore[union-attr]
            await settle(pilot)
        assert app.theme == "mono"
        styles = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip if segment.style is not None]
    assert any(style.reverse for style in styles), "the cursor must be seen"
    colored = {str(color) for style in styles for color in (style.color, style.bgcolor) if color is not None and not color.is_default}
    assert colored == set()


async def test_the_palette_offers_every_theme_by_name() -> None:
    async with showing(running(), "live") as (app, _):
        commands = {command.title: command.callback for command in app.get_system_commands(app.screen)}
        for name in looks.THEMES:
            commands[f"theme: {name}"]()
            assert app.theme == name
