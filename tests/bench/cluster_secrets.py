"""Whether anything secret stands where Dask's people can read it: its logs, its scheduler's tasks, events and state."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

from tests.bench.cluster_parts import Cluster
from tui_app.cluster.address import Tls
from tui_app.cluster.connecting import reach

TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ")
"""How a JSON Web Token begins: two JSON objects in base64."""
EXCHANGED: Final = "tui_app.cluster.place"
"""Stands in what is looked through, or the wrong thing is looked through."""


def known(*folders: Path) -> set[str]:
    """Passwords of all accounts that engines registered and kept, on what stands for their machines."""
    files = [path for folder in folders for path in folder.rglob("accounts.json")]
    kept = [json.loads(path.read_text()) for path in files]
    return {account["password"] for file in kept for accounts in file["targets"].values() for account in accounts}


def state_of(cluster: Cluster) -> str:
    """What the scheduler keeps at this moment: tasks, events, stories, workers; as text."""
    with mock.patch.dict(os.environ, cluster.certificates()):
        return asyncio.run(_state(cluster))


async def _state(cluster: Cluster) -> str:
    client = await reach(cluster.address, Tls())
    try:
        to = cluster.folder / "state"
        await client.dump_cluster_state(str(to))
        kept = gzip.decompress(to.with_suffix(".msgpack.gz").read_bytes()).decode("latin-1")
        return kept + repr(await client.get_events()) + repr(await client.story())
    finally:
        await client.close()


def found_in(values: Iterable[str], texts: Sequence[str]) -> dict[str, Any]:
    """Search every text for every value, as it is and in base64, and for tokens of anybody."""
    every = sorted(values)
    wrong = [] if every else ["no account was kept, so there is nothing to look for"]
    everything = "\n".join(texts)
    if EXCHANGED not in everything or "'box'" not in everything:
        wrong.append("what is looked through is not what was exchanged")
    forms = [form for value in every for form in (value, base64.b64encode(value.encode()).decode().rstrip("=")[:-1])]
    if count := sum(form in everything for form in forms):
        wrong.append(f"{count} passwords stand in what Dask logs or keeps")
    if tokens := len(TOKEN.findall(everything)):
        wrong.append(f"{tokens} tokens stand in what Dask logs or keeps")
    return {"looked_for": len(every), "bytes": len(everything), "wrong": wrong}
