"""Faults of sign-in: which tokens are taken, and what becomes of a session. Beside it: who one is taken for, and the ways in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui_app.rehearsal.faults import sign_in_doors, sign_in_identity, sign_in_sites, sign_in_tls
from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Reply


def _overlooks(*flaws: str, only: str = "", kinds: tuple[str, ...] = ("access",)) -> Any:
    """A verification that minds none of these flaws, where the token has the flaw `only`."""

    def listeners() -> dict[str, Listener]:
        def minded(found: frozenset[str], *, kind: str, **_: Any) -> frozenset[str]:
            return found - frozenset(flaws) if kind in kinds and (not only or only in found) else found

        return {"token.flaws": minded}

    return listeners


def _late_refusal() -> dict[str, Listener]:
    return {"refusal.delay": lambda _, **__: 30.0}


def _survives(cause: str) -> Any:
    def listeners() -> dict[str, Listener]:
        def closes(value: bool, *, cause: str, **_: Any) -> bool:
            return False if cause == missed else value

        return {"session.closes": closes}

    missed = cause
    return listeners


def _refresh_kicks() -> dict[str, Listener]:
    def closes(value: bool, *, cause: str, **_: Any) -> bool:
        return True if cause == "refresh" else value

    return {"session.closes": closes}


def _refresh_reused() -> dict[str, Listener]:
    return {"refresh.used": lambda _, **__: False}


def _disagree() -> dict[str, Listener]:
    def flaws(found: frozenset[str], *, door: str, **_: Any) -> frozenset[str]:
        return found | {"signature"} if door == "backend" else found

    return {"token.flaws": flaws}


def _expires_in() -> dict[str, Listener]:
    def answer(reply: Reply, **_: Any) -> Reply:
        if not isinstance(reply.body, dict) or "expires_in" not in reply.body:
            return reply
        return replace(reply, body={**reply.body, "expires_in": reply.body["expires_in"] * 8})

    return {"rest.answer": answer}


def _sign_in_fails() -> dict[str, Listener]:
    def answer(reply: Reply, *, method: str, path: str, **_: Any) -> Reply:
        if method != "POST" or path not in ("/auth/login", "/auth/register"):
            return reply
        return Reply(500, {"error": True, "message": "Internal server error", "details": {"status_code": 500}})

    return {"rest.answer": answer}


def _foreign_environment() -> dict[str, Listener]:
    def claims(payload: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**payload, "env": "docker"}

    return {"token.claims": claims}


def _unnamed_issuer() -> dict[str, Listener]:
    def claims(payload: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {key: value for key, value in payload.items() if key not in ("iss", "aud")}

    def flaws(found: frozenset[str], **_: Any) -> frozenset[str]:
        return found - {"issuer", "audience"}

    return {"token.claims": claims, "token.flaws": flaws}


MATRIX = ("token-matrix",)
FAULTS: tuple[Fault, ...] = (
    Fault(
        id="accept-expired",
        behaviour="A token whose lifetime is over is still accepted, on REST and on the WebSocket, so a stolen one never dies.",
        caught_by=MATRIX,
        listeners=_overlooks("expired"),
        source=("A2", "FM-30"),
    ),
    Fault(
        id="accept-bad-signature",
        behaviour="Nobody looks at a token's signature, so whoever can write a name into one is that user.",
        caught_by=MATRIX,
        listeners=_overlooks("signature", only="signature"),
        source=("A3", "FM-30"),
    ),
    Fault(
        id="accept-unsigned",
        behaviour="A token that says of itself that it is not signed is taken, so anybody can write one for any user.",
        caught_by=MATRIX,
        listeners=_overlooks("signature", "algorithm", only="algorithm"),
        source=("A4", "FM-30"),
    ),
    Fault(
        id="accept-wrong-audience",
        behaviour="A token made for another service is waved through unchecked, so one service's token opens all of them.",
        caught_by=MATRIX,
        listeners=_overlooks("signature", "audience", only="audience"),
        source=("A5", "FM-30"),
    ),
    Fault(
        id="accept-wrong-issuer",
        behaviour="A token of an issuer whose key nobody here holds is taken at its word, so any stranger can issue tokens.",
        caught_by=MATRIX,
        listeners=_overlooks("signature", "issuer", only="issuer"),
        source=("A5", "FM-30"),
    ),
    Fault(
        id="accept-refresh-token",
        behaviour="A refresh token opens what only an access token should, so it opens the account for as long as it is kept: a week.",
        caught_by=MATRIX,
        listeners=_overlooks("type"),
        source=("FM-30",),
    ),
    Fault(
        id="accept-revoked",
        behaviour="After signing out, the same token still opens REST and new sockets, so signing out protects nobody.",
        caught_by=("token-matrix", "session-end", "signed-out-everywhere"),
        listeners=_overlooks("revoked"),
        source=("A6", "FM-39"),
    ),
    Fault(
        id="late-refusal",
        behaviour="Whoever brings a bad token hears nothing for half a minute, so users whose session has ended stare at a dead page.",
        caught_by=MATRIX,
        listeners=_late_refusal,
        source=("A14",),
        proof=Proof(limits={"first_event_s": 1.0}, alone=True),
    ),
    Fault(
        id="socket-survives-logout",
        behaviour="A socket that was open at sign-out goes on working, so on a shared computer the next person reads along.",
        caught_by=("socket-follows-session",),
        listeners=_survives("logout"),
        source=("A7", "FM-66"),
        proof=Proof(limits={"first_event_s": 2.0}),
    ),
    Fault(
        id="socket-survives-expiry",
        behaviour="A socket goes on working after its session's last token has expired, so one opened with a stolen token lasts for good.",
        caught_by=("socket-follows-session",),
        listeners=_survives("expiry"),
        source=("A8",),
        proof=Proof(limits={"first_event_s": 2.0}),
    ),
    Fault(
        id="refresh-kicks-socket",
        behaviour="Renewing a token closes the open socket, so users are thrown out of their conversation every few minutes.",
        caught_by=("token-refresh",),
        listeners=_refresh_kicks,
        source=("A9",),
    ),
    Fault(
        id="refresh-token-reused",
        behaviour="A refresh token that was used already gives new tokens again, so a copied one can't be told from its owner's.",
        caught_by=("token-refresh",),
        listeners=_refresh_reused,
        source=("A9", "FM-30"),
    ),
    Fault(
        id="auth-backend-disagree",
        behaviour="The auth service calls a token valid and the backend refuses it, so users sign in and then can load nothing.",
        caught_by=("sign-in-triangle",),
        listeners=_disagree,
        source=("FM-34",),
    ),
    Fault(
        id="wrong-expires-in",
        behaviour="A sign-in promises a lifetime that the token does not have, so applications renew too late and users lose their work.",
        caught_by=("token-lifetime",),
        listeners=_expires_in,
        source=("FM-34",),
    ),
    Fault(
        id="token-of-another-environment",
        behaviour="Tokens name another environment than the one that issued them, so test tokens may open the real platform.",
        caught_by=("token-claims",),
        listeners=_foreign_environment,
        source=("A5",),
    ),
    Fault(
        id="token-names-nobody",
        behaviour="Tokens say neither who issued them nor for whom, so any service that shares the key takes any of them.",
        caught_by=("token-claims",),
        listeners=_unnamed_issuer,
        source=("A5",),
    ),
    Fault(
        id="sign-in-fails",
        behaviour="Signing in and registering are answered with a server error, so nobody gets in at all.",
        caught_by=("sign-in",),
        listeners=_sign_in_fails,
        source=("FM-59",),
    ),
    *sign_in_identity.FAULTS,
    *sign_in_sites.FAULTS,
    *sign_in_tls.FAULTS,
    *sign_in_doors.FAULTS,
)
