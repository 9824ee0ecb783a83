"""The named places at which a fault may take hold, with the value that passes there and the facts beside it.

A service that gets a new place adds its line here; `Seeded.apply` with a name that is not listed is a defect, and a test finds it.
"""

from __future__ import annotations

from typing import Final

PLACES: Final[dict[str, str]] = {
    "tls.certificate": "certificates.Wanted, the leaf certificate that a service is about to get. Facts: service.",
    "token.expired": "bool, whether an expired token is to be refused. Facts: claims.",
    "rest.answer": "Reply, a JSON answer. Facts: service, method, path (the template), params, user_id ('' without a token).",
    "rest.delay": "float, seconds before a REST service looks at a request. Facts: service, method, path.",
    "event.route": "list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets).",
    "connect.status": "int, the HTTP status with which an upgrade is answered, 101 for a socket.",
    "connect.close": "Ending or None, how a connect is ended instead of going on. Facts: user_id, stage (accepted, welcomed), "
    "ordinal (the user's how-manieth connect), lost_ago (seconds since a socket of the user was cut off, or None).",
    "connect.wait": "float, seconds before the welcome. Facts: user_id, first (the first welcome of the process).",
    "socket.opened": "list[Frame], what a socket is sent right after its welcome. Facts: user_id, receiver.",
    "socket.cut": "Cut or None, the age or idle time at which a socket is ended. Facts: user_id.",
    "message.close": "Ending or None, how a message ends its socket. Facts: user_id, type, number (of the socket's messages).",
    "message.taken": "bool, whether a message is taken up at all. Facts: user_id, type, number, quiet (seconds since the one before).",
    "message.wait": "float, seconds before a message is taken up. Facts: user_id, type, users (how many are connected), now (s).",
    "message.answer": "Frame or None, what a ping or an unknown message is answered with. Facts: user_id, type.",
    "send.turn": "asyncio.Lock, under which a frame is written. Facts: user_id.",
    "frame.out": "Frame, any frame on its way out. Facts: user_id.",
    "event.wait": "float, seconds before an event of a run is sent. Facts: run, type.",
    "run.survives": "bool, whether a run goes on whose socket is gone. Facts: run.",
    "thread.known": "dict or None, the thread that a request names. Facts: user_id, opened (epoch seconds at which its socket opened).",
}
