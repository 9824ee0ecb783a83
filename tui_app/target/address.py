"""Addresses: whether one is this machine, what a host name says about its environment, and where its siblings may be."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

Environment = Literal["rehearsal", "docker", "staging", "production"]

WORDS: Final[dict[str, Environment]] = {
    "production": "production",
    "prod": "production",
    "prd": "production",
    "live": "production",
    "staging": "staging",
    "stage": "staging",
    "stg": "staging",
    "docker": "docker",
    "development": "docker",
    "dev": "docker",
    "local": "docker",
    "test": "docker",
    "testing": "docker",
    "rehearsal": "rehearsal",
}
"""What a platform calls its environment -> what a target file calls it. A development deployment is what runs in Docker."""

BLANK: Final = re.compile(r"<[a-z][a-z0-9 _-]*>")
"""A placeholder in an address that somebody has still to fill in, as `<hash>`."""

DEFAULT_PORTS: Final = {"auth": 8081, "frontend": 3000}
"""Where the platform's own Docker set-up is usually found on loopback; a guess, always to be probed."""


def split(url: str) -> SplitResult | None:
    """The parts of an absolute URL, or None where it is none (no scheme, no host, a port that is no number)."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme and parts.hostname else None


def host(url: str) -> str:
    """Host name of a URL in lower case, '' where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(url: str) -> bool:
    """Whether a URL, host name or IP literal is this machine: `localhost`, 127.0.0.0/8 or ::1 (RFC 1122, RFC 4291, RFC 6761).

    Only literals and `localhost` itself count. A name is never looked up: what it resolves to may change between this
    answer and the connection, and a name that somebody chose must not decide whether consent is asked for.
    """
    name = host(url) if "//" in url else url.strip("[]").lower().rstrip(".")
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def environment_of_word(word: str | None) -> Environment | None:
    """The environment that a marker or a token's claim names, or None where the word says nothing."""
    return WORDS.get(word.strip().lower()) if word else None


def environment_of_host(name: str) -> Environment | None:
    """The environment that a host name names in one of its parts (split at dots and dashes); production wins over others.

    Most production hosts carry no such word, so None is no proof of anything.
    """
    if is_loopback(name):
        return None
    named = {WORDS[part] for part in re.split(r"[.\-_]", name.lower()) if part in WORDS}
    for environment in ("production", "staging", "docker", "rehearsal"):
        if environment in named:
            return environment
    return None


def websocket_of(backend: str) -> str:
    """The WebSocket URL that belongs to a backend: same host, `/ws` (wire contract 4.1)."""
    scheme, _, rest = backend.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest.rstrip('/')}/ws"


def siblings(backend: str) -> dict[str, tuple[str, ...]]:
    """Guesses, best first, where the auth service and the frontend of a backend may be. Each has to be probed before use."""
    parts = split(backend)
    if parts is None:
        return {"auth": (), "frontend": ()}
    name = parts.hostname or ""
    if is_loopback(backend):
        shown = f"[{name}]" if ":" in name else name
        return {service: (f"{parts.scheme}://{shown}:{port}",) for service, port in DEFAULT_PORTS.items()}
    port = f":{parts.port}" if parts.port else ""
    return {
        "auth": tuple(f"{parts.scheme}://{guess}{port}" for guess in _rename(name, ("auth", "auth-service"), "auth")),
        "frontend": tuple(f"{parts.scheme}://{guess}{port}" for guess in _rename(name, ("frontend", "app"), "app")),
    }


def _rename(name: str, instead_of_backend: tuple[str, ...], first_label: str) -> list[str]:
    labels = name.split(".")
    guesses: list[str] = []
    if "backend" in labels[0]:
        guesses += [".".join([labels[0].replace("backend", word), *labels[1:]]) for word in instead_of_backend]
        tail = labels[0].partition("backend")[2]
        guesses.append(".".join([instead_of_backend[0] + tail, *labels[1:]]))
    elif labels[0] in {"api", "backend"}:
        guesses.append(".".join([first_label, *labels[1:]]))
    elif re.search(r"\bapi\b", labels[0]):
        guesses.append(".".join([re.sub(r"\bapi\b", first_label, labels[0]), *labels[1:]]))
    elif not re.fullmatch(r"[\d.]+|.*:.*", name) and len(labels) > 2:
        guesses.append(".".join([first_label, *labels]))
    return list(dict.fromkeys(guess for guess in guesses if guess != name))
