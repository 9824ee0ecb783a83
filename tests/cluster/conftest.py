"""A real scheduler and two real workers on loopback, each a process of its own; over TLS and plain."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.servers import free_port
from tui_app.cluster.address import Tls

ROOT = Path(__file__).parents[2]
READY_S = 60.0


class Cluster:
    """Dask's own programs as an operator starts them, without dashboards; what they log is kept in files."""

    def __init__(self, folder: Path, *, tls: bool) -> None:
        self.folder = folder
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{free_port()}"
        self.files = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key")} if tls else {}
        if tls:
            authority = trustme.CA()
            authority.cert_pem.write_to_path(self.files["ca"])
            issued = authority.issue_cert("localhost", "127.0.0.1")
            issued.private_key_pem.write_to_path(self.files["key"])
            for pem in issued.cert_chain_pems:
                pem.write_to_path(self.files["cert"], append=True)
        self.tls = Tls(*map(str, self.files.values()))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        options = [part for key, path in self.files.items() for part in (f"--tls-{key}{'-file' if key == 'ca' else ''}", str(path))]
        command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:], *options, "--no-dashboard"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_LOGGING__DISTRIBUTED": "debug"}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)

    def up(self) -> None:
        scheme, _, port = self.address.replace("://127.0.0.1", "").partition(":")
        self.start("scheduler", "dask_scheduler", "--host", "127.0.0.1", "--protocol", scheme, "--port", port)
        for name in ("w1", "w2"):
            self.start(
                name, "dask_worker", self.address, "--name", name, "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1",
                "--local-directory", str(self.folder / name),
            )  # fmt: skip
        until = time.monotonic() + READY_S
        while len(re.findall(r"Starting worker compute stream", self.log("scheduler"))) < 2:
            assert time.monotonic() < until, self.log("scheduler") + self.log("w1")
            time.sleep(0.05)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)

    def down(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
        for process in self.processes.values():
            process.wait()


@contextlib.contextmanager
def running(folder: Path, *, tls: bool) -> Iterator[Cluster]:
    cluster = Cluster(folder, tls=tls)
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down()
        shutil.rmtree(folder / "w1", ignore_errors=True)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Over TLS; its workers live to the end of the module."""
    with running(tmp_path_factory.mktemp("tls"), tls=True) as cluster:
        yield cluster


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Cluster]:
    """Over plain TCP, for one test, which may kill workers."""
    with running(tmp_path, tls=False) as cluster:
        yield cluster
