"""Certificates for `--tls`: an authority of this process alone, and one leaf per service, all made at start and never kept.

The place `tls.certificate` lets a fault have another leaf than the good one: expired, for another host, or by an authority that
nobody trusts. The authority's certificate (not its key) is written beside the stores, and its path is told to whoever starts us.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from tui_app.rehearsal.faults.registry import Seeded

HOSTS = ("127.0.0.1", "localhost")
LIVES = timedelta(days=2)


@dataclass(frozen=True)
class Wanted:
    """A leaf certificate to be made: for these hosts, from and until these instants (UTC), by our authority or by a foreign one."""

    hosts: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    foreign: bool = False


class Certificates:
    """The authority of one process, and the server context of each of its services.

    path -- where the certificate goes that a client has to trust, PEM
    """

    def __init__(self, path: Path, faults: Seeded) -> None:
        self._authority = trustme.CA()
        self._faults = faults
        path.write_bytes(self._authority.cert_pem.bytes())

    def context(self, service: str) -> ssl.SSLContext:
        """TLS for one service (auth, backend, frontend), TLS 1.2 at least."""
        now = datetime.now(UTC)
        good = Wanted(HOSTS, now - timedelta(hours=1), now + LIVES)
        wanted: Wanted = self._faults.apply("tls.certificate", good, service=service)
        authority = trustme.CA() if wanted.foreign else self._authority
        leaf = authority.issue_cert(*wanted.hosts, not_before=wanted.not_before, not_after=wanted.not_after)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        leaf.configure_cert(context)
        return context
