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
    "connect.status": "int, the HTTP status with which an upgrade is answered, 101 for a socket.",
    "connect.close": "Ending or None, how a connect is ended instead of going on. Facts: user_id, stage (accepted, welcomed), "
    "ordinal (the user's how-manieth connect), lost_ago (seconds since a socket of the user was cut off, or None).",
    "connect.wait": "float, seconds before the welcome. Facts: user_id, first (the first welcome of the process).",
    "socket.opened": "list[Frame], what a socket is sent right after its welcome. Facts: user_id, receiver.",
    "socket.cut": "Cut or None, the age or idle time at which a socket is ended. Facts: user_id.",
    "message.close": "Ending or None, how a message ends its socket. Facts: user_id, type, number (of the socket's messages).",
    "message.heeded": "bool, whether a message is taken up at all. Facts: user_id, type, number, quiet (seconds since the one before).",
    "message.wait": "float, seconds before a message is taken up. Facts: user_id, type, users (how many are connected).",
    "message.answer": "Frame or None, what a ping or an unknown message is answered with. Facts: user_id, type.",
    "send.turn": "asyncio.Lock, under which a frame is written. Facts: user_id.",
    "frame.out": "Frame, any frame on its way out. Facts: user_id.",
    "event.wait": "float, seconds before an event of a run is sent. Facts: run, type.",
    "run.survives": "bool, whether a run goes on whose socket is gone. Facts: run.",
    "thread.known": "dict or None, the thread that a request names. Facts: user_id, opened (epoch seconds at which its socket opened).",
    "event.route": (
        "list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets, newest last), "
        "siblings (the user's own other open sockets)."
    ),
    "access.denied": "bool, whether a user is kept from what another owns. Facts: user_id, owner, thing (thread, run), id, action.",
    "denial.text": "str, what whoever was kept out is told. Facts: user_id, owner.",
    "list.owner": "str or None, whose things a list holds (None: everybody's). Facts: user_id, what (threads).",
    "thread.kept": "bool, whether a message goes into the thread that it names. Facts: user_id.",
    "agent.memory": "list[str], what the agent knows to have been said in the thread before. Facts: run.",
    "tool.parameters": "dict, with what a tool is said to be called. Facts: run.",
    "run.wait": "float, seconds after which a run asks again whether it may begin; 0: now. Facts: run, busy (runs of others in flight).",
    "message.taken": "Taken, what becomes of a client's message. Facts: message, user_id.",
    "message.refused": "Taken, what becomes of something that cannot be served. Facts: code, user_id.",
    "run.script": "tuple[Line, ...], recited in place of an agent's work, none by default. Facts: run.",
    "run.stop": "str, what a stop by the run's owner does: 'cancel', 'tell' (confirm it only) or '' (nothing). Facts: run.",
    "answer.text": "str, the answer, before it is told and kept. Facts: run.",
    "event.close": "tuple[int, str] | None, code and reason to close the asking socket with after an event. Facts: run, frame.",
}
