"""Which workers a scheduler has, and whether they are fit: the same Vigil and Python as here, since an engine there must be this engine."""

from __future__ import annotations

import asyncio
import platform
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from distributed import Client

from tui_app import __version__
from tui_app.cluster import place
from tui_app.fleet.api import FleetError
from tui_app.sanitize import sanitize

CALL_S: Final = 15.0
PROBES: Final = 3
"""The fastest of them tells the clock's offset best; the first has the worker load what it answers with."""


class WorkerFacts(msgspec.Struct, frozen=True):
    """One worker as it told. `offset_s`: its clock minus ours, give or take half of `round_trip_s`; `unfit`: why it cannot serve."""

    address: str
    name: str
    host: str
    vigil: str = ""
    python: str = ""
    distributed: str = ""
    offset_s: float = 0.0
    round_trip_s: float = 0.0
    unfit: str = ""


async def look(client: Client, address: str) -> list[WorkerFacts]:
    """All workers, by name. Raises `FleetError` where there is none, or nobody answers."""
    known = (await client.scheduler.identity(n_workers=-1))["workers"]
    if not known:
        raise FleetError(
            f"the scheduler at {address} has no workers",
            "none has joined",
            f"start some: `dask worker {address} --nworkers 4 --nthreads 1`",
        )
    facts = await asyncio.gather(*(_one(client, worker, str(told.get("name", worker))) for worker, told in known.items()))
    return _spread(sorted(facts, key=lambda one: (one.name.zfill(12), one.address)))


def _spread(workers: Sequence[WorkerFacts]) -> list[WorkerFacts]:
    """One of every host first, then a second: few engines use many machines."""
    before: Counter[str] = Counter()
    ranked = []
    for worker in workers:
        ranked.append((before[worker.host], worker))
        before[worker.host] += 1
    return [worker for _, worker in sorted(ranked, key=lambda pair: pair[0])]


async def _one(client: Client, worker: str, name: str) -> WorkerFacts:
    told: Any = None
    took, offset = float("inf"), 0.0
    for _ in range(PROBES):
        before, began = time.time(), time.monotonic()
        try:
            async with asyncio.timeout(CALL_S):
                told = (await client.run(place.look, workers=[worker], on_error="return"))[worker]
        except (OSError, RuntimeError, KeyError, TimeoutError) as error:
            told = error
        if isinstance(told, BaseException):
            break
        if (lasted := time.monotonic() - began) < took:
            took, offset = lasted, float(told["clock"]) - (before + lasted / 2)
    host = sanitize(worker.partition("://")[2])
    name = host if name == worker else sanitize(name)  # Dask calls a worker without a name by its address
    if isinstance(told, ModuleNotFoundError | AttributeError):
        return WorkerFacts(
            worker, name, host, unfit=f"Vigil is not installed there, or one that knows no clusters; here it is {__version__}"
        )
    if isinstance(told, BaseException):
        return WorkerFacts(worker, name, host, unfit=f"it does not answer ({type(told).__name__})")
    vigil, python, dask = (sanitize(str(told[key])) for key in ("vigil", "python", "distributed"))
    here = platform.python_version()
    unfit = ""
    if vigil != __version__:
        unfit = f"it has Vigil {vigil} with Python {python}; here it is Vigil {__version__} with Python {here}"
    elif python.split(".")[:2] != here.split(".")[:2]:
        unfit = f"it has Python {python} with Vigil {vigil}; here it is Python {here} with Vigil {__version__}"
    return WorkerFacts(worker, name, sanitize(str(told["host"])), vigil, python, dask, offset, took, unfit)


def fit(workers: Sequence[WorkerFacts]) -> None:
    """Raises `FleetError` where a worker is not fit: part of a cluster is not quietly left out."""
    bad = [worker for worker in workers if worker.unfit]
    if bad:
        said = "; ".join(f"{worker.name} on {worker.host}: {worker.unfit}" for worker in bad[:5])
        raise FleetError(
            f"{len(bad)} of {len(workers)} workers are not fit",
            said,
            "install the same Vigil and the same Python on every worker: `vigil cluster check` tells what each has",
        )
