"""A session over real servers of which one stops in its middle: its tier fails, and the others do not."""

from __future__ import annotations

import json

from tests.engine.conftest import Home
from tests.servers import Server

WATCHES = {tier: f"tier-{tier}-stays" for tier in ("postgres", "redis", "clickhouse")}
SEEN_TO_WORK = "ws-connect"


def test_the_tier_whose_server_stops_fails_and_no_other(home: Home, postgres: Server, valkey: Server, clickhouse: Server) -> None:
    for tier, server in zip(WATCHES, (postgres, valkey, clickhouse), strict=True):
        home.env[f"VIGIL_REHEARSAL_{tier.upper()}"] = server.dsn
    out = home.folder / "out.json"
    checks = ",".join([SEEN_TO_WORK, *WATCHES.values()])
    process = home.start("run", "--target", "rehearsal", "--users", "1", "--checks", checks, "--json", str(out))
    assert process.stderr is not None
    for line in process.stderr:
        if SEEN_TO_WORK in line:
            break
    valkey.stop()
    process.communicate(timeout=60)
    words = {one["id"]: one["verdict"] for one in json.loads(out.read_text())["checks"]}
    assert {tier: words[check] for tier, check in WATCHES.items()} == {"postgres": "PASS", "redis": "FAIL", "clickhouse": "PASS"}
    assert process.returncode == 1
