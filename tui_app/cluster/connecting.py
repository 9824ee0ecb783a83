"""Reaching a scheduler, and saying plainly why that is not possible."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import warnings
from typing import Final

from distributed import Client, Security
from distributed.versions import VersionMismatchWarning

from tui_app.cluster.address import Address, Tls, parse
from tui_app.fleet.api import FleetError

REACH_S: Final = 8.0
PATIENT_S: Final = 1.5
CERTIFICATES: Final = "correct [cluster] ca_file, cert_file and key_file: all of a cluster carry certificates of one authority"


async def reach(address: str, tls: Tls, *, plain: bool = False) -> Client:
    """A client of the scheduler there, in this event loop. Raises `FleetError`."""
    found = parse(address, plain=plain)
    security = secured(tls) if found.scheme == "tls" else Security(require_encryption=False)
    context = _context(security) if found.scheme == "tls" else None
    await _knock(found, context)
    _hush()
    try:
        return await Client(
            str(found), asynchronous=True, security=security, set_as_default=False, timeout=REACH_S, direct_to_workers=False, name="vigil"
        )
    except (OSError, ImportError, ValueError, RuntimeError) as error:
        raise FleetError(
            f"the scheduler at {found} does not take us in", type(error).__name__, "compare Dask's versions with `vigil cluster check`"
        ) from None


def secured(tls: Tls) -> Security:
    """What Dask needs to know for TLS. Raises `FleetError` where a file is missing."""
    files = tls.given()
    names = {"ca_file": "tls_ca_file", "cert_file": "tls_client_cert", "key_file": "tls_client_key"}
    security = Security(require_encryption=True, **{names[name]: path for name, path in files.items()})
    missing = [name for name, theirs in names.items() if name != "key_file" and not getattr(security, theirs)]
    if missing:
        raise FleetError(
            "a scheduler over tls:// needs certificates",
            f"nothing sets {' and '.join(missing)}: not [cluster], nor VIGIL_CLUSTER_*, nor Dask's configuration",
            "`vigil cluster` tells how to make them",
        )
    return security


def _context(security: Security) -> ssl.SSLContext:
    try:
        context: ssl.SSLContext = security.get_connection_args("client")["ssl_context"]
    except (OSError, ValueError) as error:
        raise FleetError(
            "the cluster's certificates cannot be used", getattr(error, "strerror", None) or type(error).__name__, CERTIFICATES
        ) from None
    return context


async def _knock(address: Address, context: ssl.SSLContext | None) -> None:
    """Connect once by hand: Dask retries until its time is over, and then tells of nothing but the time. Raises `FleetError`."""
    what = f"cannot reach the scheduler at {address}"
    start = "is it running, and is the port open to this machine? (`vigil cluster` tells how to start it)"
    try:
        async with asyncio.timeout(REACH_S):
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
            try:
                # Whoever speaks Dask's protocol speaks first; a certificate of ours that is refused is refused here.
                said = await _first(reader, address, alone=context is None)
            finally:
                writer.transport.abort()
    except ssl.SSLCertVerificationError as error:
        raise FleetError(f"the certificate of {address} is not trusted", error.verify_message, CERTIFICATES) from None
    except ssl.SSLError as error:
        reason = (error.reason or "").lower().replace("_", " ")
        if "wrong version" in reason or "record layer" in reason:
            raise FleetError(
                f"{address} does not speak TLS", reason, "start its scheduler with --protocol tls and its three --tls-* files"
            ) from None
        raise FleetError(f"{address} and we do not agree on TLS", reason or "no reason given", CERTIFICATES) from None
    except socket.gaierror as error:
        raise FleetError(what, error.strerror or "its name is unknown", "is the name right?") from None
    except TimeoutError:
        raise FleetError(what, f"nothing answers within {REACH_S:.0f} s", start) from None
    except OSError as error:
        raise FleetError(what, _reason(error), start) from None
    if not said:
        raise FleetError(
            what,
            "it hung up at once",
            "is it a Dask scheduler? " + (CERTIFICATES if context else "over TLS its address is tls://"),
        )


async def _first(reader: asyncio.StreamReader, address: Address, *, alone: bool) -> bytes:
    """The first byte. Where none comes and we came without TLS (`alone`), whoever is silent may wait for TLS to begin: then say so."""
    if alone:
        reading = asyncio.ensure_future(reader.read(1))
        await asyncio.wait([reading], timeout=PATIENT_S)
        if reading.done() or not await _takes_tls(address):
            return await reading
        reading.cancel()
        raise FleetError(f"{address} speaks TLS", "nothing is said in plain", f"use tls://{str(address).partition('://')[2]}")
    return await reader.read(1)


async def _takes_tls(address: Address) -> bool:
    """Whether a TLS handshake is answered, whoever it may be; nothing is sent through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(PATIENT_S):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


def _reason(error: OSError) -> str:
    """The system's words; asyncio's own repeat the address."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


def _hush() -> None:
    """What Dask would write to standard error is told in our own words."""
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
