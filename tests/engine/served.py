"""A rehearsal in a process of its own that notes what it does, and a target file that names it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]


class Served:
    """`target` is the file for `vigil run --target`, `log` what the rehearsal notes. Ends with the block."""

    def __init__(self, folder: Path, *options: str, users: int = 50, more: str = "") -> None:
        self.log = folder / "rehearsal.log"
        self.target = folder / "served.toml"
        command = [sys.executable, "-m", "tui_app", "rehearse", "--stop-with-stdin", "--log", str(self.log), *options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        urls = json.loads(self._process.stdout.readline())
        named = "\n".join(f'{name} = "{urls[name]}"' for name in ("backend", "auth", "frontend", "websocket"))
        self.target.write_text(
            f'[target]\nname = "served"\nenvironment = "rehearsal"\n{named}\n[credentials]\nmode = "register"\nusers = {users}\n{more}\n'
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
