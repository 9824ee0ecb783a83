"""The fifty cases of the strategy's priority suites: which checks answer each, or why a client cannot."""

from __future__ import annotations

from typing import Final

import msgspec


class CaseOfPriority(msgspec.Struct, frozen=True):
    """One case. `reason` says why no check answers it."""

    number: str
    title: str
    checks: tuple[str, ...] = ()
    reason: str = ""

    @property
    def preset(self) -> str:
        """The preset that its checks belong to: 001-025, 026-035, 041-055."""
        return "priority1" if self.number <= "025" else "priority2" if self.number <= "035" else "priority3"


def _case(number: int, title: str, *checks: str, reason: str = "") -> CaseOfPriority:
    return CaseOfPriority(f"{number:03}", title, checks, reason)


INSIDE: Final = "happens inside the platform: no frame or answer tells of it"

CASES: Final[tuple[CaseOfPriority, ...]] = (
    _case(1, "The WebSocket connects", "ws-connect"),
    _case(2, "The WebSocket knows who connects", "ws-connect", "sign-in", "sign-in-triangle", "token-ways"),
    _case(3, "A message is sent and served", "agent-answers", "request-forms", "message-flow"),
    _case(4, "Five connections at once", "ws-connect", "isolation-frames"),
    _case(5, "Services can be discovered", "critical-endpoints", "contract"),
    _case(6, "Configuration can be read", "critical-endpoints"),
    _case(7, "Agents execute", "agent-answers", "rest-agent"),
    _case(8, "Answers stream", "chat-stream", "stream-adds-up"),
    _case(9, "An agent's status is told", "five-events"),
    _case(10, "Agents use tools", "five-events", "tool-results"),
    _case(11, "Answers come in time", "ping-latency", "response-time", "connect-latency"),
    _case(12, "Messages are kept", "message-persisted", "message-flow", "tiers-persist", "health-tiers"),
    _case(13, "A thread is created", "golden-path", "thread-life"),
    _case(14, "Threads can be switched", "history-agrees", "memory"),
    _case(15, "A thread's history is served", "history-agrees", "message-flow", "message-persisted"),
    _case(
        16, "One user's context is not another's",
        "isolation-rest", "isolation-frames", "isolation-active", "isolation-lists", "context-bleed", "one-context",
    ),
    _case(17, "Users work side by side", "isolation-frames", "tool-isolation"),
    _case(18, "Requests are limited in rate", "rate-limit"),
    _case(19, "Mistakes are answered with errors", "socket-survives", "error-told", "error-shape"),
    _case(20, "Connections recover", "recovery-cut", "reconnects", "conversation", "state-after-reconnect"),
    _case(21, "Sessions hold, and end", "sign-in-triangle", "tiers-persist", "sessions-independent"),
    _case(22, "Agents live through a whole life cycle", "five-events", "event-metadata"),
    _case(23, "Events stream while an agent works", "five-events", "real-time"),
    _case(24, "Messages keep their order", "five-events", "missed-events"),
    _case(25, "The five critical events arrive", "five-events", "not-canned"),
    _case(26, "Tokens are verified", "token-matrix", "token-claims", "sign-in-triangle", "good-after-bad"),
    _case(27, "OAuth signs in", "oauth-start"),
    _case(28, "Tokens are refreshed", "token-refresh", "token-lifetime"),
    _case(29, "Tokens expire", "token-matrix", "socket-follows-session"),
    _case(30, "Signing out ends the session", "session-end", "tiers-persist"),
    _case(31, "Sessions are safe", "token-matrix", "sign-in-triangle", "identity"),
    _case(32, "HTTPS with a valid certificate", "tls", "production-parity"),
    _case(33, "Foreign origins are refused", "cors", "origin"),
    _case(34, "Requests are limited in rate", "rate-limit"),
    _case(35, "The WebSocket refuses strangers", "token-matrix", "anonymous-doors", "ws-connect"),
    _case(41, "Several agents work on one request", "orchestration"),
    _case(42, "One agent hands over to another", "orchestration"),
    _case(43, "Agents work side by side", "isolation-frames", "tool-isolation"),
    _case(44, "Agents work one after the other", "orchestration", "five-events"),
    _case(45, "Steps wait for what they depend on", "five-events"),
    _case(46, "Agents talk to each other", reason=INSIDE),
    _case(47, "Workflows branch", reason=INSIDE),
    _case(48, "Workflows loop", reason=INSIDE),
    _case(49, "A workflow that takes too long is ended", "response-time", "event-gaps"),
    _case(50, "Failed steps are tried again", reason=INSIDE),
    _case(51, "A stand-in that takes over is seen", "not-canned"),
    _case(52, "Resources are shared out", "fairness"),
    _case(53, "Work is scheduled", reason=INSIDE),
    _case(54, "Load is spread over instances", "instances"),
    _case(55, "The service is healthy", "health-services", "health-agrees", "readiness"),
)  # fmt: skip
"""001-025, 026-035 and 041-055, as the strategy's priority files number them."""


def presets_of(check: str) -> tuple[str, ...]:
    """The priority presets that a check belongs to: those of the cases that it answers."""
    return tuple(dict.fromkeys(case.preset for case in CASES if check in case.checks))
