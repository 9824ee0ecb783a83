"""The addresses of this machine that sockets are dialled from: a platform limits connects per client address (wire contract 4.4)."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from tui_app.target.problems import ProfileError
from tui_app.target.profile import Profile

PER_ADDRESS: Final = 5
"""Sockets at once that the platform's own limit leaves to one address."""
FEW: Final = 5
"""Up to so many users one address serves."""


def sources_of(profile: Profile, users: int, url: str) -> tuple[str, ...]:
    """Source addresses for so many users: those that the operator lists, on loopback as many as the platform's limit makes it take.

    ('',) leaves it to the system. Raises ProfileError for a listed address that is not this machine's.
    """
    listed = profile.network.source_addresses or []
    if listed:
        wrong = [address for address in listed if not _bindable(address)]
        if wrong:
            text = f"[network] source_addresses: {', '.join(wrong)} cannot be bound on this machine. List addresses of its own interfaces."
            raise ProfileError(profile.source or profile.name, [text])
        return tuple(listed)
    if users <= FEW or not _loopback4(url):
        return ("",)
    wanted = -(-users // PER_ADDRESS) + 2  # some to spare, for sockets that checks open beside those of the users
    return tuple(address for number in range(1, min(wanted, 250) + 1) if _bindable(address := f"127.0.0.{number}")) or ("",)


def _loopback4(url: str) -> bool:
    try:
        address = ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return address.version == 4 and address.is_loopback


def _bindable(address: str) -> bool:
    """Whether it is an address of this machine: some systems have no other loopback address than the first."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.bind((address, 0))
    except OSError:
        return False
    return True
