"""Faults of what needs no token, of other sites' pages, of the way over another sign-in, and of a header meant for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tui_app.rehearsal.faults.registry import Fault, Listener

TRUE_WORDS = frozenset({"true", "1", "test", "e2e", "staging"})


def _mints() -> dict[str, Listener]:
    return {"mint.allowed": lambda _, **__: True}


class _LastUser:
    """Remembers who called last, and takes callers without a token for that user."""

    def __init__(self) -> None:
        self.sub = ""

    def flaws(self, found: frozenset[str], *, claims: Any, **_: Any) -> frozenset[str]:
        self.sub = self.sub if found else claims.sub
        return found

    def taken_for(self, who: str, *, door: str, token: str, **_: Any) -> str:
        return who or (self.sub if door == "backend" and not token else "")


def _anonymous_rest() -> dict[str, Listener]:
    last = _LastUser()
    return {"token.flaws": last.flaws, "caller.refused": last.taken_for}


def _test_header() -> dict[str, Listener]:
    import jwt  # not with the module: naming the faults loads no library of the services

    def taken_for(who: str, *, token: str, headers: Mapping[str, str], **_: Any) -> str:
        if who or not token or not any(_for_tests(name) and value.lower() in TRUE_WORDS for name, value in headers.items()):
            return who
        try:
            return str(jwt.decode(token, options={"verify_signature": False}).get("sub", ""))
        except jwt.PyJWTError:
            return ""

    return {"caller.refused": taken_for}


def _for_tests(name: str) -> bool:
    return "test" in name.lower() or "e2e" in name.lower()


def _any_origin() -> dict[str, Listener]:
    def allowed(value: bool, *, door: str, **_: Any) -> bool:
        return value or door == "websocket"

    return {"origin.allowed": allowed}


class _Own:
    """Learns the platform's own origins as they call, and takes whatever begins like one for it."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def allowed(self, value: bool, *, origin: str | None, door: str, **_: Any) -> bool:
        if origin is None or door != "websocket":
            return value
        if value:
            self.known.add(origin)
        return value or any(origin.startswith(own.rpartition(":")[0]) for own in self.known)


def _look_alike() -> dict[str, Listener]:
    return {"origin.allowed": _Own().allowed}


def _any_site() -> dict[str, Listener]:
    def allowed(value: bool, *, door: str, **_: Any) -> bool:
        return value or door == "rest"

    return {"origin.allowed": allowed}


def _oauth_elsewhere() -> dict[str, Listener]:
    def start(answer: tuple[int, str], **_: Any) -> tuple[int, str]:
        status, location = answer
        parts = urlsplit(location)
        query = {**dict(parse_qsl(parts.query)), "redirect_uri": "https://sign-in.example/auth/callback"}
        return status, urlunsplit(parts._replace(query=urlencode(query)))

    return {"oauth.start": start}


def _oauth_stranger() -> dict[str, Listener]:
    def start(answer: tuple[int, str], **_: Any) -> tuple[int, str]:
        return answer[0], urlunsplit(urlsplit(answer[1])._replace(netloc="accounts.google.com.sign-in.example"))

    return {"oauth.start": start}


def _oauth_down() -> dict[str, Listener]:
    return {"oauth.start": lambda _, **__: (503, "")}


DOORS, OAUTH = ("anonymous-doors",), ("oauth-start",)
FAULTS: tuple[Fault, ...] = (
    Fault(
        id="tokens-for-anybody",
        behaviour="Whoever asks is given a valid token for any user, without a sign-in, so every account stands open.",
        caught_by=DOORS,
        listeners=_mints,
        source=("FM-28",),
    ),
    Fault(
        id="anonymous-rest",
        behaviour="REST answers callers without a token with the data of whoever called last, so anybody reads customers' conversations.",
        caught_by=("anonymous-doors", "token-matrix"),
        listeners=_anonymous_rest,
        source=("FM-29",),
    ),
    Fault(
        id="test-header-opens",
        behaviour="A header meant for tests makes a forged token good, so whoever knows its name is any user they like.",
        caught_by=("test-header",),
        listeners=_test_header,
        source=("FM-31",),
    ),
    Fault(
        id="any-origin",
        behaviour="Pages of any site may open the WebSocket, so a visited page can talk to the platform from a customer's browser.",
        caught_by=("origin",),
        listeners=_any_origin,
        source=("A10",),
    ),
    Fault(
        id="origin-look-alike",
        behaviour="A site whose name only begins like the platform's may open the WebSocket, and anybody can register such a name.",
        caught_by=("origin",),
        listeners=_look_alike,
        source=("A10",),
    ),
    Fault(
        id="any-site-reads",
        behaviour="Pages of any site may read REST answers with a customer's credentials, so a visited page can copy conversations.",
        caught_by=("cors",),
        listeners=_any_site,
        source=("A10",),
    ),
    Fault(
        id="oauth-returns-elsewhere",
        behaviour="Signing in with Google ends at a host that is not the platform's, so whoever owns that host gets the sign-in.",
        caught_by=OAUTH,
        listeners=_oauth_elsewhere,
        source=("FM-59",),
    ),
    Fault(
        id="oauth-starts-elsewhere",
        behaviour="Signing in with Google leads to a host that only looks like Google's, so users type their password for a stranger.",
        caught_by=OAUTH,
        listeners=_oauth_stranger,
        source=("FM-59",),
    ),
    Fault(
        id="oauth-unavailable",
        behaviour="Google sign-in is offered, and starting it is answered 503, so those who use nothing else are locked out.",
        caught_by=OAUTH,
        listeners=_oauth_down,
        source=("FM-59",),
    ),
)
