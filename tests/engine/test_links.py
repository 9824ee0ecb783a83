"""Whole sessions with a fault proxy between: over TLS the certificate check stays; before an HTTP proxy there can be no fault proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tui_app.recording.reader import Reader


def test_over_tls_connections_are_broken_in_every_way_and_recover(home: Any, target: Callable[..., str], serve_process: Any) -> None:
    process, urls = serve_process("--tls", "--delay-scale", "0.1")
    try:
        more = [f'[network]\nca = "{urls.pop("ca")}"']
        ran = home.vigil("run", "--target", target(urls, more=more), "--users", "5", "--checks", "recovery-cut")
    finally:
        process.communicate(timeout=10)
    assert ran.code == 0, ran.out + ran.err
    with Reader(home.recording()) as reader:
        rows = list(reader.rows())
    faults = [row.body for row in rows if row.kind == "step" and row.type == "end" and "fault_end" in row.body]
    begun = [row.body["fault"] for row in rows if row.kind == "step" and row.type == "begin" and row.body["intent"] == "fault"]
    assert {fault.partition("=")[0] for fault in begun} == {"cut", "rst", "half-open", "mid-frame", "kill-busy"}
    assert len(begun) == len(faults) == 10
    assert {fault["how"] for fault in faults} == {"ended", "ping unanswered"}
    linked = {row.conn for row in rows if row.kind == "conn" and row.type == "dialing" and row.body.get("link")}
    assert len(linked) == 10
    # What the fault proxy adds is in no figure of the target's.
    samples = [row for row in rows if row.kind == "sample" and row.type in ("connect", "control_ping", "run") and row.conn in linked]
    assert not samples
    recovered = [row.ms for row in rows if row.kind == "sample" and row.type == "recovery"]
    assert len(recovered) == 10


async def test_before_an_http_proxy_no_line_can_be_broken_and_that_reads_blocked(
    home: Any, target: Callable[..., str], staging: dict[str, str]
) -> None:
    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        where = head.split()[1]
        if head.startswith("CONNECT "):
            there, back = await asyncio.open_connection(*where.rsplit(":", 1))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            host = where.split("/")[2]
            there, back = await asyncio.open_connection(*host.rsplit(":", 1))
            back.write(head.replace(f"http://{host}", "", 1).replace("\r\n", "\r\nConnection: close\r\n", 1).encode())
        await asyncio.gather(pump(reader, back), pump(there, writer))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    async with server:
        proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        file = target(staging, more=[f'[network]\nproxy = "{proxy}"'])
        ran = await asyncio.to_thread(home.vigil, "run", "--target", file, "--users", "2", "--checks", "dead-link-noticed")
    assert ran.code == 3, ran.out + ran.err
    assert ran.word("dead-link-noticed") == "BLOCKED"
    assert "through an HTTP proxy" in ran.reason("dead-link-noticed")
