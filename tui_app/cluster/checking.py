"""`vigil cluster check`: what a session would find at a scheduler, told before one is started."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from tui_app import __version__
from tui_app.cluster.address import Tls
from tui_app.cluster.connecting import reach
from tui_app.cluster.workers import WorkerFacts, look
from tui_app.sanitize import sanitize

FAR_S: Final = 1.0
"""A clock that is further off makes the times of a worker's own recording misleading; what is judged does not depend on it."""
SHAPE: Final = "{:21} {:20} {:9} {:9} {:10} {:>18}  {}"


async def check(address: str, tls: Tls, *, plain: bool) -> tuple[list[str], bool]:
    """Lines for the operator, and whether every worker is fit. Starts nothing. Raises `FleetError`."""
    client = await reach(address, tls, plain=plain)
    try:
        theirs = (await client.get_versions())["scheduler"]["packages"].get("distributed", "?")
        workers = await look(client, address)
    finally:
        await client.close()
    ours = version("distributed")
    secure = address.strip().startswith("tls://")
    how = "TLS, both sides with certificates of one authority" if secure else "plain TCP: nothing is encrypted"
    lines = [
        f"scheduler  {address}: reached, {how}",
        f"Dask       distributed {ours} here, {sanitize(str(theirs))} there{'' if str(theirs) == ours else ': bring them together'}",
        f"Vigil      {__version__} here",
        "",
        SHAPE.format("WORKER", "HOST", "VIGIL", "PYTHON", "DASK", "CLOCK OFF BY", ""),
        *(_line(worker) for worker in workers),
    ]
    good = sum(not worker.unfit for worker in workers)
    lines += ["", f"{good} of {len(workers)} workers can take an engine"]
    return lines, good == len(workers)


def _line(worker: WorkerFacts) -> str:
    clock = f"{worker.offset_s * 1e3:+.0f} ± {worker.round_trip_s * 500:.0f} ms" if worker.vigil else ""
    far = worker.vigil and abs(worker.offset_s) - worker.round_trip_s / 2 > FAR_S
    word = worker.unfit or ("set its clock (NTP)" if far else "fit")
    return SHAPE.format(worker.name, worker.host, worker.vigil, worker.python, worker.distributed, clock, word).rstrip()
