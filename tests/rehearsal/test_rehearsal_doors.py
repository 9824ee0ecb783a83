"""TLS on every service, and the sign-in of end-to-end tests, of a real rehearsal process."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect

from tui_app.rehearsal.certificates import HOSTS, Certificates, Wanted
from tui_app.rehearsal.faults.registry import Fault, Seeded
from tui_app.rehearsal.options import parse

KEY = "a-key-for-this-test-alone"
HEADER = "X-E2E-Bypass-Key"
DOOR = "/auth/e2e/test-auth"


@pytest.fixture(scope="module")
def doors(module_serve):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REHEARSAL_E2E_KEY", KEY)
        return module_serve("--tls", "--e2e-key-env", "REHEARSAL_E2E_KEY", "--delay-scale", "0")


async def _asked(doors, email: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=doors.urls["ca"]), trust_env=False) as client:
        return await client.post(doors.urls["auth"] + DOOR, json={"email": email}, headers=headers)


async def test_every_service_speaks_tls_by_the_printed_authority_and_nothing_in_the_clear(doors) -> None:
    trust = ssl.create_default_context(cafile=doors.urls["ca"])
    for service in ("auth", "backend", "frontend"):
        url = doors.urls[service]
        assert url.startswith("https://")
        async with httpx.AsyncClient(verify=trust, trust_env=False) as client:
            assert (await client.get(url + "/health")).status_code == 200
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                await client.get(url + "/health")  # nobody trusts this authority who was not told to
            with pytest.raises(httpx.TransportError):
                await client.get(url.replace("https", "http") + "/health")
    signed_in = (await _asked(doors, "tls@example.test", **{HEADER: KEY})).json()
    bearer = {"Authorization": f"Bearer {signed_in['access_token']}"}
    assert doors.urls["websocket"].startswith("wss://")
    async with connect(doors.urls["websocket"], ssl=trust, additional_headers=bearer, compression=None) as websocket:
        assert "connection_established" in str(await websocket.recv())


async def test_the_key_opens_the_door_and_nothing_else_does(doors) -> None:
    assert (await _asked(doors, "u1@example.test")).status_code == 401
    assert (await _asked(doors, "u1@example.test", **{HEADER: "another"})).status_code == 401
    answer = await _asked(doors, "u1@example.test", **{HEADER: KEY})
    body = answer.json()
    assert body["user"] == {"id": "e2e-u1", "email": "u1@example.test", "name": ""}
    assert jwt.decode(body["access_token"], options={"verify_signature": False})["sub"] == "e2e-u1"


async def test_one_local_part_on_two_domains_is_one_identity(doors) -> None:
    subjects = {(await _asked(doors, f"same@{domain}", **{HEADER: KEY})).json()["user"]["id"] for domain in ("a.test", "b.test", "a.test")}
    assert subjects == {"e2e-same"}


async def test_without_a_key_the_door_is_not_configured(staging) -> None:
    answer = await staging.http("auth", "POST", DOOR, json={"email": "a@example.test"}, headers={HEADER: ""})
    assert answer.status_code == 503


def test_a_variable_that_is_not_set_is_wrong_usage(capsys, monkeypatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(SystemExit):
        parse(["--e2e-key-env", "NOT_THERE"])
    assert "NOT_THERE is not set" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["foreign", "expired", "another host"])
def test_a_fault_may_give_a_service_another_certificate(tmp_path, what) -> None:
    def another(wanted: Wanted, service: str) -> Wanted:
        now = datetime.now(UTC)
        changed = {
            "foreign": Wanted(wanted.hosts, wanted.not_before, wanted.not_after, foreign=True),
            "expired": Wanted(wanted.hosts, now - timedelta(days=2), now - timedelta(days=1)),
            "another host": Wanted(("elsewhere.test",), wanted.not_before, wanted.not_after),
        }[what]
        return changed if service == "auth" else wanted

    seeded = Seeded([Fault("x", "For this test.", (), lambda: {"tls.certificate": another})])
    certificates = Certificates(tmp_path / "ca.pem", seeded)
    trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    assert _handshake(trust, certificates.context("backend"), HOSTS[0]) == ""
    problem = {"foreign": "unable to get local issuer|self.signed", "expired": "expired", "another host": "mismatch"}[what]
    said = _handshake(trust, certificates.context("auth"), HOSTS[0])
    assert any(word in said for word in problem.split("|")), said


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> str:
    """A TLS handshake in memory; what the client makes of the certificate, '' where it is content."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(down, up, server_hostname=host)
    there = server.wrap_bio(up, down, server_side=True)
    for _ in range(10):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message + " " + str(error)
        if here.version() and there.version():
            return ""
    raise AssertionError("the handshake did not end")
