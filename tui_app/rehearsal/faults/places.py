"""The named places at which a fault may take hold, with the value that passes there and the facts beside it.

A service that gets a new place adds its line here; `Seeded.apply` with a name that is not listed is a defect, and a test finds it.
"""

from __future__ import annotations

from typing import Final

PLACES: Final[dict[str, str]] = {
    # `busy`: how many runs are under way at this moment, as --crowd-scale has it.
    "tls.certificate": "certificates.Wanted, the leaf certificate that a service is about to get. Facts: service.",
    "tls.plain": "bool, whether a service that serves TLS answers in the clear on the same port. Facts: service.",
    "rest.answer": "Reply, a JSON answer. Facts: service, method, path (the template), params, user_id ('' without a token), busy.",
    "stream.events": "list[dict | None], what a streamed answer will send; None is silence from there on. Facts: user_id.",
    "message.stored": "dict | None, a message about to be stored, in its public shape. Facts: user_id, run_id.",
    "thread.change": "dict, what is about to change in a thread: title, metadata, archived; None leaves as it is.",
    "tier.probe": "Probe, what a probe of a store saw. Facts: tier.",
    "tier.keeps": "bool, whether a store keeps what it is told. Facts: tier, what (session, revocation, revocation key, run).",
    "tier.serves": "bool, whether a store serves; its probe asks the store itself. Facts: tier.",
    "session.kept": "dict, a session about to be stored: user_id, refresh_jti. Facts: user_id.",
    "history.shown": "list[dict], the messages of a thread that were found and will be shown. Facts: thread_id.",
    "rest.delay": "float, seconds before a REST service looks at a request. Facts: service, method, path.",
    "connect.close": "Ending or None, how a connect is ended instead of going on. Facts: user_id, stage (accepted, welcomed), "
    "ordinal (the user's how-manieth connect), lost_ago (seconds since a socket of the user was cut off, or None).",
    "connect.wait": "float, seconds before the welcome. Facts: user_id, first (the first welcome of the process).",
    "handshake.offer": "Offer, the ids that a handshake sets aside for a connection's first request (g3). Facts: user_id.",
    "handshake.completed": "bool, whether an acknowledged handshake is completed (g3). Facts: user_id.",
    "ping.answered": "bool, whether an RFC 6455 ping gets its pong.",
    "frame.violation": "int, the code with which a frame that breaks RFC 6455 ends its connection; 0: it does not.",
    "socket.opened": "list[Frame], what a socket is sent right after its welcome. Facts: user_id, receiver.",
    "socket.cut": "Cut or None, the age or idle time at which a socket is ended. Facts: user_id.",
    "message.close": "Ending or None, how a message ends its socket. Facts: user_id, type, number (of the socket's messages).",
    "message.taken": "bool, whether a message is taken up at all. Facts: user_id, type, number, quiet (seconds since the one before), "
    "busy.",
    "message.wait": "float, seconds before a message is taken up. Facts: user_id, type, users (how many are connected), now (s), "
    "busy, scale (of the times that faults wait or let pass).",
    "message.answer": "Frame or None, what a ping or an unknown message is answered with. Facts: user_id, type.",
    "answer.wait": "float, seconds before such an answer goes out, while later messages pass it. Facts: user_id, type.",
    "send.turn": "asyncio.Lock, under which a frame is written. Facts: user_id.",
    "event.wait": "float, seconds before an event of a run is sent. Facts: run, type, busy.",
    "run.survives": "bool, whether a run goes on whose socket is gone. Facts: run.",
    "thread.known": "dict or None, the thread that a request names. Facts: user_id, opened (epoch seconds at which its socket opened).",
    "message.reaction": "Taken, what becomes of a client's message. Facts: message, user_id.",
    "message.refused": "Taken, what becomes of something that cannot be served. Facts: code, user_id.",
    "run.id": "str, the id under which a request is carried out and told. Facts: user_id.",
    "run.script": "tuple[Recited, ...], recited in place of an agent's work, none by default. Facts: run, busy.",
    "run.stop": "str, what a stop by the run's owner does: 'cancel', 'tell' (confirm it only) or '' (nothing). Facts: run.",
    "answer.text": "str, the answer, before it is told and kept. Facts: run.",
    "event.close": "tuple[int, str] | None, code and reason to close the asking socket with after an event. Facts: run, frame.",
    "event.route": (
        "list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets, newest last), "
        "siblings (the user's own other open sockets), seed (of the rehearsal)."
    ),
    "notice.route": "list[Delivery], who gets a notice about a thread that its owner changed over REST. Facts: user_id, others.",
    "logout.closes": "list[Receiver], whose sockets are closed by a sign-out. Facts: user_id, everybody (all open sockets).",
    "access.denied": "bool, whether a user is kept from what another owns. Facts: user_id, owner, thing (thread, run), id, action.",
    "denial.text": "str, what whoever was kept out is told. Facts: user_id, owner.",
    "list.owner": "str or None, whose things a list holds (None: everybody's). Facts: user_id, what (threads, chat).",
    "thread.kept": "bool, whether a message goes into the thread that it names. Facts: user_id.",
    "agent.memory": "list[str], what the agent knows to have been said in the thread before. Facts: run.",
    "tool.parameters": "dict, with what a tool is said to be called. Facts: run.",
    "run.wait": "float, seconds after which a run asks again whether it may begin; 0: now. Facts: run, busy (runs of others in flight).",
    "token.claims": "dict, the claims of a token about to be signed. Facts: kind (access, refresh), user_id.",
    "token.flaws": "frozenset[str], what is wrong with a token (`tokens.FLAWS`). Facts: claims (unverified), kind, door.",
    "caller.refused": "str, who a refused caller is taken for, nobody. Facts: door, code, token ('' for none), headers, path.",
    "refusal.delay": "float, seconds before a caller is told of being refused. Facts: door.",
    "door.locked": "bool, whether a door is closed to everybody after refusals in a row. Facts: door (auth, backend, websocket).",
    "upgrade.tokens": "dict[str, str], the tokens of an upgrade by carrier (header, subprotocol, query), the one that counts first.",
    "upgrade.subprotocol": "str | None, the subprotocol chosen. Facts: offered.",
    "origin.allowed": "bool, whether pages of an origin may call. Facts: origin (None for no page), door (websocket, rest).",
    "socket.refusal": "(code, message) | None, why a verified caller's socket is closed with 1008 all the same. Facts: claims.",
    "socket.identity": "str, the user id that a socket acts under. Facts: claims.",
    "session.closes": "bool, whether a session's open sockets are closed. Facts: cause (logout, expiry, refresh), user_id.",
    "oauth.start": "(status, location), the answer to the start of a sign-in over another provider.",
    "mint.allowed": "bool, whether a token for any user is given without a credential.",
    "refresh.used": "bool, whether a refresh token was used before. Facts: claims.",
    "connect.status": "int, the HTTP status with which an upgrade is answered, 101 for a socket. Facts: token ('' for none).",
    "frame.out": "Frame, any frame on its way out. Facts: user_id ('' where a caller is refused), token.",
}
