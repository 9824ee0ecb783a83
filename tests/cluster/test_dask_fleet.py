"""Engines on real workers of a real scheduler: every line arrives once, in order; a lost worker is noticed; nothing secret is anywhere."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import trustme
import uvloop

from tests.cluster.conftest import ROOT, Cluster
from tests.servers import free_port
from tui_app import __version__
from tui_app.cli import dispatch, parser
from tui_app.cluster.address import Tls
from tui_app.cluster.dask_fleet import DaskFleet
from tui_app.fleet.api import FleetError, Member

STANDIN = [str(Path(__file__).parent / "standin.py")]
SECRET = "correct-horse-battery-staple-7"
LONG = 700_000
"""Bytes in a line, several times what one batch may carry."""


@contextlib.asynccontextmanager
async def fleet_of(cluster: Cluster) -> AsyncIterator[DaskFleet]:
    fleet = await DaskFleet.connect(cluster.address, STANDIN, tls=cluster.tls)
    try:
        yield fleet
    finally:
        await fleet.close()


class Heard:
    """What an engine says, as it comes."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.said: list[dict[str, Any]] = []
        self.news = asyncio.Event()
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for line in self.member.lines():
            self.said.append(json.loads(line))
            self.news.set()

    async def until(self, key: str) -> Any:
        while not (found := [said[key] for said in self.said if key in said]):
            self.news.clear()
            await self.news.wait()
        return found[0]

    def all(self, key: str) -> list[Any]:
        return [said[key] for said in self.said if key in said]


def order(lines: int, **more: Any) -> bytes:
    return json.dumps({"lines": lines, "secret": SECRET, **more}).encode()


async def refusal(address: str, tls: Tls | None = None, *, plain: bool = False) -> FleetError:
    with pytest.raises(FleetError) as caught:
        await DaskFleet.connect(address, STANDIN, tls=tls, plain=plain)
    assert caught.value.what and caught.value.what_next
    return caught.value


async def test_every_line_and_command_arrives_once_and_in_order(secure: Cluster) -> None:
    async with fleet_of(secure) as fleet:
        members = await fleet.members(2)
        assert [member.engine for member in members] == [2, 3]
        assert {member.where.split()[0] for member in members} == {"w1", "w2"}
        await asyncio.gather(members[0].start(order(25)), members[1].start(order(3, pad=LONG)))
        heard = [Heard(member) for member in members]
        await asyncio.gather(*(members[0].send(json.dumps({"go": number}).encode()) for number in range(10)))
        assert [await one.until("done") for one in heard] == [25, 3]
        assert [health.state for health in fleet.health()] == ["up", "up"]
        assert all(health.memory_mib > 1 for health in fleet.health())
    await asyncio.gather(*(one.task for one in heard))
    assert heard[0].all("line") == [*range(25)]
    assert heard[0].all("told") == [{"go": number} for number in range(10)]
    assert heard[1].all("line") == [0, 1, 2] and all(len(pad) == LONG for pad in heard[1].all("pad"))
    assert [member.code for member in members] == [0, 0]
    with pytest.raises(ConnectionError):
        await members[0].send(b"{}")


async def test_nothing_secret_is_anywhere_but_in_the_engine(secure: Cluster) -> None:
    """The processes log whole messages here (level debug), and the scheduler keeps every event: none of it shows an order or a command."""
    async with fleet_of(secure) as fleet:
        (member,) = await fleet.members(1)
        await member.start(order(2))
        heard = Heard(member)
        await member.send(json.dumps({"token": SECRET[::-1]}).encode())
        assert await heard.until("length") == len(SECRET)
        await heard.until("told")
        client = fleet._client
        dump = secure.folder / "state"
        await client.dump_cluster_state(str(dump), format="yaml")
        kept = repr(await client.get_events()) + repr(await client.story()) + repr(member) + repr(vars(member)) + repr(fleet)
    everything = kept + "".join(secure.log(name) for name in secure.processes) + dump.with_suffix(".yaml").read_text()
    assert "tui_app.cluster.place" in everything and "'box'" in everything, "what is looked through is not what was exchanged"
    for secret in (SECRET, SECRET[::-1], base64.b64encode(SECRET.encode()).decode()):
        assert secret not in everything


async def test_nothing_is_missed_where_the_scheduler_is_slow_to_subscribe_us(secure: Cluster) -> None:
    async with fleet_of(secure) as fleet:
        client = fleet._client
        told, late = client._send_to_scheduler, asyncio.get_running_loop().call_later
        client._send_to_scheduler = lambda message: late(0.4, told, message) if message["op"] == "subscribe-topic" else told(message)
        (member,) = await fleet.members(1)
        await member.start(order(2))
        heard = Heard(member)
        assert await heard.until("done") == 2
        assert not member.lost and heard.all("line") == [0, 1]


def test_it_lives_in_the_engines_own_event_loop(secure: Cluster) -> None:
    async def hears() -> None:
        async with fleet_of(secure) as fleet:
            (member,) = await fleet.members(1)
            await member.start(order(2))
            assert await Heard(member).until("done") == 2

    uvloop.run(hears())


async def test_an_engine_that_fails_says_how_and_its_last_words_stay_there(secure: Cluster) -> None:
    async with fleet_of(secure) as fleet:
        first, second = await fleet.members(2)
        await first.start(b"{}")  # it dies of a KeyError
        await second.start(order(0))
        failed, crashed = Heard(first), Heard(second)
        await failed.task
        await second.send(b'{"crash": true}')
        await crashed.task
    assert first.lost == "ended with code 1 (KeyError)"
    assert second.lost == "ended with code 3"


def test_only_the_schedulers_and_workers_own_ports_are_open_and_on_loopback(secure: Cluster) -> None:
    listening = {
        name: [each.laddr for each in psutil.Process(process.pid).net_connections() if each.status == psutil.CONN_LISTEN]
        for name, process in secure.processes.items()
    }
    assert {name: len(found) for name, found in listening.items()} == {"scheduler": 1, "w1": 1, "w2": 1}
    assert {address.ip for found in listening.values() for address in found} == {"127.0.0.1"}


def test_the_check_tells_what_a_session_would_find(secure: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    files = [part for name in ("ca", "cert", "key") for part in (f"--{name}-file", str(secure.files[name]))]
    code = dispatch(parser().parse_args(["cluster", "check", secure.address, *files]))
    said = capsys.readouterr().out
    assert code == 0, said
    assert "2 of 2 workers can take an engine" in said and "TLS" in said
    assert [line.split()[2] for line in said.splitlines() if line.startswith("w")] == [__version__, __version__]


async def test_wrong_certificates_and_addresses_are_told_apart(secure: Cluster, plain: Cluster, tmp_path: Path) -> None:
    stranger = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    ours = secure.tls
    assert "is not trusted" in (await refusal(secure.address, Tls(str(stranger), ours.cert_file, ours.key_file))).what
    other = trustme.CA().issue_cert("localhost")
    other.private_key_and_cert_chain_pem.write_to_path(tmp_path / "other.pem")
    assert "TLS" in (await refusal(secure.address, Tls(ours.ca_file, str(tmp_path / "other.pem")))).what
    assert "does not speak TLS" in (await refusal(plain.address.replace("tcp", "tls"), ours)).what
    assert "tls://" in (await refusal(secure.address.replace("tls", "tcp"))).what_next
    assert "cannot be read" in (await refusal(secure.address, Tls(str(tmp_path / "absent.pem")))).what
    assert (await refusal(f"tcp://127.0.0.1:{free_port()}")).why == "Connection refused"


async def test_a_killed_worker_is_lost_with_its_engine_and_the_others_go_on(plain: Cluster) -> None:
    async with fleet_of(plain) as fleet:
        with pytest.raises(FleetError, match="3 engines are wanted on workers, and the cluster has 2"):
            await fleet.members(3)
        first, second = await fleet.members(2)
        await asyncio.gather(first.start(order(20)), second.start(order(10_000, deaf=sys.platform == "linux")))
        goes, dies = Heard(first), Heard(second)
        engine = psutil.Process(await dies.until("pid"))
        await dies.until("line")
        plain.kill(second.where.split()[0])
        await dies.task
        assert second.lost.startswith("is lost")
        assert [health.state for health in fleet.health()] == ["up", "lost"]
        await asyncio.to_thread(engine.wait)
        with pytest.raises(ConnectionError, match="is lost"):
            await second.send(b"{}")
        await goes.until("done")
    assert goes.all("line") == [*range(20)]
    assert dies.all("line") == [*range(len(dies.all("line")))]


async def test_a_worker_that_hangs_is_silent_and_then_lost(plain: Cluster) -> None:
    async with fleet_of(plain) as fleet:
        (member,) = await fleet.members(1)
        await member.start(order(10_000))
        heard = Heard(member)
        await heard.until("line")
        worker = psutil.Process(plain.processes[member.where.split()[0]].pid)
        worker.suspend()
        states = []
        try:
            while not heard.task.done():
                states.append(fleet.health()[0].state)
                await asyncio.wait([heard.task], timeout=0.1)
        finally:
            worker.resume()
    assert [state for place, state in enumerate(states) if state not in states[:place]] == ["up", "silent"]
    assert fleet.health()[0].state == "lost" and "silent for" in member.lost


async def test_a_worker_with_another_vigil_is_refused_with_both_versions(plain: Cluster, tmp_path: Path) -> None:
    package = tmp_path / "tui_app"
    package.mkdir()
    for path in (ROOT / "tui_app").iterdir():
        if path.name not in ("__init__.py", "__pycache__"):
            (package / path.name).symlink_to(path)
    (package / "__init__.py").write_text('__version__ = "9.8.7"\n')
    plain.start_worker("w9", root=tmp_path)
    await asyncio.to_thread(plain.wait_for, "w9")
    async with fleet_of(plain) as fleet:
        with pytest.raises(FleetError) as caught:
            await fleet.members(1)
    assert "Vigil 9.8.7 with Python" in caught.value.why and f"here it is Vigil {__version__} with Python" in caught.value.why
    assert "w9" in caught.value.why and "1 of " in caught.value.what


async def test_a_scheduler_without_workers_says_how_to_start_some(plain: Cluster) -> None:
    """The last one: it ends them all."""
    for name, process in plain.processes.items():
        if name != "scheduler":
            process.kill()
            await asyncio.to_thread(process.wait)
    error = await refusal(plain.address)
    assert "has no workers" in error.what and f"dask worker {plain.address}" in error.what_next
