"""What the terminal shows now, cell by cell, and what must be sent to make it show something else: only what changed.

It is also the last gate on the way to the terminal: of a text, nothing but what is drawn as a glyph passes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

NEAR: Final = 5
"""Unchanged cells between two changes that are sent again: going past them takes as many bytes."""
Piece = tuple[int, int, Iterable[Strip]]


class Picture:
    """The cells of a terminal: a text and a style each, the style as the parameters of its SGR sequence."""

    def __init__(self) -> None:
        self.size = (0, 0)
        self._texts: list[list[str]] = []
        self._styles: list[list[str]] = []

    def forget(self) -> None:
        """The terminal may show anything now: all of the next picture is sent."""
        self.size = (0, 0)

    def resize(self, width: int, height: int) -> None:
        """A terminal of this size; another size than before shows nothing that is known."""
        if self.size != (width, height):
            self.size = (width, height)
            self._texts = [["\0"] * width for _ in range(height)]
            self._styles = [[""] * width for _ in range(height)]

    def change(self, pieces: Iterable[Piece], colours: ColorSystem) -> str:
        """What to send so that the terminal shows these pieces (line, column, strips from there on)."""
        sent: list[str] = []
        width, height = self.size
        for y, x, strips in pieces:
            if 0 <= y < height and 0 <= x < width:
                texts, styles, plain = _cells(strips, colours)
                room = width - x
                self._piece(sent, x, y, texts[:room], styles[:room], plain)
        return "".join(sent)

    def _piece(self, sent: list[str], x: int, y: int, texts: list[str], styles: list[str], plain: bool) -> None:
        end = x + len(texts)
        old_texts, old_styles = self._texts[y][x:end], self._styles[y][x:end]
        if old_texts == texts and old_styles == styles:
            return
        # Where a glyph is not one cell wide, terminals differ on how wide it is: its piece is sent whole.
        whole = not plain or not all(len(text) == 1 for text in old_texts)
        runs = [(0, len(texts))] if whole else _runs(old_texts, old_styles, texts, styles)
        for start, stop in runs:
            sent.append(f"\x1b[{y + 1};{x + start + 1}H{_drawn(texts[start:stop], styles[start:stop])}")
        self._texts[y][x:end] = texts
        self._styles[y][x:end] = styles


class Change(CompositorUpdate):
    """An update of the toolkit's, as the difference to what the terminal shows."""

    def __init__(self, picture: Picture, update: LayoutUpdate | ChopsUpdate) -> None:
        self.picture = picture
        self.update = update

    def render_segments(self, console: Console) -> str:
        """The update as it is sent."""
        return self.picture.change(pieces(self.update), console._color_system or ColorSystem.TRUECOLOR)


def pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[Piece]:
    """The strips of an update with their places."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, strips
        return
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            yield y, x, (strip if x2 > x >= x1 and end <= x2 else strip.crop(0, min(end, x2) - x),)


def _cells(strips: Iterable[Strip], colours: ColorSystem) -> tuple[list[str], list[str], bool]:
    """Texts and styles cell by cell, and whether each glyph is one cell wide."""
    texts: list[str] = []
    styles: list[str] = []
    plain = True
    for strip in strips:
        for given, style, control in strip:
            if control or not given:
                continue
            sgr = Strip.render_ansi(style, colours) if style is not None else ""
            text = given if given.isprintable() else "".join(map(_glyph, given))
            if text.isascii() or cell_len(text) == len(text) == sum(map(get_character_cell_size, text)):
                texts += text
                styles += [sgr] * len(text)
                continue
            plain = False
            for char in text:
                size = get_character_cell_size(char)
                if size:
                    texts += (char, "")[:size]
                    styles += [sgr] * size
                elif texts:
                    texts[-1 if texts[-1] or len(texts) < 2 else -2] += char
    return texts, styles, plain


def _glyph(char: str) -> str:
    """A character as a terminal may have it."""
    return char if char.isprintable() else " " if char.isspace() else "�"


def _runs(old_texts: list[str], old_styles: list[str], texts: list[str], styles: list[str]) -> list[tuple[int, int]]:
    """From where to where cells differ, near ones as one."""
    runs: list[tuple[int, int]] = []
    for at in range(len(texts)):
        if old_texts[at] != texts[at] or old_styles[at] != styles[at]:
            if runs and at - runs[-1][1] < NEAR:
                runs[-1] = (runs[-1][0], at + 1)
            else:
                runs.append((at, at + 1))
    return runs


def _drawn(texts: list[str], styles: list[str]) -> str:
    """Cells as they are sent: a style where it changes, none at the end."""
    parts: list[str] = []
    now = ""
    for text, style in zip(texts, styles, strict=True):
        if style != now:
            parts.append(f"\x1b[0;{style}m" if style and now else f"\x1b[{style}m")
            now = style
        parts.append(text)
    if now:
        parts.append("\x1b[0m")
    return "".join(parts)
