"""What a session over a cluster needs on one machine: Dask's scheduler and workers, a rehearsal staging, and `vigil run`; all processes."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
READY_S: Final = 60.0
LOOK_S: Final = 0.02
FILES: Final = {"ca": "client.pem", "cert": "server.pem", "key": "server.key"}
"""What `python -m trustme` writes: the authority, and one certificate for all."""
NEWS: Final = "SELECT seq, type, text FROM rows WHERE kind = 'engine' AND seq > ? ORDER BY seq"
CLOSED: Final = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--preload", "tui_app.cluster.closed")


class Processes:
    """Processes that end with the block, by their own pids; what each says is in a file of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.running.values()):
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def environment(self, home: str, **more: str) -> dict[str, str]:
        """State, configuration and runtime folders of its own, as on a machine of its own."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), **more}
        for name in ("STATE_HOME", "RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME"):
            path = self.folder / home / name.lower()
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            env[f"XDG_{name}"] = str(path)
        return env

    def start(self, name: str, *command: str, env: dict[str, str], out: int | IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start `python -m COMMAND`."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = process = subprocess.Popen(
                [sys.executable, "-m", *command], env=env, cwd=self.folder, stdin=subprocess.PIPE,
                stdout=log if out is None else out, stderr=log,
            )  # fmt: skip
        return process

    def log(self, name: str) -> str:
        """What it has said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")


class Cluster(Processes):
    """A scheduler and workers over TLS, started by the guide's own commands (`vigil cluster`), at level debug."""

    def __init__(self, folder: Path, workers: int) -> None:
        super().__init__(folder)
        self.workers = workers
        self.address = ""

    def __enter__(self) -> Self:
        subprocess.run([sys.executable, "-m", "trustme", "-q", "-d", str(self.folder), "-i", "localhost", "127.0.0.1"], check=True)
        tls = [part for name, file in FILES.items() for part in (f"--tls-{name}{'-file' if name == 'ca' else ''}", str(self.folder / file))]
        debug = {"DASK_LOGGING__DISTRIBUTED": "debug"}
        here = ("--host", "127.0.0.1")
        # `--port 0`: the guide's 8786 may be taken here.
        scheduler = ("distributed.cli.dask_scheduler", "--protocol", "tls", "--port", "0", *here, *tls, *CLOSED)
        self.start("scheduler", *scheduler, env=self.environment("scheduler-home", **debug))
        self.address = self._said("scheduler", r"Scheduler at:\s+(tls://\S+)", 1)[0]
        many = ("--nworkers", str(self.workers), "--nthreads", "1", "--memory-limit", "0", "--local-directory", str(self.folder / "dask"))
        worker = ("distributed.cli.dask_worker", self.address, *many, *here, *tls, *CLOSED)
        self.start("workers", *worker, env=self.environment("workers-home", **debug))
        self._said("workers", r"Registered to:", self.workers)
        return self

    def _said(self, name: str, pattern: str, times: int) -> list[str]:
        until = time.monotonic() + READY_S
        while len(found := re.findall(pattern, self.log(name))) < times:
            if time.monotonic() > until or self.running[name].poll() is not None:
                raise SystemExit(f"the {name} did not come up:\n{self.log(name)[-2000:]}")
            time.sleep(LOOK_S)
        return found

    def certificates(self) -> dict[str, str]:
        """The variables by which Vigil is told of them."""
        return {f"VIGIL_CLUSTER_{name.upper()}_FILE": str(self.folder / file) for name, file in FILES.items()}

    def shards(self) -> list[Path]:
        """Recordings of the workers' engines."""
        return sorted((self.folder / "workers-home").rglob("*.shard"))


class Staging(Processes):
    """A rehearsal that notes what it did, in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder)
        self.options = options
        self.truth = folder / "truth.jsonl"
        self.target = folder / "target.toml"

    def __enter__(self) -> Self:
        command = ("tui_app", "rehearse", "--stop-with-stdin", "--log", str(self.truth), *self.options)
        process = self.start("rehearsal", *command, env=self.environment("rehearsal-home"), out=subprocess.PIPE)
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        named = "\n".join(f'{name} = "{urls[name]}"' for name in ("backend", "auth", "frontend", "websocket"))
        self.target.write_text(
            f'[target]\nname = "served"\nenvironment = "rehearsal"\n{named}\n[credentials]\nmode = "register"\n[limits]\nminutes = 30\n'
        )
        return self


class Session(Processes):
    """One `vigil run` as a user starts it, whose engines are on a cluster's workers."""

    def __init__(self, folder: Path, cluster: Cluster, staging: Staging, users: int, checks: str) -> None:
        super().__init__(folder)
        self.cluster = cluster
        self._result = folder / "result.json"
        command = (
            "tui_app", "run", "--target", str(staging.target), "--users", str(users), "--cluster", cluster.address, "--checks", checks,
            "--unattended", "--json", str(self._result),
        )  # fmt: skip
        self._known = set(cluster.shards())
        self.began = time.monotonic()
        self._seq = 0
        self.start("vigil", *command, env=self.environment("vigil-home", **cluster.certificates()))

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.running["vigil"].poll() is not None

    def recording(self) -> Path | None:
        """The lead's recording, once there is one."""
        return next((self.folder / "vigil-home").rglob("*.vigil"), None)

    def shards(self) -> dict[int, Path]:
        """By engine, those of this session."""
        return {int(path.name.split(".")[-2]): path for path in self.cluster.shards() if path not in self._known}

    def news(self) -> list[tuple[str, dict[str, Any]]]:
        """What other engines have told since the last look: (type, body) of each row, as a viewer beside the session sees it."""
        path = self.recording()
        if path is None:
            return []
        try:
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            try:
                found = db.execute(
                    "SELECT seq, type, text FROM rows WHERE kind = 'engine' AND seq > ? ORDER BY seq", (self._seq,)
                ).fetchall()
            finally:
                db.close()
        except sqlite3.OperationalError:
            return []  # it is just being made
        self._seq = found[-1][0] if found else self._seq
        return [(kind, json.loads(text)) for _, kind, text in found]

    def end(self, within: float) -> tuple[int, float, dict[str, Any]]:
        """Wait for it: exit code, seconds that it took, result."""
        code = self.running["vigil"].wait(within)
        took = time.monotonic() - self.began
        return code, took, json.loads(self._result.read_text()) if self._result.exists() else {}
