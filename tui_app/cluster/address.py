"""Where a scheduler is, and with which files it is trusted. TLS, unless it is on this machine or the operator says otherwise."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tui_app.fleet.api import FleetError

PORT: Final = 8786
"""Dask's own default."""
VARIABLES: Final = {"ca_file": "VIGIL_CLUSTER_CA_FILE", "cert_file": "VIGIL_CLUSTER_CERT_FILE", "key_file": "VIGIL_CLUSTER_KEY_FILE"}
SHAPE: Final = "write tls://HOST:8786, or tcp://127.0.0.1:8786 for a scheduler of this machine"


class Tls(msgspec.Struct, frozen=True):
    """PEM files: the cluster's authority, our certificate and its key. Empty: from the environment, else from Dask's configuration."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def given(self) -> dict[str, str]:
        """What is set here or in the environment. Raises `FleetError` for a file that cannot be read."""
        found = {name: getattr(self, name) or os.environ.get(variable, "") for name, variable in VARIABLES.items()}
        for name, path in found.items():
            if path:
                try:
                    with Path(path).open("rb"):
                        pass
                except OSError as error:
                    raise FleetError(
                        f"the cluster's {name} cannot be read",
                        f"{path}: {error.strerror}",
                        f"correct [cluster] {name}, or {VARIABLES[name]}",
                    ) from None
        return {name: path for name, path in found.items() if path}


class Address(msgspec.Struct, frozen=True):
    """A scheduler's address: `tls` or `tcp`, host and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine by its very name or number; no name is looked up."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse(text: str, *, plain: bool = False) -> Address:
    """The address of a scheduler. `plain`: TCP without TLS is wanted beyond loopback. Raises `FleetError`."""
    parts = urlsplit(text.strip())
    try:
        port = parts.port or PORT
    except ValueError:
        raise FleetError(f"{text!r} is not a scheduler's address", "its port is no number from 1 to 65535", SHAPE) from None
    if parts.scheme not in ("tls", "tcp") or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise FleetError(f"{text!r} is not a scheduler's address", "it takes tls:// or tcp://, a host and a port", SHAPE)
    if parts.username or parts.password:
        raise FleetError("the scheduler's address carries a user name or password", "Dask knows none", SHAPE)
    address = Address(parts.scheme, parts.hostname, port)
    if address.scheme == "tcp" and not address.loopback and not plain:
        raise FleetError(
            f"{address} is not encrypted",
            "users' names, findings and commands would cross the network beside whoever listens, and anybody could run code on the workers",
            "use tls://, or --cluster-plain on a network that you alone are on (the recording says so)",
        )
    return address
