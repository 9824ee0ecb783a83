"""Vigil's own calm dark and light themes; beside them, the toolkit's 16-colour ones for terminals with a palette of their own."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

VIGIL: Final = Theme(
    name="vigil",
    primary="#7aa2c8",
    secondary="#5f7d99",
    accent="#8fb8de",
    warning="#d9a441",
    error="#e0685f",
    success="#6fb58a",
    foreground="#d4dae1",
    background="#10151b",
    surface="#151b22",
    panel="#1c242d",
    dark=True,
    variables={
        "foreground-muted": "#8593a1",
        "text-primary": "#8fb3d6",
        "text-accent": "#9cc4ea",
        "text-success": "#7cc79a",
        "text-warning": "#e3b458",
        "text-error": "#f07f76",
        "border": "#33404d",
        "pane-border": "#33404d",
        "border-blurred": "#2a343f",
        "block-cursor-background": "#2f4358",
        "block-cursor-foreground": "#ffffff",
        "scrollbar": "#33404d",
        "scrollbar-background": "#151b22",
    },
)

VIGIL_LIGHT: Final = Theme(
    name="vigil-light",
    primary="#2b5d8a",
    secondary="#5b7690",
    accent="#1f5f99",
    warning="#8a5a00",
    error="#b3261e",
    success="#1e6b3c",
    foreground="#1d2630",
    background="#fbfcfd",
    surface="#f2f5f8",
    panel="#e6ebf0",
    dark=False,
    variables={
        "foreground-muted": "#5a6875",
        "text-primary": "#1f4f7a",
        "text-accent": "#14548c",
        "text-success": "#17603a",
        "text-warning": "#7d5100",
        "text-error": "#a81f18",
        "border": "#b9c4cf",
        "pane-border": "#b9c4cf",
        "block-cursor-background": "#cfe0f0",
        "block-cursor-foreground": "#10202f",
    },
)

CYCLE: Final = ("vigil", "vigil-light", "ansi-dark", "ansi-light")
"""The order in which the theme action goes through them."""
