"""A real scheduler and two real workers on loopback, each a process of its own; over TLS and plain."""

from __future__ import annotations

import os
import re
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
CLOSED = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--preload", "tui_app.cluster.closed")
"""No HTTP port; what Dask opens for the moment before the preload is on loopback."""


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

    def start(self, name: str, *arguments: str, root: Path = ROOT) -> None:
        options = [part for key, path in self.files.items() for part in (f"--tls-{key}{'-file' if key == 'ca' else ''}", str(path))]
        command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:], *options, *CLOSED]
        environment = {**os.environ, "PYTHONPATH": str(root), "DASK_LOGGING__DISTRIBUTED": "debug"}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)

    def up(self) -> None:
        scheme, _, port = self.address.replace("://127.0.0.1", "").partition(":")
        self.start("scheduler", "dask_scheduler", "--host", "127.0.0.1", "--protocol", scheme, "--port", port)
        for name in ("w1", "w2"):
            self.start_worker(name)

    def start_worker(self, name: str, root: Path = ROOT) -> None:
        """`root`: where its Vigil is."""
        self.start(
            name, "dask_worker", self.address, "--name", name, "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1",
            "--death-timeout", "60", "--local-directory", str(self.folder / name), root=root,
        )  # fmt: skip

    def wait_for(self, *names: str) -> None:
        until = time.monotonic() + READY_S
        while not all(re.search(r"Registered to:", self.log(name)) for name in names):
            assert time.monotonic() < until, self.log("scheduler") + self.log(names[0])
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


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Cluster]]:
    """One with TLS and one without, started at the same time."""
    clusters = {tls: Cluster(tmp_path_factory.mktemp("cluster"), tls=tls) for tls in (True, False)}
    try:
        for cluster in clusters.values():
            cluster.up()
        for cluster in clusters.values():
            cluster.wait_for("w1", "w2")
        yield clusters
    finally:
        for cluster in clusters.values():
            cluster.down()


@pytest.fixture
def secure(both: dict[bool, Cluster]) -> Cluster:
    """Over TLS; its workers live to the end of the module."""
    return both[True]


@pytest.fixture
def plain(both: dict[bool, Cluster]) -> Cluster:
    """Over plain TCP; its tests kill workers, and each says which it needs."""
    return both[False]
