"""A terminal picture as PNG, drawn cell by cell from the SVG that Textual exports, so that both show the same.

Needs Pillow, and matplotlib for the DejaVu Sans Mono font file in its wheel (extra `screenshots`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len

CELL: Final = (12, 24)
"""A cell in pixels; the font's size is the largest that fits."""
FONT_SIZE: Final = 20
SVG_CELL: Final = (12.2, 24.4)
"""A cell in the units of Rich's SVG: 20 high at an aspect ratio of 0.61, and a line of 1.22."""
MARGIN: Final = 14
COLOURS: Final = 256

_SVG = "{http://www.w3.org/2000/svg}"
_RULE = re.compile(r"\.(\S+?-r\d+) \{ ([^}]*) \}")
_ARMS: Final = {"─": "lr", "│": "ud", "┌": "dr", "┐": "dl", "└": "ur", "┘": "ul", "╭": "dr", "╮": "dl", "╰": "ur", "╯": "ul",
                "├": "udr", "┤": "udl", "┬": "lrd", "┴": "lru", "┼": "udlr"}  # fmt: skip
_RISING = "▁▂▃▄▅▆▇█"
_GROWING = "▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class _Look:
    fill: str
    bold: bool
    underline: bool


def fonts() -> tuple[Path, Path]:
    """DejaVu Sans Mono, regular and bold, out of matplotlib's wheel; nothing of matplotlib is imported."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise SystemExit("the font is missing: install Vigil with its extra, pip install -e '.[screenshots]'")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return folder / "DejaVuSansMono.ttf", folder / "DejaVuSansMono-Bold.ttf"


def png(svg: str, columns: int, rows: int) -> bytes:
    """The picture of `columns` x `rows` cells in Rich's SVG, as PNG with a palette."""
    out = BytesIO()
    drawn = picture(svg, columns, rows)
    drawn.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def picture(svg: str, columns: int, rows: int) -> Image.Image:
    """The picture of `columns` x `rows` cells in Rich's SVG."""
    root = ElementTree.fromstring(svg)
    looks = _looks(root)
    width, height = CELL
    terminal = root.find(f"{_SVG}g[@clip-path]")
    frame = root.find(f"{_SVG}rect")
    assert terminal is not None and frame is not None, "not a picture of Rich's"
    back = frame.get("fill", "#000000")
    image = Image.new("RGB", (columns * width + 2 * MARGIN, rows * height + 2 * MARGIN), back)
    brush = ImageDraw.Draw(image)
    regular, bold = (ImageFont.truetype(str(path), FONT_SIZE, layout_engine=ImageFont.Layout.BASIC) for path in fonts())
    for rect in terminal.iter(f"{_SVG}rect"):
        x, y = _cell(rect)
        cells, lines = (round(float(rect.get(name, "0")) / unit) for name, unit in zip(("width", "height"), SVG_CELL, strict=True))
        if not cells:
            continue
        left, top = MARGIN + x * width, MARGIN + y * height
        brush.rectangle((left, top, left + cells * width - 1, top + max(lines, 1) * height - 1), fill=rect.get("fill"))
    for text in terminal.iter(f"{_SVG}text"):
        look = looks.get(text.get("class", ""), _Look("#ffffff", False, False))
        x, y = _cell(text)
        for character in text.text or "":
            _draw(brush, character, MARGIN + x * width, MARGIN + y * height, look, bold if look.bold else regular)
            x += cell_len(character)
    return image


def _looks(root: ElementTree.Element) -> dict[str, _Look]:
    style = root.find(f"{_SVG}style")
    found: dict[str, _Look] = {}
    for name, rule in _RULE.findall((style.text or "") if style is not None else ""):
        fill = re.search(r"fill: (#[0-9a-f]{6})", rule)
        found[name] = _Look(fill[1] if fill else "#ffffff", "font-weight: bold" in rule, "underline" in rule)
    return found


def _cell(element: ElementTree.Element) -> tuple[int, int]:
    """Column and row of a rectangle's or a text's left end (a text's y is its baseline, 20 units down)."""
    down = 20.0 if element.tag.endswith("text") else 0.0
    return round(float(element.get("x", "0")) / SVG_CELL[0]), round((float(element.get("y", "0")) - down) / SVG_CELL[1])


def _draw(brush: ImageDraw.ImageDraw, character: str, x: int, y: int, look: _Look, font: ImageFont.FreeTypeFont) -> None:
    width, height = CELL
    if character.isspace():
        pass
    elif character in _ARMS:
        _arms(brush, _ARMS[character], x, y, look.fill)
    elif character in _RISING:
        top = y + height - round(height * (_RISING.index(character) + 1) / 8)
        brush.rectangle((x, top, x + width - 1, y + height - 1), fill=look.fill)
    elif character in _GROWING:
        brush.rectangle((x, y, x + round(width * (_GROWING.index(character) + 1) / 8) - 1, y + height - 1), fill=look.fill)
    else:
        if _missing(font, character):
            raise SystemExit(f"the font has no {character!r} (U+{ord(character):04X}), which the screens use")
        brush.text((x, y + 19), character, font=font, fill=look.fill, anchor="ls")
    if look.underline:
        brush.line((x, y + height - 3, x + width - 1, y + height - 3), fill=look.fill)


@cache
def _missing(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Whether the font shows its box for what it does not have (U+FFFF is in no font)."""
    return bytes(font.getmask(character)) == bytes(font.getmask("\uffff"))


def _arms(brush: ImageDraw.ImageDraw, arms: str, x: int, y: int, fill: str) -> None:
    """Lines from the middle of a cell to its edges, so that borders join whatever the font."""
    width, height = CELL
    across, down = x + width // 2, y + height // 2
    boxes = {"u": (across - 1, y, across, down), "d": (across - 1, down - 1, across, y + height - 1),
             "l": (x, down - 1, across, down), "r": (across - 1, down - 1, x + width - 1, down)}  # fmt: skip
    for arm in arms:
        brush.rectangle(boxes[arm], fill=fill)
