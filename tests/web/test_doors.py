"""Who gets in and who does not, by plain requests."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.engine.conftest import Home
from tests.web.conftest import Served
from tui_app.web.guard import uid_of


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


async def knock(served: Served, **headers: str) -> int:
    """The status that a WebSocket is refused with; 101 where it is let in."""
    try:
        async with connect(f"ws://{served.place}/ws", additional_headers=headers, proxy=None, origin=None):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def test_on_this_machine_only_pages_of_ours_are_served(serve: Callable[..., Served]) -> None:
    served = serve()
    page = get(served.base)
    assert page.status_code == 200 and "googleapis" not in page.text and "no-store" in page.headers["Cache-Control"]
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert get(served.base, Host="elsewhere.example").status_code == 421, "a name that was made to point here"
    assert get(served.base, Origin="http://elsewhere.example").status_code == 403
    assert await knock(served) == 403, "a program that tells no Origin"
    assert await knock(served, Origin="http://elsewhere.example") == 403
    assert await knock(served, Origin="http://127.0.0.1:1") == 403, "another server of this machine"
    assert await knock(served, Origin=f"http://{served.place}") == 101
    for path in ("static/", "static/../server.py", "static/%2e%2e/server.py", "download/x"):
        assert get(served.base + path).status_code in (403, 404), path
    served.until_alone()


async def test_a_token_is_asked_for_everywhere_and_becomes_a_cookie(serve: Callable[..., Served]) -> None:
    served = serve("--token")
    token = served.url.partition("?token=")[2]
    assert len(token) >= 32
    for path in ("", "?token=wrong", "?token=", "page.js", "static/js/textual.js", "download/x", f"page.js?token={token}"):
        assert get(served.base + path).status_code == 401, path
    assert await knock(served, Origin=f"http://{served.place}") == 401
    arrived = get(served.url)
    cookie = arrived.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and token not in cookie and token not in arrived.text
    shown = cookie.partition(";")[0]
    assert get(served.base, Cookie=shown).status_code == 200 and get(served.base + "static/js/textual.js", Cookie=shown).status_code == 200
    assert get(served.base, Cookie=shown[:-1] + "!").status_code == 401
    assert await knock(served, Origin=f"http://{served.place}", Cookie=shown) == 101
    assert await knock(served, Origin="http://elsewhere.example", Cookie=shown) == 403, "a cookie does not make another's page ours"
    served.until_alone()


def test_other_addresses_need_a_token(home: Home) -> None:
    refused = home.vigil("web", "--host", "0.0.0.0", "--port", "0")
    assert refused.code == 2 and "--token" in refused.err
    home.env["SHORT"] = "x"
    short = home.vigil("web", "--host", "0.0.0.0", "--port", "0", "--token-env", "SHORT")
    assert short.code == 2 and "16 characters" in short.err
    taken = socket.create_server(("127.0.0.1", 0))
    busy = home.vigil("web", "--port", str(taken.getsockname()[1]))
    assert busy.code == 2 and "--port 0" in busy.err
    taken.close()


def test_a_token_of_a_variable_is_not_printed_and_not_passed_on(serve: Callable[..., Served]) -> None:
    served = serve("--host", "0.0.0.0", "--token-env", "OURS", OURS="a-token-of-some-length")
    assert "a-token" not in served.url
    assert get(served.base).status_code == 401
    assert get(served.base + "?token=a-token-of-some-length").status_code == 200


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no /proc/net/tcp here: who a connection belongs to is not told")
def test_the_owner_of_a_connection_is_known() -> None:
    import os

    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as mine:
        host, port = mine.getsockname()
        assert uid_of(host, port) == os.getuid()
    free = socket.create_server(("127.0.0.1", 0))
    unused = free.getsockname()[1]
    free.close()
    assert uid_of("127.0.0.1", unused) == -1


def test_the_owner_by_what_the_system_writes(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1F90 0100007F:A0B1 01 00000000:00000000 00:00000000 00000000  1001        0 1 1\n"
    )
    (tmp_path / "tcp6").write_text(
        "  sl  local_address                         remote_address                        st tx rx tr tm->when retr uid\n"
        "   0: 0000000000000000FFFF00000100007F:1F91 0000000000000000FFFF00000100007F:A0B1 01 0:0 00:0 0  1002        0 1 1\n"
        "   1: 00000000000000000000000001000000:1F92 00000000000000000000000001000000:A0B1 01 0:0 00:0 0  1003        0 1 1\n"
    )
    asked = (("127.0.0.1", 8080), ("127.0.0.1", 8081), ("::1", 8082), ("::ffff:127.0.0.1", 8080), ("127.0.0.1", 9999))
    assert [uid_of(*one, tmp_path) for one in asked] == [1001, 1002, 1003, 1001, -1]
    assert uid_of("127.0.0.1", 8080, tmp_path / "missing") is None
