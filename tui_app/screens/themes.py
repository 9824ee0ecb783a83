"""The themes: two calm ones of Vigil's own, one of high contrast, one for colour-blind eyes, two in the terminal's colours, one in none.

Tones mean the same in each: success for what passed, error for what failed, warning for what is open, accent for what moves or
can be pressed. Colours are chosen so that text reaches a contrast of 4.5 to 1 on every ground it stands on (WCAG 2.2, 1.4.3), in
`high-contrast` 7 to 1; in `colour-blind` the three verdict tones are of the palette of Okabe and Ito, and stay apart for eyes
without red or green cones. The 16-colour themes leave the values to the terminal.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme


def _theme(
    name: str, *, ground: tuple[str, str, str], text: tuple[str, str], tones: tuple[str, str, str], accent: tuple[str, str],
    lines: tuple[str, str], cursor: tuple[str, str], spark: str, dark: bool = True,
) -> Theme:  # fmt: skip
    """A theme in 24-bit colours.

    ground: of the screen, of fields and boxes, of the key bar; text: plain and muted; tones: success, warning, error; accent: what can be
    pressed, headings; lines: of panes, of scroll bars; cursor: text and ground of the line under it; spark: of bars.
    """
    success, warning, error = tones
    return Theme(
        name=name, primary=accent[1], secondary=spark, accent=accent[0], warning=warning, error=error, success=success,
        foreground=text[0], background=ground[0], surface=ground[1], panel=ground[2], dark=dark,
        variables={
            "foreground-muted": text[1], "text-muted": text[1], "text-disabled": text[1],
            "text-primary": accent[1], "text-accent": accent[0],
            "text-success": success, "text-warning": warning, "text-error": error,
            "border": lines[0], "pane-border": lines[0], "border-blurred": lines[0],
            "block-cursor-foreground": cursor[0], "block-cursor-background": cursor[1],
            "block-cursor-blurred-foreground": cursor[0], "block-cursor-blurred-background": cursor[1],
            "scrollbar": lines[1], "scrollbar-hover": text[1], "scrollbar-active": accent[0],
            "scrollbar-background": ground[1], "scrollbar-background-hover": ground[1], "scrollbar-background-active": ground[1],
        },
    )  # fmt: skip


VIGIL: Final = _theme(
    "vigil", ground=("#10151b", "#151b22", "#1c242d"), text=("#d4dae1", "#8b99a7"), tones=("#7cc79a", "#e3b458", "#f07f76"),
    accent=("#9cc4ea", "#8fb3d6"), lines=("#33404d", "#3d4c5b"), cursor=("#ffffff", "#2f4358"), spark="#6385a4",
)  # fmt: skip

VIGIL_LIGHT: Final = _theme(
    "vigil-light", ground=("#fbfcfd", "#f2f5f8", "#e6ebf0"), text=("#1d2630", "#566370"), tones=("#17603a", "#7d5100", "#a81f18"),
    accent=("#14548c", "#1f4f7a"), lines=("#b9c4cf", "#a3b0bd"), cursor=("#10202f", "#c3d9ee"), spark="#5b7690", dark=False,
)  # fmt: skip

HIGH_CONTRAST: Final = _theme(
    "high-contrast", ground=("#000000", "#0a0a0a", "#1a1a1a"), text=("#ffffff", "#c8c8c8"), tones=("#6dff9c", "#ffdd55", "#ff9a90"),
    accent=("#8fdcff", "#8fdcff"), lines=("#a0a0a0", "#c8c8c8"), cursor=("#000000", "#ffffff"), spark="#b0c8e0",
)  # fmt: skip

COLOUR_BLIND: Final = _theme(
    "colour-blind", ground=("#10151b", "#151b22", "#1c242d"), text=("#d4dae1", "#8b99a7"), tones=("#4aa8e8", "#f0e442", "#e66a1f"),
    accent=("#d9dee4", "#cc9fd0"), lines=("#33404d", "#3d4c5b"), cursor=("#ffffff", "#2f4358"), spark="#7d8fa1",
)  # fmt: skip


def _sixteen(name: str, *, dark: bool, tones: tuple[str, str, str], accent: str, spark: str, cursor: tuple[str, str], lines: str) -> Theme:
    """A theme in the colours of the terminal."""
    success, warning, error = tones
    ground = "ansi_black" if dark else "ansi_white"
    return Theme(
        name=name, ansi=True, dark=dark, primary=accent, secondary=spark, accent=accent, warning=warning, error=error, success=success,
        foreground="ansi_default", background="ansi_default", surface="ansi_default", panel="ansi_default", boost="ansi_default",
        variables={
            "ansi-background": ground, "ansi-foreground": "ansi_white" if dark else "ansi_black",
            "border": lines, "pane-border": lines, "border-blurred": lines,
            "block-cursor-foreground": cursor[0], "block-cursor-background": cursor[1],
            "block-cursor-blurred-foreground": cursor[0], "block-cursor-blurred-background": cursor[1],
            "scrollbar": lines, "scrollbar-hover": lines, "scrollbar-active": accent,
            "scrollbar-background": "ansi_default", "scrollbar-background-hover": "ansi_default",
            "scrollbar-background-active": "ansi_default", "input-selection-background": cursor[1], "input-selection-foreground": cursor[0],
        },
    )  # fmt: skip


ANSI_DARK: Final = _sixteen(
    "ansi-dark", dark=True, tones=("ansi_bright_green", "ansi_bright_yellow", "ansi_bright_red"), accent="ansi_bright_cyan",
    spark="ansi_cyan", cursor=("ansi_black", "ansi_white"), lines="ansi_bright_black",
)  # fmt: skip

# Green and yellow cannot be read on white in most palettes: what passed is blue here, what is open magenta.
ANSI_LIGHT: Final = _sixteen(
    "ansi-light", dark=False, tones=("ansi_blue", "ansi_magenta", "ansi_red"), accent="ansi_blue",
    spark="ansi_blue", cursor=("ansi_bright_white", "ansi_blue"), lines="ansi_bright_black",
)  # fmt: skip

MONO: Final = _sixteen(
    "mono", dark=True, tones=("ansi_default", "ansi_default", "ansi_default"), accent="ansi_default",
    spark="ansi_default", cursor=("ansi_default", "ansi_default"), lines="ansi_default",
)  # fmt: skip
MONO.variables.update({"block-cursor-text-style": "bold reverse", "block-cursor-blurred-text-style": "bold reverse"})

ALL: Final = (VIGIL, VIGIL_LIGHT, HIGH_CONTRAST, COLOUR_BLIND, ANSI_DARK, ANSI_LIGHT, MONO)
"""In the order of `tui_app.looks.THEMES`, which names them for those who must not load the toolkit."""
