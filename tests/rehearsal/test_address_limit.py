"""The rehearsal limits connects and sockets of one client address as the wire contract says, and another address is not touched by it."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from tui_app.rehearsal.addresses import Addresses


def test_so_many_connects_in_a_time_and_so_many_sockets_at_once() -> None:
    now = [100.0]
    addresses = Addresses((3, 60.0, 2), lambda: now[0])
    assert [addresses.enter("a") for _ in range(2)] == ["", ""]
    assert addresses.enter("a") == "Too many concurrent connections"
    now[0] += 18.5
    assert addresses.enter("a") == "Rate limit exceeded - retry after 42s"
    assert addresses.enter("b") == ""
    addresses.leave("a")
    now[0] += 41.5
    assert addresses.enter("a") == ""


def test_without_a_limit_nothing_is_counted() -> None:
    addresses = Addresses(None)
    assert {addresses.enter("a") for _ in range(100)} == {""}


async def test_a_socket_too_many_is_closed_with_1008_and_another_address_is_welcome(serve) -> None:
    staging = serve("--address-limit", "10/60,1", "--delay-scale", "0")
    user = await staging.user()
    url = f"{staging.urls['websocket']}?token={user.access}"
    async with connect(url) as first:
        assert "connection_established" in str(await first.recv())
        async with connect(url) as second:
            with pytest.raises(ConnectionClosedError) as closed:
                await second.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Too many concurrent connections")
        async with connect(url, local_addr=("127.0.0.2", 0)) as other:
            assert "connection_established" in str(await other.recv())


def test_behind_a_front_all_come_from_one_address(capsys) -> None:
    from tui_app.rehearsal.options import parse

    with pytest.raises(SystemExit):
        parse(["--address-limit", "10/60,5", "--instances", "2"])
    assert "one address" in capsys.readouterr().err
    for wrong in ("10/60", "10/60,0", "x/60,5"):
        with pytest.raises(SystemExit):
            parse(["--address-limit", wrong])
