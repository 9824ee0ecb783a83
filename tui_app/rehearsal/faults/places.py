"""The named places at which a fault may take hold, with the value that passes there and the facts beside it.

A service that gets a new place adds its line here; `Seeded.apply` with a name that is not listed is a defect, and a test finds it.
"""

from __future__ import annotations

from typing import Final

PLACES: Final[dict[str, str]] = {
    "token.claims": "dict, the claims of a token about to be signed. Facts: kind (access, refresh), user_id.",
    "token.flaws": "frozenset[str], what is wrong with a token (`tokens.FLAWS`). Facts: claims (unverified), kind, door.",
    "caller.refused": "str, who a refused caller is taken for, nobody. Facts: door, code, token ('' for none), headers, path.",
    "refusal.delay": "float, seconds before a caller is told of being refused. Facts: door.",
    "door.locked": "bool, whether a door is closed to everybody after refusals in a row. Facts: door (auth, backend, websocket).",
    "upgrade.tokens": "dict[str, str], the tokens of an upgrade by carrier (header, subprotocol, query), the one that counts first.",
    "upgrade.status": "int, the HTTP status of the answer to an upgrade, 101. Facts: token.",
    "upgrade.subprotocol": "str | None, the subprotocol chosen. Facts: offered.",
    "origin.allowed": "bool, whether pages of an origin may call. Facts: origin (None for no page), door (websocket, rest).",
    "socket.refusal": "(code, message) | None, why a verified caller's socket is closed with 1008 all the same. Facts: claims.",
    "socket.identity": "str, the user id that a socket acts under. Facts: claims.",
    "frame.sent": "dict, a frame about to be sent on a socket, a refusal too. Facts: token, user_id ('' for a refused one).",
    "session.closes": "bool, whether a session's open sockets are closed. Facts: cause (logout, expiry, refresh), user_id.",
    "refresh.used": "bool, whether a refresh token was used before. Facts: claims.",
    "sign-in.answer": "dict, the body of a successful sign-in or refresh. Facts: claims.",
    "event.route": "list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets).",
}
