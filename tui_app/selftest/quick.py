"""The quick self-test: every check fails at least once. Faults that leave each other's checks alone share a session."""

from __future__ import annotations

from typing import Final

BATCHES: Final[tuple[tuple[str, ...], ...]] = (
    ("same-answer-again", "clock-skew-90s", "sign-in-rhythm", "message-limiter-never-lifts", "replay-unflagged"),
    ("manager-limit", "backend-503", "cache-down"),
    ("error-names-owner", "read-others-messages", "list-others-threads", "follow-others-thread", "forgets-thread"),
    ("tool-parameters-mixed", "stranger-event", "second-socket-partly", "replay-others", "lost-piece", "messages-volatile"),
    ("bypass-active", "bad-json-closes", "exception-named", "stopped-goes-on", "times-made-up", "broken-frame"),
    ("subprotocol-not-offered", "oauth-unavailable", "any-site-reads"),
    ("thread-forgotten", "history-differs", "stream-ends-in-error", "two-contexts", "memory-bleeds"),
    ("list-of-threads-500", "rest-mock", "instances-diverge", "mistake-500-with-trace", "hand-over-unfinished"),
    ("events-reach-nobody", "iso-time-swallowed"),
    ("long-message-dropped", "anonymous-rest", "wrong-expires-in"),
    ("tool-result-empty", "refresh-token-reused", "ready-with-failed-services", "constraint-ignored"),
    ("stock-sentence", "test-header-opens", "tier-down-behind-200"),
    ("empty-answer", "unknown-type-swallowed"),
    ("accept-revoked", "socket-survives-logout", "close-1011-on-request"),
    ("made-up-identity", "any-origin"),
    ("token-of-another-environment",),
    ("close-1011-on-connect",),
    ("sign-in-fails",),
    ("logout-closes-others",),
    ("run-too-long", "cold-connect-slow", "long-stalls"),
    ("latency-120ms",),
    ("latency-with-users",),
    ("slow-reader-blocks", "last-in-line"),
    ("good-refused-after-bad",),
    ("told-at-the-end",),
    ("connect-slow",),
    ("cut-when-idle",),
    ("first-event-late",),
    ("no-reconnect-for-6s",),
)  # fmt: skip
