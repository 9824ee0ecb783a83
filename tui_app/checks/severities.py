"""How grave each failure mode of the platform is, decided once (wire contract 8): critical and major fail a check, minor and info do not.

A judge that recognises a mode takes its severity from here: `grade("FM-41")`. A mode that a client never sees as such, or that is a
matter of policy rather than of working, is minor or info: it is told, and changes no verdict.
"""

from __future__ import annotations

from typing import Final

from tui_app.checks.judgement import Severity

SEVERITIES: Final[dict[str, tuple[Severity, str]]] = {
    "FM-01": ("critical", "the socket is accepted and closed normally before anything was said"),
    "FM-02": ("critical", "the socket is closed with 1011 right after it was accepted"),
    "FM-03": ("critical", "the first request closes the socket with 1011"),
    "FM-04": ("critical", "a token that auth calls valid is closed with 1008"),
    "FM-05": ("critical", "the upgrade is answered 403 for a good token"),
    "FM-06": ("critical", "the upgrade is answered 500"),
    "FM-07": ("critical", "the backend answers 503 while auth is well"),
    "FM-08": ("critical", "sockets are lost in mid-conversation again and again"),
    "FM-09": ("critical", "connecting takes many times its limit"),
    "FM-10": ("critical", "a run sends none of the five events"),
    "FM-11": ("critical", "a run sends only some of the five events"),
    "FM-12": ("critical", "the five events are canned: no agent worked"),
    "FM-13": ("critical", "a stand-in agent answers in place of the real one"),
    "FM-14": ("critical", "a request is swallowed: nothing ever follows"),
    "FM-15": ("critical", "a request is acknowledged and nothing follows"),
    "FM-16": ("critical", "an agent dies in mid-run while the socket lives on"),
    "FM-17": ("critical", "the socket connects and carries no agent frame"),
    "FM-18": ("major", "a message with an ISO time stamp is not served, one with a number is"),
    "FM-19": ("minor", "time stamps are unreadable, mixed or constant"),
    "FM-20": ("critical", "events come out of order or unpaired"),
    "FM-21": ("critical", "events come twice or after the end"),
    "FM-22": ("major", "an old run's events are replayed as if they were new"),
    "FM-23": ("critical", "a run ends, and its events reach nobody"),
    "FM-24": ("critical", "events carry a thread or run that nobody asked for"),
    "FM-25": ("critical", "a follow-up knows nothing of what was said before"),
    "FM-26": ("critical", "another user's event or text arrives"),
    "FM-27": ("critical", "another user's messages can be read over REST"),
    "FM-28": ("critical", "anybody is given a token for anybody"),
    "FM-29": ("critical", "a route with users' data answers without a token"),
    "FM-30": ("critical", "a bad token or none is welcomed"),
    "FM-31": ("critical", "a test header makes a forged token good"),
    "FM-32": ("critical", "two accounts are one identity"),
    "FM-33": ("critical", "a user is given the identity of the user before"),
    "FM-34": ("critical", "auth and backend disagree about a token"),
    "FM-35": ("major", "sign-in or chat fails again and again in a rhythm"),
    "FM-36": ("major", "a token in the Authorization header gets lost"),
    "FM-37": ("major", "the subprotocol chosen was not offered, or holds the token"),
    "FM-38": ("critical", "a good token is refused after bad ones of others"),
    "FM-39": ("critical", "a token that was signed out still opens a session"),
    "FM-40": ("critical", "the cache is down"),
    "FM-41": ("major", "health endpoints contradict each other, or a body says unhealthy under a 200"),
    "FM-42": ("major", "readiness takes longer than a caller waits"),
    "FM-43": ("minor", "the service was still starting and came up in time"),
    "FM-44": ("critical", "a stock sentence of degraded service stands for an answer"),
    "FM-45": ("critical", "a mock answers for the agent over REST"),
    "FM-46": ("major", "a stream answers 200 and ends in an error"),
    "FM-47": ("critical", "what was written is gone on the next read"),
    "FM-48": ("major", "a documented route answers 404 or 405"),
    "FM-49": ("minor", "a denial is answered 500: denied, but not correctly"),
    "FM-50": ("major", "a message of ordinary size gets no answer"),
    "FM-51": ("critical", "the socket is closed with 1011 in mid-run"),
    "FM-52": ("critical", "after some reconnects a user is let in no more"),
    "FM-53": ("major", "an idle socket is cut before its time"),
    "FM-54": ("major", "application pings get no pong"),
    "FM-55": ("major", "bad JSON closes the socket"),
    "FM-56": ("critical", "a valid account's id is called invalid"),
    "FM-57": ("info", "the key for test sign-in is refused: a precondition is missing"),
    "FM-58": ("major", "a request that fails gets silence instead of an error"),
    "FM-59": ("critical", "sign-in answers with a server error"),
    "FM-60": ("critical", "a stream stalls and never ends"),
    "FM-61": ("major", "latency grows with the number of users"),
    "FM-62": ("critical", "instances answer the same question differently"),
    "FM-63": ("critical", "a valid token is given a made-up identity"),
    "FM-64": ("minor", "HTTP status and the status in the body differ"),
    "FM-65": ("major", "an error names the exception behind it and closes the socket"),
    "FM-66": ("major", "an open socket outlives the sign-out of its token"),
    "FM-67": ("major", "durations that a run claims are longer than it took"),
    "FM-68": ("major", "an odd frame closes the socket as if all were well"),
    "FM-69": ("critical", "an answer called success holds an error"),
}


def grade(mode: str) -> Severity:
    """The severity of a failure mode of wire contract 8. Raises KeyError for one that is not there."""
    return SEVERITIES[mode][0]
