"""Makes the README's animation of `vigil demo`: `python -m screenshots.demo`, from the very script that the demo plays.

The session is real: engine, rehearsal, sockets and recording are those of any other, in folders that are gone afterwards. What is
on the screen is looked at a few times a second; each picture that differs from the one before becomes a frame of the animation.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from screenshots.make import HERE, REAL, offline, stage
from screenshots.raster import fonts, picture

SIZE: Final = (100, 30)
SPEED: Final = 2.0
"""Twice as fast as `vigil demo`: whoever reads a page reads on, and can see it again."""
LOOK_S: Final = 0.3
LAST_S: Final = 6.0
"""How long the last frame stands before the animation begins anew."""
COLOURS: Final = 96
MOST_BYTES: Final = 3_000_000


@dataclass(slots=True)
class Frame:
    """What the screen showed, and for how many seconds."""

    svg: str
    seconds: float


async def played() -> list[Frame]:
    """The demo, played to its end."""
    from tui_app.demo.app import DemoApp, DemoLink

    app = DemoApp(link=DemoLink(), speed=SPEED)
    frames: list[Frame] = []
    async with app.run_test(size=SIZE):
        before, shown = time.monotonic(), ""
        while True:
            over = app.player.over
            if not app.captioned():
                # A screen is on its way in.
                await asyncio.sleep(LOOK_S / 10)
                continue
            svg = offline(app.export_screenshot(title="vigil demo", simplify=True))
            now = time.monotonic()
            if frames:
                frames[-1].seconds += now - before
            before = now
            if svg != shown:
                frames.append(Frame(svg, 0.0))
                shown = svg
            if over:
                break
            await asyncio.sleep(LOOK_S)
    if app.player.failed:
        raise SystemExit(f"the demo did not come to its end: {app.player.failed}")
    frames[-1].seconds = LAST_S
    return frames


def animation(frames: list[Frame], path: Path) -> int:
    """Write the frames as an animated PNG that goes on for ever; its size in bytes.

    One palette serves all frames, so that what did not change is the same in each, and costs nothing.
    """
    images = [picture(frame.svg, *SIZE) for frame in frames]
    width, height = images[0].size
    every = Image.new("RGB", (width, height * len(images[::12])))
    for index, image in enumerate(images[::12]):
        every.paste(image, (0, index * height))
    palette = every.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    drawn = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    durations = [max(round(frame.seconds * 100) * 10, 20) for frame in frames]
    drawn[0].save(path, "PNG", save_all=True, append_images=drawn[1:], duration=durations, loop=0, disposal=0, blend=0)
    return path.stat().st_size


def main() -> None:
    """Play the demo, and write it as `demo.png` beside the pictures. Refuses without the extra `screenshots`."""
    fonts()
    with stage():
        frames = asyncio.run(played())
    names = {name for frame in frames for name in REAL if re.search(rf"\b{re.escape(name)}\b", frame.svg)}
    if names:
        raise SystemExit(f"the animation shows whose machine this is: {', '.join(sorted(names))}")
    path = Path(os.environ.get("DEMO_PICTURE", str(HERE / "demo.png")))
    size = animation(frames, path)
    seconds = sum(frame.seconds for frame in frames)
    sys.stderr.write(f"{path.name}  {SIZE[0]}x{SIZE[1]}  {len(frames)} frames  {seconds:.0f} s  {size // 1024} KB\n")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} has {size:,} bytes, {MOST_BYTES:,} are the most that a page should load")


if __name__ == "__main__":
    main()
